"""Services to which nothing special happens: objects, logs and series in one go."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.stories import events, traffic, voices
from tools.stories.company import expose, steady, template
from tools.stories.containers import Container, Template
from tools.stories.groundwork import REGISTRY, labels
from tools.stories.nodes import places
from tools.stories.pods import Plan, is_alive
from tools.stories.sets import Occurrence, make_cron_job
from tools.stories.workloads import Revision, Told, make_deployment, old_pod_names, tell_rollout
from tools.stories.world import World

Json = dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """What one pod of a service uses, and how many requests the service answers."""

    mib: float
    cores: float
    per_s: float = 0


def ordinary(
    world: World, namespace: str, box: Container, usage: Usage, *, replicas: int = 2,
    since: str = "5d2h", pods: list[Plan] | None = None, volumes: tuple[Json, ...] = (),
) -> Told:  # fmt: skip
    """A service that has run for days and is well."""
    told = steady(world, namespace, box, replicas=replicas, since=since, pods=pods, volumes=volumes)
    for pod in filter(is_alive, told.newest):
        voices.tell_pod(world, pod, since="20m")
    record(world, told, usage)
    return told


def record(world: World, told: Told, usage: Usage) -> None:
    """Series of a service that is well; of a pod that was evicted, as far as it lived."""
    meta = told.deployment["metadata"]
    for pod in told.newest:
        name = pod["metadata"]["name"]
        load = traffic.usual(world, name, usage.mib, usage.cores)
        if is_alive(pod):
            traffic.record_pod(world, pod, load)
        else:
            ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"]
            box, until = pod["spec"]["containers"][0], datetime.fromisoformat(ended)
            traffic.record_gone(world, meta["namespace"], name, box, load, until)
    traffic.record_replicas(world, told.deployment)
    if usage.per_s:
        traffic.record_answers(world, meta["namespace"], meta["name"], usage.per_s)


def released(
    world: World, namespace: str, old: Container, new: Container, usage: Usage, *, ago: str,
    note: str, revision: int = 23, replicas: int = 2, volumes: tuple[Json, ...] = (),
) -> Told:  # fmt: skip
    """A rolling update that went well: one readiness blip a pod, then all is green."""
    at = world.ago(ago)
    plans = [
        Plan(node, at + timedelta(seconds=25 * i), image_mib=38)
        for i, node in enumerate(places(world, replicas, new.name))
    ]
    revisions = [
        Revision(revision - 1, template(namespace, old, volumes=volumes), world.ago("13d")),
        Revision(revision, template(namespace, new, volumes=volumes), at, plans, note),
    ]
    told = make_deployment(
        world, namespace, new.name, revisions, created=world.ago("190d"), replicas=replicas
    )
    expose(world, namespace, new.name)
    tell_rollout(world, told)
    for step, pod in enumerate(told.newest):
        _tell_blip(world, pod)
        begun = plans[step].created + timedelta(seconds=14)
        gone = old_pod_names(told, replicas)[step]
        load = traffic.usual(world, gone, usage.mib, usage.cores)
        traffic.record_gone(world, namespace, gone, old.spec(), load, begun)
    record(world, told, usage)
    return told


def _tell_blip(world: World, pod: Json) -> None:
    """The first probe came a moment before the server listened."""
    status = pod["status"]["containerStatuses"][0]
    at = datetime.fromisoformat(status["state"]["running"]["startedAt"]) + timedelta(seconds=1)
    probe = events.refused(pod, 8080, "/healthz")
    events.unready(world, pod, status["name"], probe, at, at, count=1)
    voices.tell_pod(world, pod)


def price_import(world: World) -> None:
    """A CronJob at minute 0; its last three runs went well."""
    box = Container(
        "import", f"{REGISTRY}/shop/price-import:1.8.0", requests=("100m", "128Mi"),
        memory_limit="256Mi", args=("--changed-only",),
    )  # fmt: skip
    shape = Template(labels("price-import", "job", "shop"), (box,))
    node = places(world, 1, "price-import")[0]
    hour = world.captured_at.replace(minute=0, second=0)
    starts = [hour - timedelta(hours=back) for back in (2, 1, 0)]
    runs = [Occurrence(at, node, at + timedelta(seconds=81)) for at in starts]
    pods = make_cron_job(
        world, "shop", "price-import", shape, "0 * * * *", created=world.ago("150d"), runs=runs
    )
    lines = [
        (hour + timedelta(seconds=5), "import: 412 changed prices fetched"),
        (hour + timedelta(seconds=76), "import: 412 written, 0 rejected, done"),
    ]
    world.log(pods[-1], "import", lines)


def pods_of(world: World, namespace: str, app: str) -> list[Json]:
    return [
        pod
        for pod in world.of_kind("Pod", namespace)
        if pod["metadata"]["labels"].get("app.kubernetes.io/name") == app
    ]
