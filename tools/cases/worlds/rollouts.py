"""D. Rollouts that do not end."""

from evals.clusters.containers import (
    container,
    env,
    exec_probe,
    limits,
    port,
    running,
    status,
)
from evals.clusters.events import event, scaled
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import service, slices
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    healthy_deployment,
    is_available,
    replicaset,
    stateful_set,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


@case("new-pods-wait-old-ones-serve", fault=39)
def rollout_stuck(world: World) -> None:
    world.cluster = "telco-oss"
    nodes = pool(world, "oss-1", "oss-2", "oss-3")
    labels = app_labels("provisioning", 1)
    probe = exec_probe("/bin/grpc_health_probe", "-addr=:9090", timeoutSeconds=2)
    old = container(
        "svc",
        "registry.oss.example/provisioning:r41",
        ports=[port(9090, "grpc")],
        readinessProbe=probe,
    )
    spec = container(
        "svc",
        "registry.oss.example/provisioning:r42",
        ports=[port(9090, "grpc")],
        readinessProbe=probe,
        env=env(HLR_BACKEND="hlr-v2"),
    )
    parent = deployment(
        world,
        "oss",
        "provisioning",
        Template([spec], labels=labels),
        replicas=3,
        ready=3,
        updated=1,
        total=4,
        revision=42,
    )
    before = replicaset(
        world,
        parent,
        replicas=3,
        born=days(14),
        revision=41,
        template=Template([old], labels=labels),
    )
    serving = [
        pod(world, before, where, [status(old, running(world.ago(days(14))))], born=days(14))
        for where in nodes
    ]
    after = replicaset(world, parent, replicas=1, ready=0, born=44, revision=42)
    parent["status"]["conditions"] = [
        is_available(world),
        deadline(world, after["metadata"]["name"], 34),
    ]
    one = pod(world, after, nodes[2], [status(spec, running(world.ago(43)), ready=False)], born=44)
    event(
        world,
        one,
        "Unhealthy",
        'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")',
        warn=True,
        first=43,
        last=0.4,
        count=260,
        field="svc",
    )
    world.log(
        one,
        "svc",
        (43, "I0612 08:00:11 server.go:88] gRPC server listening on :9090"),
        (42.9, 'E0612 08:00:12 backend.go:31] unknown backend "hlr-v2"; health stays NOT_SERVING'),
    )
    front = service(world, "oss", "provisioning", dict(labels), port=9090, target="grpc")
    slices(world, front, [*serving, one], number=9090, unready=(one["metadata"]["name"],))
    truth(
        world,
        en=[
            "Is anybody hurt by the stuck provisioning rollout, and why is it stuck?",
            "Why does provisioning show 1 of 3 updated?",
        ],
        zh=[
            "provisioning 发布卡住了，影响用户吗，为什么卡住？",
            "provisioning 为什么只更新了一个副本",
        ],
        namespace="oss",
        roots=[root("deploy.progress_deadline pod.probe.readiness_failing", parent)],
        mention=("r42",),
        fix=("fix.rollback", parent),
        symptoms_ok=["service.endpoints_partial"],
    )


@case("paused-and-forgotten", fault=40)
def paused(world: World) -> None:
    world.cluster = "food-in"
    nodes = pool(world, "in-1", "in-2")
    labels = app_labels("menus")
    old = container("menus", "registry.food.example/menus:5.0.1", ports=[port(8080)])
    spec = container("menus", "registry.food.example/menus:5.1.0", ports=[port(8080)])
    parent = deployment(
        world,
        "food",
        "menus",
        Template([spec], labels=labels),
        replicas=2,
        updated=0,
        revision=6,
        paused=True,
    )
    at = world.ago(days(2))
    parent["status"]["conditions"] = [
        is_available(world),
        {
            "type": "Progressing",
            "status": "Unknown",
            "reason": "DeploymentPaused",
            "message": "Deployment is paused",
            "lastTransitionTime": at,
            "lastUpdateTime": at,
        },
    ]
    parent["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "5"
    child = replicaset(
        world,
        parent,
        replicas=2,
        born=days(19),
        revision=5,
        template=Template([old], labels=labels),
    )
    for where in nodes:
        pod(world, child, where, [status(old, running(world.ago(days(19))))], born=days(19))
    healthy_deployment(world, "food", "riders", "registry.food.example/riders:9.4", nodes[:1])
    truth(
        world,
        en=[
            "We set menus to 5.1.0 two days ago, why do the pods still run 5.0.1?",
            "Why does the menus update not roll out?",
        ],
        zh=["menus 两天前改成 5.1.0 了，为什么跑的还是 5.0.1？", "menus 的更新没有生效"],
        namespace="food",
        roots=[root("deploy.paused", parent)],
        mention=("paused",),
        fix=("fix.resume", parent),
    )


@case("no-chair-for-the-surge-pod", fault=41)
def surge_has_no_room(world: World) -> None:
    world.cluster = "tight-fit"
    nodes = pool(world, "tf-1", "tf-2", memory="7800Mi")
    labels = app_labels("solver")
    resources = limits("", "6Gi", request=("1", "6Gi"))
    old = container("solver", "registry.tf.example/solver:1.0.8", resources=resources)
    spec = container("solver", "registry.tf.example/solver:1.0.9", resources=resources)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    parent = deployment(
        world,
        "opt",
        "solver",
        Template([spec], labels=labels),
        replicas=2,
        ready=2,
        updated=1,
        total=3,
        revision=9,
        strategy=strategy,
    )
    before = replicaset(
        world, parent, replicas=2, born=days(7), revision=8, template=Template([old], labels=labels)
    )
    for where in nodes:
        pod(world, before, where, [status(old, running(world.ago(days(7))))], born=days(7))
    after = replicaset(world, parent, replicas=1, ready=0, born=29, revision=9)
    parent["status"]["conditions"] = [
        is_available(world),
        deadline(world, after["metadata"]["name"], 19),
    ]
    scaled(world, parent, after["metadata"]["name"], 0, 1, 29)
    text = "0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."
    one = pod(world, after, None, born=29, refused=text)
    event(
        world, one, "FailedScheduling", text, by="scheduler", warn=True, first=29, last=3, count=6
    )
    truth(
        world,
        en=[
            "Why can solver not be updated? Nothing crashes.",
            "The solver rollout has been waiting for half an hour, for what?",
        ],
        zh=["solver 没有崩溃，为什么更新不动？", "solver 的发布等了半小时，在等什么"],
        namespace="opt",
        roots=[root("deploy.surge_no_room", parent)],
        mention=("maxUnavailable", "Insufficient memory"),
        fix=("fix.surge", parent),
        symptoms_ok=["pod.unschedulable.memory", "deploy.progress_deadline"],
    )


@case("repaired-template-broken-pod-stays", fault=42)
def revision_stuck(world: World) -> None:
    world.cluster = "iot-broker"
    nodes = pool(world, "ib-1", "ib-2", "ib-3")
    labels = app_labels("broker")
    good = container("broker", "emqx/emqx:5.8.3", env=env(EMQX_CLUSTER__DISCOVERY_STRATEGY="dns"))
    bad = container("broker", "emqx/emqx:5.8.3", env=env(EMQX_CLUSTER__DISCOVERY_STRATEGY="dsn"))
    marks = ("broker-5f8c96db4d", "broker-7b6cd5db88")
    parent = stateful_set(
        world,
        "iot",
        "broker",
        Template([good], labels=labels),
        replicas=3,
        ready=2,
        revisions=marks,
    )
    for ordinal, where in enumerate(nodes[:2]):
        one = pod(
            world,
            parent,
            where,
            [status(good, running(world.ago(days(25))))],
            born=days(25),
            ordinal=ordinal,
        )
        one["metadata"]["labels"]["controller-revision-hash"] = marks[0]
    stuck = crashing_pod(world, parent, nodes[2], bad, born=47, restarts=13, ordinal=2)
    stuck["spec"]["containers"] = [bad]
    stuck["metadata"]["labels"]["controller-revision-hash"] = "broker-66d9bd5c9f"
    said = (
        (2.05, '[error] invalid value for cluster.discovery_strategy: "dsn"'),
        (2.04, "ERROR: emqx failed to start: check_config"),
    )
    world.log(stuck, "broker", *said)
    world.log(stuck, "broker", *said, previous=True)
    truth(
        world,
        en=[
            "We fixed the broker's config half an hour ago, why does broker-2 still crash?",
            "broker-2 does not pick up the repaired template",
        ],
        zh=["broker 的配置已经改好了，broker-2 为什么还在崩溃？", "broker-2 没有用上新的模板"],
        namespace="iot",
        roots=[root("sts.revision_stuck", parent)],
        mention=("broker-2",),
        fix=("fix.evict_pod", parent),
        symptoms_ok=["pod.crash_loop", "sts.ordinal_blocked"],
    )
