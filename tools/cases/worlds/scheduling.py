"""A. Pods that find no node."""

from evals.clusters.containers import container, limits, port, running, status
from evals.clusters.events import event, scheduled, unschedulable
from evals.clusters.nodes import node, pool
from evals.clusters.objects import service
from evals.clusters.pods import pod
from evals.clusters.waiting import NO_PREEMPTION, NO_VICTIMS, never_placed
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    healthy_deployment,
    is_available,
    replicaset,
)
from evals.clusters.world import World, days, hours
from tools.cases.telling import case, root, truth


@case("ssd-nodes-have-another-label", fault=1)
def wrong_node_label(world: World) -> None:
    _search_index(world, "nvme-ssd", placed=False)


@case("ssd-nodes-are-found", fault=1)
def right_node_label(world: World) -> None:
    _search_index(world, "ssd", placed=True)


def _search_index(world: World, wanted: str, *, placed: bool) -> None:
    world.cluster = "fra-prod-2"
    fast = pool(world, "fra-w-04", "fra-w-05", labels={"disktype": "ssd"})
    slow = pool(world, "fra-w-01", "fra-w-02", labels={"disktype": "hdd"})
    near = healthy_deployment(
        world, "catalog", "suggest", "registry.fra.example/suggest:4.2.0", slow
    )
    spec = container(
        "indexer",
        "registry.fra.example/search-indexer:9.1.3",
        ports=[port(9300, "transport")],
        resources=limits("2", "4Gi", request=("500m", "2Gi")),
    )
    text = (
        "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector. "
        f"preemption: 0/4 nodes are available: 4 {NO_PREEMPTION}"
    )
    en = [
        "Why is search-indexer not starting?",
        "The indexer has been Pending for an hour, what is it waiting for?",
    ]
    zh = ["search-indexer 为什么一直 Pending？", "索引服务起不来，帮我看看原因"]
    if not placed:
        parent, _ = never_placed(
            world,
            "catalog",
            "search-indexer",
            spec,
            text,
            since=67,
            nodeSelector={"disktype": wanted},
        )
        truth(
            world, en=en, zh=zh, namespace="catalog",
            roots=[root("pod.unschedulable.node_selector", parent)],
            mention=("disktype", "nvme-ssd"), spare=(near[0],), fix=("fix.node_selector", parent),
            symptoms_ok=["deploy.unavailable", "deploy.progress_deadline"],
        )  # fmt: skip
        return
    template = Template(
        [spec], labels=app_labels("search-indexer"), more=(("nodeSelector", {"disktype": wanted}),)
    )
    parent = deployment(world, "catalog", "search-indexer", template, born=70, changed=66)
    child = replicaset(world, parent, replicas=1, born=70, revision=1)
    one = pod(world, child, fast[0], [status(spec, running(world.ago(67)))], born=70)
    scheduled(world, one, 57)
    truth(world, en=en, zh=zh, namespace="catalog", roots=[], spare=(near[0], parent))


@case("trainer-asks-for-a-gpu", fault=2)
def no_gpu(world: World) -> None:
    world.cluster, world.layout = "ml-dev", "list"
    nodes = pool(
        world,
        "ml-dev-md-0-7xk2p",
        "ml-dev-md-0-q4v9s",
        "ml-dev-md-0-zz81c",
        cpu="16",
        memory="60Gi",
    )
    healthy_deployment(
        world, "vision", "labeling-ui", "ghcr.io/acme-vision/labeling-ui:2.8", nodes[:1], style=1
    )
    spec = container(
        "trainer",
        "ghcr.io/acme-vision/trainer:cu124-0.9.1",
        command=["torchrun", "--standalone", "--nproc_per_node=2", "train.py"],
        resources={"limits": {"nvidia.com/gpu": "2", "memory": "24Gi"}, "requests": {"cpu": "4", "memory": "24Gi", "nvidia.com/gpu": "2"}},
    )  # fmt: skip
    text = f"0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 {NO_VICTIMS}"
    parent, _ = never_placed(world, "vision", "defect-trainer", spec, text, since=hours(3), style=1)
    truth(
        world,
        en=[
            "defect-trainer never starts, why?",
            "What is keeping the training pod in vision Pending?",
        ],
        zh=["vision 里训练的 Pod 为什么调度不上？", "defect-trainer 为什么起不来"],
        namespace="vision",
        roots=[root("pod.unschedulable.extended", parent)],
        mention=("nvidia.com/gpu",),
        must_cite=["Insufficient nvidia.com/gpu"],
        fix="none",
    )


@case("more-brokers-than-hosts", fault=3)
def anti_affinity(world: World) -> None:
    world.cluster = "k8s-edge-lyon"
    nodes = pool(world, "lyon-1", "lyon-2", "lyon-3", version="v1.29.9")
    labels = app_labels("mqtt-bridge", 1)
    term = {"labelSelector": {"matchLabels": dict(labels)}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    spec = container("bridge", "eclipse-mosquitto:2.0.20", ports=[port(1883, "mqtt")])
    template = Template([spec], labels=labels, more=(("affinity", affinity),))
    parent = deployment(
        world, "telemetry", "mqtt-bridge", template, replicas=4, ready=3,
        conditions=[is_available(world), deadline(world, "mqtt-bridge-x", 31)],
    )  # fmt: skip
    child = replicaset(world, parent, replicas=4, ready=3, born=days(9))
    for one in nodes:
        pod(world, child, one, born=days(9))
    text = (
        "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. "
        f"preemption: 0/3 nodes are available: 3 {NO_VICTIMS}"
    )
    waiting = pod(world, child, None, born=42, refused=text)
    unschedulable(world, waiting, text, 42, 2, 9)
    truth(
        world,
        en=["We scaled mqtt-bridge to 4 and one pod stays Pending. Why?", "Why does mqtt-bridge only have 3 of 4 pods?"],
        zh=["mqtt-bridge 扩到 4 个副本，为什么只有 3 个在跑？", "telemetry 里有个 Pod 一直 Pending，怎么回事"],
        namespace="telemetry",
        roots=[root("pod.unschedulable.pod_affinity", parent)],
        mention=("anti-affinity",),
        fix=("fix.soften_affinity", parent),
    )  # fmt: skip


@case("report-builder-too-wide", fault=4)
def too_much_cpu(world: World) -> None:
    world.cluster = "ops-eu"
    nodes = pool(
        world,
        "ops-eu-a1",
        "ops-eu-a2",
        "ops-eu-a3",
        cpu="7910m",
        memory="30510Mi",
        version="v1.30.6",
    )
    near = healthy_deployment(
        world, "finance", "ledger-api", "harbor.ops.example/fin/ledger-api:1.44.0", nodes[:2]
    )
    spec = container(
        "builder",
        "harbor.ops.example/fin/report-builder:3.0.0",
        resources=limits("12", "8Gi", request=("12", "4Gi")),
    )
    text = f"0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 {NO_VICTIMS}"
    parent, _ = never_placed(
        world, "finance", "report-builder", spec, text, since=95, with_set=False
    )
    truth(
        world,
        en=[
            "Why can't report-builder be scheduled?",
            "The month-end report builder is stuck. What's wrong in finance?",
        ],
        zh=["report-builder 为什么调度失败？", "月末报表一直没起来，finance 里出什么问题了"],
        namespace="finance",
        roots=[root("pod.unschedulable.cpu", parent)],
        mention=("12", "Insufficient cpu"),
        spare=(near[0],),
        fix=("fix.resources", parent),
    )


@case("tolerates-nothing", fault=7)
def tainted_for_others(world: World) -> None:
    world.cluster = "gke_riskco_europe-west4_core"
    taint = [{"effect": "NoSchedule", "key": "dedicated", "value": "risk-models"}]
    plane = [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}]
    node(world, "core-cp-0", taints=plane)
    pool(world, "core-risk-5b1d", "core-risk-9c0f", taints=taint, cpu="15890m")
    spec = container(
        "gateway", "europe-docker.pkg.dev/riskco/apps/quote-gateway:2026.04.1",
        ports=[port(8443, "https")], resources=limits("1", "1Gi", request=("250m", "512Mi")),
    )  # fmt: skip
    text = (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
        "2 node(s) had untolerated taint {dedicated: risk-models}. "
        f"preemption: 0/3 nodes are available: 3 {NO_PREEMPTION}"
    )
    parent, _ = never_placed(world, "quotes", "quote-gateway", spec, text, since=26, replicas=2)
    service(world, "quotes", "quote-gateway", {"app": "quote-gateway"}, port=443, target="https")
    truth(
        world,
        en=[
            "quote-gateway pods stay Pending after the move to the new pool, why?",
            "Why is nothing serving quotes?",
        ],
        zh=["报价网关为什么没有 Pod 在运行？", "quote-gateway 一直 Pending 是什么原因"],
        namespace="quotes",
        roots=[root("pod.unschedulable.taint", parent)],
        mention=("dedicated", "risk-models"),
        fix="none",
        symptoms_ok=["deploy.unavailable", "service.endpoints_not_ready"],
    )


@case("cordon-nobody-lifted", fault=8)
def cordoned(world: World) -> None:
    world.cluster = "bare-metal-b"
    small = pool(world, "bm-01", "bm-02", cpu="4", memory="7800Mi")
    mark = {
        "effect": "NoSchedule",
        "key": "node.kubernetes.io/unschedulable",
        "timeAdded": world.ago(days(3)),
    }
    big = node(world, "bm-03", cpu="32", memory="125Gi", unschedulable=True, taints=[mark])
    event(
        world,
        big,
        "NodeNotSchedulable",
        "Node bm-03 status is now: NodeNotSchedulable",
        by="kubelet",
        first=days(3),
    )
    healthy_deployment(world, "geo", "tiles-cdn", "nginx:1.27.3", small)
    spec = container(
        "renderer", "registry.geo.example/tile-renderer:5.5.1",
        resources=limits("", "24Gi", request=("4", "20Gi")),
    )  # fmt: skip
    text = (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient memory. preemption: "
        "0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    )
    never_placed(world, "geo", "tile-renderer", spec, text, since=50)
    truth(
        world,
        en=[
            "Why does tile-renderer not get a node?",
            "Map tiles are not rendered since this morning.",
        ],
        zh=["tile-renderer 为什么分配不到节点？", "地图切片不更新了，帮忙查原因"],
        roots=[root("node.left_cordoned", big)],
        mention=("bm-03",),
        must_cite=["unschedulable"],
        fix=("fix.uncordon", big),
        symptoms_ok=[
            "pod.unschedulable.cordoned",
            "pod.unschedulable.memory",
            "deploy.unavailable",
        ],
    )
