"""B. Registries and digests."""

from evals.clusters.containers import container, env, port, running, status
from evals.clusters.events import as_new_api, pull_failed, scheduled
from evals.clusters.lives import cannot_pull
from evals.clusters.nodes import pool
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    not_available,
    replicaset,
    stateful_set,
)
from evals.clusters.world import World, days, hours
from tools.cases.telling import case, root, truth


@case("registry-name-does-not-resolve", fault=16)
def registry_unresolved(world: World) -> None:
    """A near neighbour of the pull limit: one node cannot resolve the registry."""
    world.cluster = "factory-floor"
    fine, broken = pool(world, "plc-gw-1", "plc-gw-2", version="v1.31.1")
    spec = container(
        "collector",
        "registry.factory.local:5000/opc-collector:1.12",
        env=env(PLC_HOST="192.168.40.7"),
    )
    labels = app_labels("opc-collector", 2)
    parent = deployment(
        world, "line4", "opc-collector", Template([spec], labels=labels), replicas=2, ready=1, born=hours(30),
        conditions=[not_available(world, 14)],
    )  # fmt: skip
    child = replicaset(world, parent, replicas=2, ready=1, born=hours(30))
    pod(world, child, fine, [status(spec, running(world.ago(hours(29))))], born=hours(30))
    error = (
        'failed to pull and unpack image "registry.factory.local:5000/opc-collector:1.12": failed to resolve reference '
        '"registry.factory.local:5000/opc-collector:1.12": failed to do request: Head '
        '"https://registry.factory.local:5000/v2/opc-collector/manifests/1.12": dial tcp: lookup registry.factory.local on '
        "192.168.40.1:53: no such host"
    )
    one = pod(world, child, broken, [cannot_pull(spec, error)], born=15)
    scheduled(world, one, 15)
    pull_failed(world, one, spec, error, 15, 1, uid=False)
    newer = [
        each for each in world.objects if each["kind"] == "Event" and each["reason"] == "Failed"
    ]
    for each in newer:
        world.objects[world.objects.index(each)] = as_new_api(each)
    truth(
        world,
        en=["One opc-collector pod does not start on plc-gw-2. Why?", "Why is opc-collector 1/2?"],
        zh=["plc-gw-2 上的 opc-collector 为什么起不来？", "line4 的采集服务少了一个副本"],
        namespace="line4",
        roots=[root("pod.image_pull.network", parent)],
        mention=("registry.factory.local", "no such host"),
        fix="none",
        symptoms_ok=["deploy.unavailable"],
    )


@case("stateful-update-to-a-lost-digest", fault=13)
def stateful_missing_digest(world: World) -> None:
    world.cluster = "metrics-hub"
    nodes = pool(world, "mh-1", "mh-2", "mh-3")
    digest = "sha256:9e1b57a0b6a04a5bb2b0d9d7a3e3f7a47ab2c93c1ae9a2f4e6a5b7f8d9c0e1f2"
    old = container("store", "quay.io/metricshub/store:v1.104.0", ports=[port(8428)])
    new = container("store", f"quay.io/metricshub/store@{digest}", ports=[port(8428)])
    labels = app_labels("store", 1)
    marks = ("store-6c9f7d5b8", "store-85dd49f77")
    parent = stateful_set(
        world,
        "metrics",
        "store",
        Template([new], labels=labels),
        replicas=3,
        ready=2,
        revisions=marks,
    )
    for ordinal, one in enumerate(nodes[:2]):
        well = pod(
            world,
            parent,
            one,
            [status(old, running(world.ago(days(40))))],
            born=days(40),
            ordinal=ordinal,
        )
        well["spec"]["containers"] = [old]
        well["metadata"]["labels"]["controller-revision-hash"] = marks[0]
    failing = pod(world, parent, nodes[2], [cannot_pull(new)], born=12, ordinal=2)
    error = f'failed to pull and unpack image "{new["image"]}": failed to resolve reference "{new["image"]}": quay.io/metricshub/store@{digest}: not found'
    pull_failed(world, failing, new, error, 12, 1)
    truth(
        world,
        en=[
            "Why is store-2 not coming back after the update?",
            "The metrics store update stopped at the first pod. Why?",
        ],
        zh=["store-2 更新后为什么起不来？", "metrics 的 StatefulSet 更新停住了"],
        namespace="metrics",
        roots=[root("pod.image_pull.not_found", parent)],
        mention=("quay.io/metricshub/store", "9e1b57a0"),
        symptoms_ok=["sts.revision_stuck", "sts.ordinal_blocked"],
    )
