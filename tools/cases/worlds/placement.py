"""A. Zones, machines and schedulers that keep pods from a node."""

from evals.clusters.containers import container, env, limits, port
from evals.clusters.events import event, unschedulable
from evals.clusters.nodes import node, pool
from evals.clusters.objects import claim, service, slices, storage_class, volume
from evals.clusters.pods import pod
from evals.clusters.waiting import NO_PREEMPTION, NO_VICTIMS, never_placed
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    healthy_deployment,
    not_available,
    replicaset,
    stateful_set,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


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
    parent, one = never_placed(world, "live", "transcode", spec, text, since=38, replicas=2)
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
    parent, _ = never_placed(
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
