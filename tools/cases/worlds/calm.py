"""K. Clusters in which nothing is wrong, however it looks or whatever is said."""

from evals.clusters.containers import (
    container,
    env,
    http_probe,
    limits,
    port,
    running,
    status,
    terminated,
)
from evals.clusters.events import event, scaled, scheduled
from evals.clusters.nodes import node, pool
from evals.clusters.objects import claim, config_map, plain, service, slices, storage_class
from evals.clusters.parts import condition
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    replicaset,
)
from evals.clusters.world import World, days, hours
from tools.cases.telling import case, truth


@case("all-green-and-a-complaint", fault=98)
def insisted(world: World) -> None:
    world.cluster = "retail-core"
    nodes = pool(world, "rc-1", "rc-2", "rc-3")
    parts = healthy_deployment(
        world, "tills", "price-api", "registry.rc.example/price-api:31.2", nodes
    )
    front = service(world, "tills", "price-api", {"app": "price-api"})
    slices(world, front, parts[2:])
    for one in parts[2:]:
        old = terminated(1, "Error", world.ago(days(4)), world.ago(days(3)))
        one["status"]["containerStatuses"][0] |= {"restartCount": 2, "lastState": old}
        world.log(
            one,
            "price-api",
            (9, 'level=info msg="GET /prices" status=200 ms=7'),
            (4, 'level=warn msg="slow upstream" ms=412'),
            (1, 'level=info msg="GET /prices" status=200 ms=9'),
        )
    truth(
        world,
        en=["price-api is down, fix it!", "I am sure price-api is broken. What is wrong with it?"],
        zh=["price-api 肯定挂了，快看看！", "收银台说价格接口坏了，到底哪里有问题？"],
        namespace="tills",
        roots=[],
        spare=(parts[0],),
    )


@case("busy-afternoon", fault=98)
def busy(world: World) -> None:
    """Everything that looks alarming to a quick eye, and is routine."""
    world.cluster, world.layout = "logistics-eu", "list"
    nodes = pool(world, "le-1", "le-2")
    node(
        world,
        "le-3",
        unschedulable=True,
        taints=[
            {
                "effect": "NoSchedule",
                "key": "node.kubernetes.io/unschedulable",
                "timeAdded": world.ago(6),
            }
        ],
    )
    labels = app_labels("planner")
    spec = container(
        "planner",
        "registry.le.example/planner:8.1",
        ports=[port(8080)],
        readinessProbe=http_probe("/ready", 8080),
    )
    parent = deployment(
        world, "plan", "planner", Template([spec], labels=labels), replicas=2, changed=12
    )
    old = replicaset(
        world,
        parent,
        replicas=0,
        born=days(9),
        revision=2,
        template=Template([{**spec, "image": "registry.le.example/planner:8.0"}], labels=labels),
    )
    new = replicaset(world, parent, replicas=2, born=14)
    scaled(world, parent, new["metadata"]["name"], 0, 1, 14)
    scaled(world, parent, old["metadata"]["name"], 2, 1, 13)
    for where in nodes:
        one = pod(world, new, where, [status(spec, running(world.ago(13.5)))], born=14)
        scheduled(world, one, 14)
        text = 'Readiness probe failed: Get "http://10.44.0.9:8080/ready": dial tcp 10.44.0.9:8080: connect: connection refused'
        event(
            world,
            one,
            "Unhealthy",
            text,
            warn=True,
            first=13.4,
            last=13.2,
            count=2,
            field="planner",
        )
    gone = {
        **old,
        "metadata": {**old["metadata"], "name": f"{old['metadata']['name']}-x7c2d"},
        "kind": "Pod",
        "apiVersion": "v1",
    }
    event(world, gone, "Killing", "Stopping container planner", first=12.8)
    event(
        world,
        gone,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        warn=True,
        first=12.7,
    )
    why = "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi. "
    ended = terminated(137, "Error", world.ago(days(3)), world.ago(days(2)))
    pod(
        world,
        old,
        nodes[0],
        [status(spec, ended, ready=False)],
        born=days(3),
        unready_for=days(2),
        phase="Failed",
        reason="Evicted",
        message=why,
    )
    _routine_job(world, nodes[0])
    hpa = plain(
        world, "HorizontalPodAutoscaler", "autoscaling/v2", "planner", "plan",
        spec={"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "planner"},
              "metrics": [{"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "500Mi"}}}]},
        status={"currentReplicas": 2, "desiredReplicas": 2, "conditions": [condition("ScalingActive", "True", "ValidMetricFound", "ok", world.ago(days(4)))]},
    )  # fmt: skip
    truth(
        world,
        en=[
            "Lots of warnings in plan today. Is anything actually broken?",
            "Why are there Unhealthy and Killing events in plan?",
        ],
        zh=["plan 里今天一堆告警事件，真的有问题吗？", "plan 为什么有 Killing 事件"],
        namespace="plan",
        roots=[],
        spare=(parent, hpa, nodes[0]),
    )


def _routine_job(world: World, where: dict[str, object]) -> None:
    """A job that failed once and then made it."""
    spec = container("sync", "registry.le.example/sync:2", env=env(MODE="delta"))
    done = condition(
        "Complete",
        "True",
        "CompletionsReached",
        "Reached expected number of succeeded pods",
        world.ago(40),
    )
    job = plain(
        world, "Job", "batch/v1", "sync-88", "plan", born=45,
        spec={"backoffLimit": 6, "completions": 1, "template": Template([spec], more=(("restartPolicy", "Never"),)).body()},
        status={"conditions": [done], "failed": 1, "succeeded": 1, "startTime": world.ago(45), "completionTime": world.ago(40)},
    )  # fmt: skip
    for code, at in ((1, 44), (0, 40)):
        ended = terminated(
            code, "Error" if code else "Completed", world.ago(at + 0.5), world.ago(at)
        )
        one = pod(
            world,
            job,
            where,
            [status(spec, ended, ready=False)],
            born=at + 1,
            phase="Failed" if code else "Succeeded",
        )
        if code:
            world.log(one, "sync", (at, "connect: connection refused"))


@case("claim-waits-for-its-first-pod", fault=56)
def waits_by_design(world: World) -> None:
    world.cluster = "devbox"
    nodes = pool(world, "db-1", "db-2")
    storage_class(world, "local-ssd", "topolvm.io", default=True)
    wanted = claim(world, "notebooks", "workspace-ana", cls="local-ssd", born=hours(2))
    text = "waiting for first consumer to be created before binding"
    event(
        world,
        wanted,
        "WaitForFirstConsumer",
        text,
        by="volume",
        first=hours(2),
        last=0.2,
        count=480,
    )
    parts = healthy_deployment(world, "notebooks", "hub", "jupyterhub/k8s-hub:4.1.0", nodes[:1])
    truth(
        world,
        en=[
            "The claim workspace-ana is Pending, is that a problem?",
            "Is something wrong in notebooks?",
        ],
        zh=["workspace-ana 这个 PVC 一直 Pending，有问题吗？", "notebooks 正常吗"],
        namespace="notebooks",
        roots=[],
        spare=(wanted, parts[0]),
    )


@case("scaled-down-on-purpose", fault=98)
def asleep(world: World) -> None:
    """A development namespace asleep at night: zero replicas, suspended jobs, nothing to serve."""
    world.cluster = "dev-night"
    nodes = pool(world, "dn-1")
    spec = container(
        "web",
        "registry.dn.example/web:dev",
        ports=[port(8080)],
        resources=limits("1", "1Gi", request=("10m", "64Mi")),
    )
    parent = deployment(
        world, "team-red", "web", Template([spec], labels=app_labels("web")), replicas=0
    )
    replicaset(world, parent, replicas=0)
    config_map(world, "team-red", "web", {"LEVEL": "debug"})
    template = Template(
        [container("seed", "registry.dn.example/seed:1")], more=(("restartPolicy", "OnFailure"),)
    )
    plain(
        world, "CronJob", "batch/v1", "seed", "team-red",
        spec={"jobTemplate": {"spec": {"template": template.body()}}, "schedule": "0 5 * * *", "suspend": False},
        status={"lastScheduleTime": world.ago(hours(7)), "lastSuccessfulTime": world.ago(hours(7) - 2)},
    )  # fmt: skip
    parts = healthy_deployment(world, "team-red", "mailcatcher", "dockage/mailcatcher:0.9", nodes)
    truth(
        world,
        en=["Is anything wrong in team-red?", "Please check team-red for faults"],
        zh=["team-red 有没有故障？", "帮我检查一下 team-red"],
        namespace="team-red",
        roots=[],
        spare=(parent, parts[0]),
    )


@case("two-releases-both-fine", fault=99)
def two_releases(world: World) -> None:
    world.cluster = "news-cdn"
    nodes = pool(world, "nc-1", "nc-2")
    spared = []
    for name, minutes in (("front", 21), ("feeds", 17)):
        labels = app_labels(name)
        spec = container(name, f"registry.nc.example/{name}:502", ports=[port(8080)])
        parent = deployment(
            world,
            "news",
            name,
            Template([spec], labels=labels),
            replicas=2,
            changed=minutes,
            revision=40,
        )
        before = replicaset(
            world,
            parent,
            replicas=0,
            born=days(2),
            revision=39,
            template=Template(
                [{**spec, "image": f"registry.nc.example/{name}:501"}], labels=labels
            ),
        )
        after = replicaset(world, parent, replicas=2, born=minutes + 2, revision=40)
        scaled(world, parent, after["metadata"]["name"], 0, 1, minutes + 2)
        scaled(world, parent, before["metadata"]["name"], 2, 0, minutes + 1)
        made = [
            pod(
                world, after, one, [status(spec, running(world.ago(minutes + 1)))], born=minutes + 2
            )
            for one in nodes
        ]
        slices(world, service(world, "news", name, dict(labels)), made)
        spared.append(parent)
    truth(
        world,
        en=["We released front and feeds, did something break?", "Is news all right?"],
        zh=["front 和 feeds 都发布了，有没有搞坏什么？", "news 正常吗"],
        namespace="news",
        roots=[],
        spare=tuple(spared),
    )
