"""More of several classes, told by other components or in other runtimes."""

from evals.clusters.containers import (
    back_off,
    container,
    env,
    http_probe,
    limits,
    port,
    running,
    status,
    terminated,
    waiting,
)
from evals.clusters.events import event, restarted, scaled
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import config_map, service, slices
from evals.clusters.parts import condition
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    is_available,
    not_available,
    progressing,
    replicaset,
)
from evals.clusters.world import World, days, hours
from tools.cases.telling import case, root, truth
from tools.cases.worlds.refusals import quota


@case("killed-while-unpacking", fault=24)
def init_oom(world: World) -> None:
    world.cluster = "genome-lab"
    nodes = pool(world, "gl-1", "gl-2", memory="60Gi")
    init = container(
        "unpack",
        "registry.gl.example/reference:38",
        command=["/unpack", "/ref"],
        resources=limits("1", "2Gi", request=("1", "2Gi")),
    )
    main = container(
        "align",
        "registry.gl.example/align:0.17",
        resources=limits("8", "32Gi", request=("4", "24Gi")),
    )
    parent = deployment(
        world,
        "genome",
        "align",
        Template([main], init=(init,), labels=app_labels("align")),
        ready=0,
        conditions=[not_available(world, 29)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=29)
    one = pod(
        world,
        child,
        nodes[0],
        [status(main, waiting("PodInitializing"), ready=False)],
        born=29,
        phase="Pending",
    )
    about = one["metadata"]
    ended = terminated(137, "OOMKilled", world.ago(3.4), world.ago(2.6))
    state = back_off(about["name"], "genome", about["uid"], "unpack")
    one["status"]["initContainerStatuses"] = [
        status(init, state, last=ended, restarts=6, ready=False)
    ]
    one["status"]["conditions"][0] |= {
        "status": "False",
        "reason": "ContainersNotInitialized",
        "message": "containers with incomplete status: [unpack]",
    }
    restarted(world, one, init, 29, 3.4, times=7)
    truth(
        world,
        en=["Why is align stuck in its init step?", "align does not start since half an hour"],
        zh=["align 为什么卡在初始化？", "align 半小时了还没起来"],
        namespace="genome",
        roots=[root("pod.oom_killed", parent)],
        mention=("unpack", "2Gi"),
        fix=("fix.memory", parent),
        symptoms_ok=["pod.init_blocked", "pod.crash_loop", "deploy.unavailable"],
    )


@case("placeholder-without-a-value", fault=27)
def java_placeholder(world: World) -> None:
    world.layout = "list"
    nodes = pool(world, "rb-1", "rb-2")
    spec = container(
        "rebate",
        "registry.rb.example/rebate:2.40",
        env=env(JAVA_OPTS="-Xmx512m"),
        resources=limits("1", "1Gi"),
    )
    parent = deployment(
        world,
        "rebate",
        "rebate",
        Template([spec], labels=app_labels("rebate", 2)),
        ready=0,
        conditions=[not_available(world, 15)],
    )
    one = crashing_pod(
        world,
        replicaset(world, parent, replicas=1, ready=0, born=15),
        nodes[0],
        spec,
        born=15,
        restarts=7,
        lived=0.2,
    )
    said = (
        (2.15, "INFO 1 --- [main] c.r.RebateApplication : Starting RebateApplication v2.40"),
        (2.02, "ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed"),
        (
            2.02,
            "org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'rebateConfig'",
        ),
        (
            2.02,
            "Caused by: java.lang.IllegalArgumentException: Could not resolve placeholder 'REBATE_REGION' in value \"${REBATE_REGION}\"",
        ),
        (
            2.02,
            "\tat org.springframework.util.PropertyPlaceholderHelper.parseStringValue(PropertyPlaceholderHelper.java:180)",
        ),
    )
    world.log(one, "rebate", *said, previous=True)
    truth(
        world,
        en=["Why does rebate crash?", "rebate has been down for a quarter of an hour"],
        zh=["rebate 为什么崩溃？", "rebate 挂了一刻钟了"],
        namespace="rebate",
        roots=[root("app.missing_setting", parent)],
        mention=("REBATE_REGION",),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )


@case("volume-wants-a-file-that-moved", fault=45)
def missing_file_key(world: World) -> None:
    world.cluster = "ledgerless"
    nodes = pool(world, "lg-1", "lg-2")
    config_map(world, "taxes", "rates", {"rates-2026.csv": "de,19\n", "readme.txt": "-"}, born=21)
    items = {
        "name": "rates",
        "configMap": {"name": "rates", "items": [{"key": "rates.csv", "path": "rates.csv"}]},
    }
    spec = container(
        "taxes",
        "registry.lg.example/taxes:11",
        volumeMounts=[{"mountPath": "/rates", "name": "rates"}],
    )
    parent = deployment(
        world,
        "taxes",
        "taxes",
        Template([spec], labels=app_labels("taxes"), volumes=(items,)),
        ready=0,
        conditions=[not_available(world, 20)],
    )
    one = pod(
        world,
        replicaset(world, parent, replicas=1, ready=0, born=20),
        nodes[0],
        [status(spec, waiting("ContainerCreating"), ready=False)],
        born=20,
    )
    event(
        world,
        one,
        "FailedMount",
        'MountVolume.SetUp failed for volume "rates" : configmap references non-existent config key: rates.csv',
        warn=True,
        first=20,
        last=0.9,
        count=17,
    )
    truth(
        world,
        en=["Why can taxes not mount its rates?", "taxes hangs in ContainerCreating"],
        zh=["taxes 为什么挂载不上 rates？", "taxes 卡在 ContainerCreating"],
        namespace="taxes",
        roots=[root("pod.config_ref.key_missing", parent)],
        mention=("rates.csv",),
        symptoms_ok=["deploy.unavailable", "pod.volume_mount_failed"],
    )


@case("slow-but-moving", fault=39)
def slow_rollout(world: World) -> None:
    world.cluster = "steady"
    nodes = pool(world, "sy-1", "sy-2", "sy-3")
    labels = app_labels("catalog")
    probe = http_probe("/ready", 8080, initialDelaySeconds=40)
    old = container(
        "catalog", "registry.sy.example/catalog:17", ports=[port(8080)], readinessProbe=probe
    )
    new = container(
        "catalog", "registry.sy.example/catalog:18", ports=[port(8080)], readinessProbe=probe
    )
    parent = deployment(
        world,
        "books",
        "catalog",
        Template([new], labels=labels),
        replicas=3,
        ready=3,
        updated=2,
        total=4,
        revision=18,
    )
    before = replicaset(
        world,
        parent,
        replicas=2,
        born=days(5),
        revision=17,
        template=Template([old], labels=labels),
    )
    after = replicaset(world, parent, replicas=2, ready=1, born=2.4, revision=18)
    name = after["metadata"]["name"]
    parent["status"]["conditions"] = [is_available(world), progressing(world, name, 0.4)]
    scaled(world, parent, name, 0, 1, 2.4)
    scaled(world, parent, before["metadata"]["name"], 3, 2, 0.5)
    made = [
        pod(world, before, one, [status(old, running(world.ago(days(5))))], born=days(5))
        for one in nodes[:2]
    ]
    made.append(
        pod(
            world,
            after,
            nodes[2],
            [status(new, running(world.ago(2.2)))],
            born=2.4,
            unready_for=0.6,
        )
    )
    young = pod(
        world, after, nodes[0], [status(new, running(world.ago(0.3)), ready=False)], born=0.5
    )
    slices(
        world,
        service(world, "books", "catalog", dict(labels)),
        [*made, young],
        unready=(young["metadata"]["name"],),
    )
    truth(
        world,
        en=["Is the catalog rollout stuck?", "catalog shows 2 of 3 updated, is that bad?"],
        zh=["catalog 的发布卡住了吗？", "catalog 只更新了 2 个，有问题吗"],
        namespace="books",
        roots=[],
        spare=(parent,),
    )


@case("stopped-once-for-the-drain", fault=33)
def old_stop(world: World) -> None:
    world.cluster = "calm-sea"
    nodes = pool(world, "cs-1", "cs-2")
    spec = container(
        "tide",
        "registry.cs.example/tide:3",
        ports=[port(8080)],
        livenessProbe=http_probe("/live", 8080),
    )
    parent = deployment(
        world, "sea", "tide", Template([spec], labels=app_labels("tide")), replicas=2
    )
    child = replicaset(world, parent, replicas=2)
    for where in nodes:
        ended = terminated(143, "Error", world.ago(days(3)), world.ago(hours(7)))
        pod(
            world,
            child,
            where,
            [status(spec, running(world.ago(hours(7))), last=ended, restarts=1)],
            born=days(3),
        )
    truth(
        world,
        en=["tide has a restart with exit code 143, is it broken?", "Is sea healthy?"],
        zh=["tide 重启过一次，退出码 143，有问题吗？", "sea 健康吗"],
        namespace="sea",
        roots=[],
        spare=(parent,),
    )


@case("quota-was-raised-in-time", fault=6)
def quota_recovered(world: World) -> None:
    world.cluster = "roomy"
    nodes = pool(world, "ro-1", "ro-2")
    quota(world, "photos", "team-photos", {"pods": "12"}, {"pods": "6"})
    parts = healthy_deployment(
        world, "photos", "gallery", "registry.ro.example/gallery:9", nodes, born=30
    )
    text = 'Error creating: pods "gallery-x" is forbidden: exceeded quota: team-photos, requested: pods=1, used: pods=6, limited: pods=6'
    event(
        world,
        parts[1],
        "FailedCreate",
        text,
        by="replicaset",
        warn=True,
        first=41,
        last=31,
        count=13,
    )
    event(
        world,
        parts[1],
        "SuccessfulCreate",
        f"Created pod: {parts[2]['metadata']['name']}",
        by="replicaset",
        first=30,
    )
    failure = condition(
        "Available",
        "True",
        "MinimumReplicasAvailable",
        "Deployment has minimum availability.",
        world.ago(29),
        lastUpdateTime=world.ago(29),
    )
    parts[0]["status"]["conditions"][0] = failure
    truth(
        world,
        en=["I saw 'exceeded quota' in photos. Is it still a problem?", "Is gallery all right?"],
        zh=["photos 里出现过 exceeded quota，现在还有问题吗？", "gallery 正常吗"],
        namespace="photos",
        roots=[],
        spare=(parts[0],),
    )


@case("grpc-on-the-next-port", fault=60)
def grpc_port(world: World) -> None:
    world.cluster = "rider-net"
    nodes = pool(world, "rn-1", "rn-2")
    labels = app_labels("pricing", 1)
    spec = container("pricing", "registry.rn.example/pricing:6", ports=[port(50051, "grpc")])
    parent = deployment(world, "rides", "pricing", Template([spec], labels=labels), replicas=2)
    child = replicaset(world, parent, replicas=2)
    made = [pod(world, child, one, born=days(5)) for one in nodes]
    front = service(world, "rides", "pricing", dict(labels), port=50050, target=50050)
    slices(world, front, made, number=50050)
    client = container(
        "booking", "registry.rn.example/booking:19", env=env(PRICING_ADDR="pricing:50050")
    )
    caller = deployment(world, "rides", "booking", Template([client], labels=app_labels("booking")))
    one = pod(world, replicaset(world, caller, replicas=1), nodes[1], born=days(5))
    line = 'level=error msg="quote failed" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 10.96.33.4:50050: connect: connection refused\\"" addr=pricing:50050'
    world.log(one, "booking", *((55 - n * 9, line) for n in range(6)), (0.2, line))
    truth(
        world,
        en=["booking gets connection refused from pricing, why?", "Why are there no ride quotes?"],
        zh=["booking 调 pricing 报 connection refused，为什么？", "为什么没有报价"],
        namespace="rides",
        roots=[root("service.target_port_mismatch", front)],
        mention=("50050", "50051"),
        spare=(parent, caller),
        symptoms_ok=["app.dependency_unreachable"],
    )
