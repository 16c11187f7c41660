"""Healthy worlds that resemble a fault class closely."""

from evals.clusters.containers import (
    container,
    env_from_key,
    http_probe,
    port,
    running,
    status,
    terminated,
    waiting,
)
from evals.clusters.events import event, scaled, scheduled, unschedulable
from evals.clusters.nodes import pool
from evals.clusters.objects import config_map, plain, secret, service, slices
from evals.clusters.parts import condition, owner
from evals.clusters.pods import pod
from evals.clusters.waiting import NO_VICTIMS
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    is_available,
    progressing,
    replicaset,
)
from evals.clusters.world import World, days, hours
from tools.cases.telling import case, truth


@case("scale-up-just-triggered", fault=11)
def scaling_up(world: World) -> None:
    """A pod pending for a minute while the autoscaler brings a machine."""
    world.cluster = "burst-ok"
    nodes = pool(world, "bo-1", "bo-2")
    spec = container("encode", "registry.bo.example/encode:5", resources={"requests": {"cpu": "2"}})
    parent = deployment(
        world,
        "clips",
        "encode",
        Template([spec], labels=app_labels("encode")),
        replicas=3,
        ready=2,
        updated=3,
        total=3,
    )
    child = replicaset(world, parent, replicas=3, ready=2)
    parent["status"]["conditions"] = [
        is_available(world),
        progressing(world, child["metadata"]["name"], 1.2),
    ]
    for one in nodes:
        pod(world, child, one, born=days(3))
    text = f"0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 {NO_VICTIMS}"
    one = pod(world, child, None, born=1.2, refused=text)
    unschedulable(world, one, text, 1.2, 1.2, 1)
    event(
        world,
        one,
        "TriggeredScaleUp",
        "pod triggered scale-up: [{clips-pool 2->3 (max: 10)}]",
        by="autoscaler",
        first=1,
    )
    truth(
        world,
        en=["One encode pod is Pending, is something wrong?", "Is clips healthy?"],
        zh=["encode 有个 Pod 在 Pending，有问题吗？", "clips 健康吗"],
        namespace="clips",
        roots=[],
        spare=(parent, nodes[0]),
    )


@case("rollout-in-its-first-minute", fault=13)
def young_rollout(world: World) -> None:
    world.cluster = "fresh"
    nodes = pool(world, "fr-1", "fr-2")
    labels = app_labels("offers", 1)
    old = container("offers", "registry.fr.example/offers:60", ports=[port(8080)])
    new = container("offers", "registry.fr.example/offers:61", ports=[port(8080)])
    parent = deployment(
        world,
        "offers",
        "offers",
        Template([new], labels=labels),
        replicas=2,
        ready=2,
        updated=1,
        total=3,
        revision=61,
    )
    before = replicaset(
        world,
        parent,
        replicas=2,
        born=days(4),
        revision=60,
        template=Template([old], labels=labels),
    )
    after = replicaset(world, parent, replicas=1, ready=0, born=0.6, revision=61)
    name = after["metadata"]["name"]
    parent["status"]["conditions"] = [is_available(world), progressing(world, name, 0.6)]
    scaled(world, parent, name, 0, 1, 0.6)
    serving = [
        pod(world, before, one, [status(old, running(world.ago(days(4))))], born=days(4))
        for one in nodes
    ]
    one = pod(
        world, after, nodes[0], [status(new, waiting("ContainerCreating"), ready=False)], born=0.6
    )
    scheduled(world, one, 0.6)
    event(
        world,
        one,
        "Pulling",
        'Pulling image "registry.fr.example/offers:61"',
        first=0.5,
        field="offers",
    )
    slices(world, service(world, "offers", "offers", dict(labels)), serving)
    truth(
        world,
        en=["Is the offers rollout stuck?", "Anything wrong in offers?"],
        zh=["offers 的发布卡住了吗？", "offers 有没有问题"],
        namespace="offers",
        roots=[],
        spare=(parent,),
    )


@case("optional-settings-are-absent", fault=43)
def optional_refs(world: World) -> None:
    world.cluster = "tolerant"
    nodes = pool(world, "to-1", "to-2")
    config_map(world, "mixer", "base", {"GAIN": "3"})
    optional = {
        "name": "PRESET",
        "valueFrom": {"configMapKeyRef": {"name": "presets", "key": "default", "optional": True}},
    }
    absent_key = {
        "name": "ECHO",
        "valueFrom": {"configMapKeyRef": {"name": "base", "key": "ECHO", "optional": True}},
    }
    loose = {"name": "extra", "configMap": {"name": "overrides", "optional": True}}
    spec = container("mixer", "registry.to.example/mixer:8", env=[env_from_key("GAIN", "ConfigMap", "base", "GAIN"), optional, absent_key],
                     envFrom=[{"secretRef": {"name": "licence", "optional": True}}])  # fmt: skip
    parent = deployment(
        world,
        "mixer",
        "mixer",
        Template([spec], labels=app_labels("mixer"), volumes=(loose,)),
        replicas=2,
    )
    child = replicaset(world, parent, replicas=2)
    for one in nodes:
        pod(world, child, one, born=days(6))
    truth(
        world,
        en=[
            "mixer refers to a ConfigMap presets that does not exist. Is that a fault?",
            "Is mixer fine?",
        ],
        zh=["mixer 引用了不存在的 ConfigMap presets，算故障吗？", "mixer 正常吗"],
        namespace="mixer",
        roots=[],
        spare=(parent,),
    )


@case("services-that-need-no-pods", fault=58)
def podless_services(world: World) -> None:
    world.cluster = "bridge-net"
    nodes = pool(world, "bn-1", "bn-2")
    parts = healthy_deployment(world, "bridge", "relay", "registry.bn.example/relay:2", nodes)
    slices(world, service(world, "bridge", "relay", {"app": "relay"}), parts[2:])
    hand = service(world, "bridge", "mainframe", {}, port=3270, target=3270)
    del hand["spec"]["selector"]
    told = slices(world, hand, [], number=None)
    told["endpoints"] = [{"addresses": ["192.168.9.7"], "conditions": {"ready": True}}]
    told["ports"] = [{"name": "", "port": 3270, "protocol": "TCP"}]
    outside = service(
        world, "bridge", "rates", {}, type="ExternalName", externalName="rates.example.com"
    )
    for field in ("selector", "clusterIP", "clusterIPs"):
        del outside["spec"][field]
    headless = service(world, "bridge", "relay-peers", {"app": "relay"}, clusterIP="None")
    slices(world, headless, parts[2:])
    truth(
        world,
        en=[
            "mainframe and rates have no pods. Is that why bridge feels slow?",
            "Check bridge please",
        ],
        zh=["mainframe 和 rates 这两个 Service 没有 Pod，有问题吗？", "检查一下 bridge"],
        namespace="bridge",
        roots=[],
        spare=(hand, outside, headless, parts[0]),
    )


@case("yesterday-failed-today-worked", fault=20)
def later_run_succeeded(world: World) -> None:
    world.cluster = "warehouse-two"
    nodes = pool(world, "w2-1")
    spec = container("dump", "postgres:16.6", command=["pg_dumpall"])
    body = {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "template": Template([spec], more=(("restartPolicy", "Never"),)).body(),
    }
    cron = plain(
        world, "CronJob", "batch/v1", "backup", "stock",
        spec={"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": body}, "schedule": "0 1 * * *", "suspend": False},
        status={"lastScheduleTime": world.ago(hours(9)), "lastSuccessfulTime": world.ago(hours(9) - 6)},
    )  # fmt: skip
    for name, start, good in (
        ("backup-29513100", hours(33), False),
        ("backup-29514540", hours(9), True),
    ):
        reason = "CompletionsReached" if good else "BackoffLimitExceeded"
        flag = condition("Complete" if good else "Failed", "True", reason, "", world.ago(start - 5))
        told = {
            "conditions": [flag],
            "startTime": world.ago(start),
            **({"succeeded": 1, "completionTime": world.ago(start - 5)} if good else {"failed": 1}),
        }
        job = plain(world, "Job", "batch/v1", name, "stock", spec=body, status=told, born=start)
        job["metadata"]["ownerReferences"] = [owner(cron)]
        ended = terminated(
            0 if good else 1,
            "Completed" if good else "Error",
            world.ago(start - 0.2),
            world.ago(start - 5),
        )
        one = pod(
            world,
            job,
            nodes[0],
            [status(spec, ended, ready=False)],
            born=start,
            phase="Succeeded" if good else "Failed",
        )
        if not good:
            world.log(
                one,
                "dump",
                (
                    start - 5,
                    'pg_dumpall: error: connection to server at "stock-db" failed: timeout expired',
                ),
            )
    truth(
        world,
        en=[
            "I see a failed backup job. Do we have a problem now?",
            "Are the backups in stock working?",
        ],
        zh=["我看到一个失败的备份任务，现在有问题吗？", "stock 的备份正常吗"],
        namespace="stock",
        roots=[],
        spare=(cron,),
    )


@case("drain-finished-all-moved", fault=76)
def drained(world: World) -> None:
    """Maintenance a few minutes ago: pods were evicted by the API, others run elsewhere."""
    world.cluster = "rack-8"
    away, *rest = pool(world, "r8-1", "r8-2", "r8-3")
    away["spec"] |= {
        "unschedulable": True,
        "taints": [
            {
                "effect": "NoSchedule",
                "key": "node.kubernetes.io/unschedulable",
                "timeAdded": world.ago(11),
            }
        ],
    }
    event(
        world, away, "NodeNotSchedulable", "Node r8-1 status is now: NodeNotSchedulable", first=11
    )
    spec = container(
        "web", "registry.r8.example/web:7", ports=[port(80)], readinessProbe=http_probe("/", 80)
    )
    parent = deployment(
        world, "site", "web", Template([spec], labels=app_labels("web")), replicas=2
    )
    child = replicaset(world, parent, replicas=2)
    made = [pod(world, child, one, [status(spec, running(world.ago(9)))], born=10) for one in rest]
    gone = {
        **made[0],
        "metadata": {
            **made[0]["metadata"],
            "name": f"{child['metadata']['name']}-old4k",
            "uid": world.uid(),
        },
    }
    event(world, gone, "Killing", "Stopping container web", first=10.5)
    slices(world, service(world, "site", "web", {"app": "web"}, target=80), made, number=80)
    secret(world, "site", "web-tls", {"tls.crt": "UkVEQUNURUQ="}, kind="kubernetes.io/tls")
    truth(
        world,
        en=[
            "r8-1 is cordoned. Did the maintenance break the site?",
            "Is anything broken after the drain?",
        ],
        zh=["r8-1 被 cordon 了，维护影响网站了吗？", "驱逐节点之后有东西坏掉吗"],
        roots=[],
        spare=(parent, away),
    )
