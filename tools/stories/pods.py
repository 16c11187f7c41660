"""Pods with their full status, derived from what became of their containers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tools.stories import events
from tools.stories.containers import Template
from tools.stories.lives import READY_AFTER, Life, running
from tools.stories.naming import digest, number
from tools.stories.times import stamp
from tools.stories.world import World

Json = dict[str, Any]

STARTS_AFTER = timedelta(seconds=2)


@dataclass(frozen=True)
class Plan:
    """Where and since when a pod lives; containers without a life simply run."""

    node: str
    created: datetime
    lives: Mapping[str, Life] = field(default_factory=dict[str, Life])
    image_mib: int = 0  # above 0: the node had to pull the image
    evicted: tuple[datetime, str] | None = None  # when, and the kubelet's message
    completed: bool = False  # the pod of a finished Job
    name: str = ""

    def life(self, container: str) -> Life:
        return self.lives.get(container, running(self.created + self.startup))

    @property
    def startup(self) -> timedelta:
        """From creation to the start of the containers."""
        return STARTS_AFTER + (events.pull_time(self.image_mib) if self.image_mib else timedelta())


def make_pod(
    world: World, owner: Json, template: Template, plan: Plan, *, name: str, labels: Json, file: str
) -> Json:
    """Add the pod and the events of its first start."""
    namespace = owner["metadata"].get("namespace", "")
    meta = world.meta(
        "Pod", namespace, name, plan.created, labels=template.labels | labels,
        annotations=template.annotations, owner=owner,
    )  # fmt: skip
    meta = {"generateName": name[: -len(name.rpartition("-")[2])]} | meta
    tolerations = [_tolerates("not-ready"), _tolerates("unreachable")]
    spec = template.spec()
    spec["tolerations"] = [*spec.get("tolerations", []), *tolerations]
    spec |= {
        "nodeName": plan.node,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    pod: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    pod["status"] = _status(world, template, plan)
    world.add(file, pod)
    _tell_start(world, pod, plan)
    return pod


def _tolerates(what: str) -> Json:
    key = f"node.kubernetes.io/{what}"
    return {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300}


def _status(world: World, template: Template, plan: Plan) -> Json:
    started = stamp(plan.created)
    if plan.evicted:
        return _evicted_status(template, plan, *plan.evicted)
    statuses = [
        _container_status(world, one.name, one.image, plan.life(one.name))
        for one in template.containers
    ]
    host = world.find("Node", "", plan.node)["status"]["addresses"][0]["address"]
    address = host if template.extra.get("hostNetwork") else world.next_ip(plan.node)
    return {
        "phase": _phase(plan, statuses),
        "conditions": _conditions(world, template, plan),
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": started,
        "qosClass": template.quality(),
        "containerStatuses": statuses,
    }


def _phase(plan: Plan, statuses: list[Json]) -> str:
    if plan.completed:
        return "Succeeded"
    never_ran = [one for one in statuses if "waiting" in one["state"] and not one["lastState"]]
    return "Pending" if never_ran else "Running"


def _container_status(world: World, name: str, image: str, life: Life) -> Json:
    current = life.current
    shown = current or life.last_ended
    status: Json = {"name": name, "image": image, "imageID": "", "ready": False, "started": False}
    if shown:
        repository = image.rpartition(":")[0]
        status["imageID"] = f"{repository}@sha256:{digest(image)}"
        status["containerID"] = f"containerd://{digest('run', shown.started)}"
    status["ready"] = life.ready_at(world.captured_at)
    status["started"] = current is not None and current.ended is None
    last = life.last_ended
    return status | {
        "restartCount": life.restarts,
        "state": life.state(),
        "lastState": last.terminated() if last else {},
    }


def _conditions(world: World, template: Template, plan: Plan) -> list[Json]:
    created, up = stamp(plan.created), stamp(plan.created + STARTS_AFTER)
    unready = [
        one.name
        for one in template.containers
        if not plan.life(one.name).ready_at(world.captured_at)
    ]
    since = stamp(_ready_changed(world, template, plan))
    ready: Json = {"lastProbeTime": None, "lastTransitionTime": since, "status": "True"}
    if plan.completed:
        ready |= {"status": "False", "reason": "PodCompleted"}
    elif unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        ready |= {"status": "False", "reason": "ContainersNotReady", "message": text}
    return [
        _true("PodReadyToStartContainers", up)
        | ({"status": "False", "lastTransitionTime": since} if plan.completed else {}),
        _true("Initialized", created) | ({"reason": "PodCompleted"} if plan.completed else {}),
        {"type": "Ready"} | ready,
        {"type": "ContainersReady"} | ready,
        _true("PodScheduled", created),
    ]


def _true(kind: str, at: str) -> Json:
    return {"type": kind, "lastProbeTime": None, "lastTransitionTime": at, "status": "True"}


def _ready_changed(world: World, template: Template, plan: Plan) -> datetime:
    """When the pod last became ready or stopped being so."""
    changes = [plan.created]
    for container in template.containers:
        life = plan.life(container.name)
        for run in () if life.never_ready else life.runs:
            changes += [at for at in (run.started + READY_AFTER, run.ended) if at]
    return max(at for at in changes if at <= world.captured_at)


def _evicted_status(template: Template, plan: Plan, at: datetime, message: str) -> Json:
    """A pod the kubelet evicted keeps its object, with almost nothing in it."""
    disrupted = {
        "type": "DisruptionTarget",
        "lastProbeTime": None,
        "lastTransitionTime": stamp(at),
        "status": "True",
        "reason": "TerminationByKubelet",
        "message": message,
    }
    failed: Json = {"lastProbeTime": None, "lastTransitionTime": stamp(at), "status": "False"}
    return {
        "phase": "Failed",
        "reason": "Evicted",
        "message": message,
        "conditions": [
            disrupted,
            _true("PodReadyToStartContainers", stamp(at)) | {"status": "False"},
            _true("Initialized", stamp(plan.created)),
            {"type": "Ready"} | failed | {"reason": "PodFailed"},
            {"type": "ContainersReady"} | failed | {"reason": "PodFailed"},
            _true("PodScheduled", stamp(plan.created)),
        ],
        "startTime": stamp(plan.created),
        "qosClass": template.quality(),
        "containerStatuses": [
            _killed(one.name, one.image, plan, at) for one in template.containers
        ],
    }


def _killed(name: str, image: str, plan: Plan, at: datetime) -> Json:
    repository = image.rpartition(":")[0]
    ended = {
        "containerID": f"containerd://{digest('run', plan.created, name)}",
        "exitCode": 137,
        "finishedAt": stamp(at + timedelta(seconds=4)),
        "reason": "Error",
        "startedAt": stamp(plan.created + STARTS_AFTER),
    }
    return {
        "name": name,
        "image": image,
        "imageID": f"{repository}@sha256:{digest(image)}",
        "containerID": ended["containerID"],
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": {"terminated": ended},
        "lastState": {},
    }


def _tell_start(world: World, pod: Json, plan: Plan) -> None:
    events.scheduled(world, pod, plan.created)
    for container in pod["spec"]["containers"]:
        runs = plan.life(container["name"]).runs
        if runs:
            first = runs[0].started - timedelta(seconds=1)
            events.started(world, pod, container, first, pulled_mib=plan.image_mib)
        if len(runs) > 1:
            events.restarted(world, pod, container, [run.started for run in runs[1:]])


def is_ready(pod: Json) -> bool:
    conditions = pod["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def is_alive(pod: Json) -> bool:
    return pod["status"]["phase"] in {"Pending", "Running"}


def spread(nodes: list[str], count: int, *seed: object) -> list[str]:
    """Nodes for `count` pods, going round from a place that depends on the seed."""
    first = number(len(nodes), *seed)
    return [nodes[(first + step) % len(nodes)] for step in range(count)]
