"""A. Pods that find no node."""

from tools.cases.containers import container, env, limits, port, running, status
from tools.cases.events import event, scheduled, unschedulable
from tools.cases.nodes import node, pool
from tools.cases.objects import claim, service, slices, storage_class, volume
from tools.cases.pods import pod
from tools.cases.telling import case, root, truth
from tools.cases.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    healthy_deployment,
    is_available,
    not_available,
    replicaset,
    stateful_set,
)
from tools.cases.world import Json, World, days, hours

NO_PREEMPTION = "Preemption is not helpful for scheduling."
NO_VICTIMS = "No preemption victims found for incoming pod."


def _stuck(
    world: World,
    namespace: str,
    name: str,
    spec: Json,
    text: str,
    *,
    since: float,
    replicas: int = 1,
    with_set: bool = True,
    style: int = 0,
    **more: object,
) -> tuple[Json, Json]:
    """A Deployment none of whose pods was ever placed; returns it and one of its pods."""
    template = Template([spec], labels=app_labels(name, style), more=tuple(more.items()))
    parent = deployment(
        world,
        namespace,
        name,
        template,
        replicas=replicas,
        ready=0,
        born=since + 0.2,
        revision=1,
        conditions=[not_available(world, since), deadline(world, f"{name}-x", since - 10)],
    )
    child = replicaset(world, parent, replicas=replicas, ready=0, born=since, revision=1)
    if not with_set:
        world.objects.remove(child)
    waiting = [pod(world, child, None, born=since, refused=text) for _ in range(replicas)]
    for one in waiting if text else ():
        unschedulable(world, one, text, since, 1.5, int(since / 5) + 1)
    return parent, waiting[0]


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
        parent, _ = _stuck(
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
    parent, _ = _stuck(world, "vision", "defect-trainer", spec, text, since=hours(3), style=1)
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
    parent, _ = _stuck(world, "finance", "report-builder", spec, text, since=95, with_set=False)
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
    parent, _ = _stuck(world, "quotes", "quote-gateway", spec, text, since=26, replicas=2)
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
    _stuck(world, "geo", "tile-renderer", spec, text, since=50)
    truth(
        world,
        en=[
            "Why does tile-renderer not get a node?",
            "Map tiles are not rendered since this morning.",
        ],
        zh=["tile-renderer 为什么分配不到节点？", "地图切片不更新了，帮忙查原因"],
        roots=[root("node.left_cordoned", big)],
        mention=("bm-03",),
        fix=("fix.uncordon", big),
        symptoms_ok=[
            "pod.unschedulable.cordoned",
            "pod.unschedulable.memory",
            "deploy.unavailable",
        ],
    )


@case("volume-lives-in-another-zone", fault=9)
def volume_zone(world: World) -> None:
    world.cluster = "eks-orders"
    pool(
        world,
        "ip-10-0-61-7.eu-west-1.compute.internal",
        "ip-10-0-74-92.eu-west-1.compute.internal",
        zone="eu-west-1b",
    )
    storage_class(world, "gp3", "ebs.csi.aws.com", default=True)
    spec = container(
        "rabbitmq",
        "rabbitmq:3.13.7-management",
        volumeMounts=[{"mountPath": "/var/lib/rabbitmq", "name": "data"}],
    )
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": "data-rabbitmq-0"}}
    template = Template([spec], labels=app_labels("rabbitmq", 1), volumes=(disk,))
    parent = stateful_set(world, "orders", "rabbitmq", template, replicas=1, ready=0)
    wanted = claim(world, "orders", "data-rabbitmq-0", cls="gp3", volume="pvc-1f0ad6c2")
    volume(world, "pvc-1f0ad6c2", wanted, zone="eu-west-1a", cls="gp3", driver="ebs.csi.aws.com")
    text = f"0/2 nodes are available: 2 node(s) had volume node affinity conflict. preemption: 0/2 nodes are available: 2 {NO_PREEMPTION}"
    one = pod(world, parent, None, born=33, ordinal=0, refused=text)
    unschedulable(world, one, text, 33, 3, 7)
    truth(
        world,
        en=[
            "rabbitmq-0 is Pending after the node pool was replaced. Why?",
            "Why is the orders queue down?",
        ],
        zh=["换了节点池以后 rabbitmq-0 一直 Pending，为什么？", "orders 的消息队列挂了，什么原因"],
        namespace="orders",
        roots=[root("pod.unschedulable.volume", parent)],
        mention=("eu-west-1a",),
        fix="none",
        symptoms_ok=["sts.ordinal_blocked"],
    )


@case("third-zone-has-no-nodes", fault=10)
def spread_over_dead_zone(world: World) -> None:
    world.cluster = "aks-clinic-prod"
    nodes = [
        node(world, f"aks-np1-3310-vmss00000{n}", zone=f"westeurope-{n + 1}", version="v1.32.0")
        for n in range(2)
    ]
    gone = {
        "effect": "NoSchedule",
        "key": "node.kubernetes.io/out-of-service",
        "value": "nodeshutdown",
    }
    node(world, "aks-np1-3310-vmss000002", zone="westeurope-3", version="v1.32.0", taints=[gone])
    labels = app_labels("appointment-api", 1)
    spread = [
        {
            "labelSelector": {"matchLabels": dict(labels)},
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
        }
    ]
    spec = container(
        "api",
        "clinicacr.azurecr.io/appointment-api:1.19.2",
        ports=[port(5000)],
        env=env(ASPNETCORE_URLS="http://+:5000"),
    )
    template = Template([spec], labels=labels, more=(("topologySpreadConstraints", spread),))
    parent = deployment(
        world, "booking", "appointment-api", template, replicas=4, ready=2,
        conditions=[not_available(world, 22), deadline(world, "appointment-api-x", 12)],
    )  # fmt: skip
    child = replicaset(world, parent, replicas=4, ready=2, born=days(12))
    placed = [pod(world, child, one, born=days(12)) for one in nodes]
    text = (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/out-of-service: nodeshutdown}, "
        "2 node(s) didn't match pod topology spread constraints. preemption: 0/3 nodes are available: "
        "1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    )
    for _ in range(2):
        one = pod(world, child, None, born=24, refused=text)
        unschedulable(world, one, text, 24, 2, 6)
    front = service(world, "booking", "appointment-api", dict(labels), target=5000)
    slices(world, front, placed, number=5000)
    truth(
        world,
        en=["Why are two appointment-api pods Pending when the nodes are half empty?", "appointment-api runs 2 of 4 replicas, why?"],
        zh=["appointment-api 为什么有两个副本调度不上？", "预约服务只剩两个副本了，查一下"],
        namespace="booking",
        roots=[root("pod.unschedulable.topology_spread", parent)],
        mention=("topology.kubernetes.io/zone",),
        fix="none",
        symptoms_ok=["deploy.unavailable", "pod.unschedulable.taint", "deploy.progress_deadline"],
    )  # fmt: skip


@case("autoscaler-has-no-more-machines", fault=11)
def autoscaler_at_maximum(world: World) -> None:
    world.cluster = "gke_stream_us-east1_live"
    nodes = pool(world, *(f"gke-live-burst-{n}" for n in ("3f7a", "8k1d", "x0q2")), cpu="3920m")
    busy = healthy_deployment(
        world, "live", "chat", "gcr.io/stream/chat:881", nodes, with_replicaset=False
    )
    spec = container(
        "transcode",
        "gcr.io/stream/transcode:2026-05-02",
        resources=limits("", "3Gi", request=("3500m", "2Gi")),
    )
    text = f"0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 {NO_VICTIMS}"
    parent, one = _stuck(world, "live", "transcode", spec, text, since=38, replicas=2)
    why = "pod didn't trigger scale-up: 1 max node group size reached"
    event(world, one, "NotTriggerScaleUp", why, by="autoscaler", first=37, last=1, count=23)
    truth(
        world,
        en=[
            "Why did the cluster not grow for the transcode pods?",
            "transcode has been Pending for half an hour",
        ],
        zh=["transcode 的 Pod 为什么一直等资源，集群没有自动扩容？", "live 命名空间转码不工作了"],
        namespace="live",
        roots=[root("autoscaler.no_scale_up", parent, one)],
        mention=("max node group size reached",),
        spare=(busy[0],),
        fix="none",
        symptoms_ok=["pod.unschedulable.cpu", "deploy.unavailable"],
    )


@case("scheduler-that-is-not-there", fault=12)
def no_such_scheduler(world: World) -> None:
    world.cluster = "batch-3"
    nodes = pool(world, "batch-3-n1", "batch-3-n2", version="v1.28.15")
    healthy_deployment(world, "sim", "results-api", "registry.sim.example/results:7", nodes[:1])
    spec = container("worker", "registry.sim.example/mc-worker:12.4")
    parent, _ = _stuck(
        world, "sim", "mc-worker", spec, "", since=55, schedulerName="defualt-scheduler"
    )
    truth(
        world,
        en=[
            "mc-worker is Pending and describe shows no events at all. Why?",
            "Why does mc-worker not run?",
        ],
        zh=["mc-worker 一直 Pending，而且没有任何事件，为什么？", "sim 里的 worker 没有运行"],
        namespace="sim",
        roots=[root("pod.scheduler_absent", parent)],
        mention=("defualt-scheduler",),
        fix="none",
    )
