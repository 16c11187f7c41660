"""C. Containers that run for a while and end."""

from evals.clusters.containers import (
    container,
    env,
    limits,
    port,
    running,
    status,
    terminated,
)
from evals.clusters.events import event, restarted
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import secret
from evals.clusters.pods import pod
from evals.clusters.series import series
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    healthy_deployment,
    is_available,
    not_available,
    replicaset,
)
from evals.clusters.world import World, days, hours
from tools.cases.telling import case, root, truth


@case("running-again-after-the-kill", fault=24)
def oom_and_back(world: World) -> None:
    _thumbnailer(world, killed=True)


@case("roomy-enough-for-thumbnails", fault=24)
def no_oom(world: World) -> None:
    _thumbnailer(world, killed=False)


def _thumbnailer(world: World, *, killed: bool) -> None:
    world.cluster = "media-sg"
    nodes = pool(world, "sg-n1", "sg-n2", "sg-n3")
    room = "192Mi" if killed else "1Gi"
    spec = container(
        "thumbs", "asia.gcr.io/media/thumbs:0.44.2", ports=[port(7070)],
        resources=limits("1", room, request=("100m", "128Mi")),
    )  # fmt: skip
    template = Template([spec], labels=app_labels("thumbnailer"))
    parent = deployment(world, "media", "thumbnailer", template, replicas=2)
    child = replicaset(world, parent, replicas=2)
    for number, where in enumerate(nodes[:2]):
        times = 4 - number if killed else 0
        ended = (
            terminated(137, "OOMKilled", world.ago(31 + number), world.ago(9 + number))
            if times
            else None
        )
        state = running(world.ago(8.8 + number if times else days(6)))
        one = pod(
            world, child, where, [status(spec, state, last=ended, restarts=times)], born=days(6)
        )
        if times:
            restarted(world, one, spec, 58, 8.8 + number, times=times, crashing=False)
    near = healthy_deployment(world, "media", "albums", "asia.gcr.io/media/albums:3.1.0", nodes[2:])
    en = [
        "Why does thumbnailer restart now and then?",
        "Users report thumbnails failing for a few seconds, several times an hour. Why?",
    ]
    zh = ["thumbnailer 为什么时不时重启？", "缩略图服务一小时挂好几次，原因是什么"]
    if not killed:
        truth(world, en=en, zh=zh, namespace="media", roots=[], spare=(parent, near[0]))
        return
    truth(
        world, en=en, zh=zh, namespace="media", roots=[root("pod.oom_killed", parent)],
        mention=("192Mi",), spare=(near[0],), fix=("fix.memory", parent),
    )  # fmt: skip


@case("killed-pod-was-replaced", fault=25)
def oom_pod_is_gone(world: World) -> None:
    world.cluster = "adtech-use1"
    nodes = pool(world, "ip-172-20-3-9.ec2.internal", "ip-172-20-4-2.ec2.internal")
    spec = container(
        "bidder",
        "registry.ads.example/bidder:2026.6.1",
        resources=limits("2", "1536Mi", request=("1", "1Gi")),
    )
    parent = deployment(
        world, "ads", "bidder", Template([spec], labels=app_labels("bidder")), replicas=2
    )
    child = replicaset(world, parent, replicas=2)
    for where in nodes:
        pod(world, child, where, [status(spec, running(world.ago(22)))], born=22)
    gone = f"{child['metadata']['name']}-{world.letters(5)}"
    text = "Memory cgroup out of memory: Killed process 48211 (bidder) total-vm:4188332kB, anon-rss:1569208kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:3388kB oom_score_adj:972"
    event(world, nodes[0], "OOMKilling", text, warn=True, first=27, last=27)
    event(world, child, "SuccessfulDelete", f"Deleted pod: {gone}", by="replicaset", first=23)
    about = {"namespace": "ads", "pod": gone, "container": "bidder"}

    def memory(minutes: float) -> float:
        return 0.9e9 if minutes > 60 else min(1.6e9, 0.9e9 + (60 - minutes) * 2.2e7)

    def last_reason(minutes: float) -> float:
        return float(minutes < 28)

    series(world, "container_memory_working_set_bytes", "gauge", (about, memory), span=120)
    told = {**about, "reason": "OOMKilled"}
    series(
        world,
        "kube_pod_container_status_last_terminated_reason",
        "gauge",
        (told, last_reason),
        span=40,
    )
    truth(
        world,
        en=[
            "bidder lost requests half an hour ago but everything is running now. What happened?",
            "Why did a bidder pod disappear?",
        ],
        zh=[
            "半小时前 bidder 丢了请求，现在看着正常，当时发生了什么？",
            "bidder 的一个 Pod 为什么没了",
        ],
        namespace="ads",
        roots=[
            root(
                "pod.oom_killed",
                parent,
                child,
                {"kind": "Pod", "metadata": {"name": gone, "namespace": "ads"}},
            )
        ],
        mention=("bidder",),
        fix="none",
    )


@case("heap-grows-all-day", fault=26)
def leak(world: World) -> None:
    world.cluster = "notify-hub"
    nodes = pool(world, "nh-1", "nh-2")
    old = container(
        "push",
        "registry.nh.example/push:1.30.2",
        resources=limits("1", "1Gi", request=("250m", "512Mi")),
    )
    spec = container(
        "push",
        "registry.nh.example/push:1.31.0",
        resources=limits("1", "1Gi", request=("250m", "512Mi")),
    )
    labels = app_labels("push-gateway")
    parent = deployment(
        world,
        "push",
        "push-gateway",
        Template([spec], labels=labels),
        replicas=1,
        revision=14,
        changed=hours(11),
    )
    replicaset(
        world,
        parent,
        replicas=0,
        born=days(15),
        revision=13,
        template=Template([old], labels=labels),
    )
    child = replicaset(world, parent, replicas=1, born=hours(11), revision=14)
    one = pod(world, child, nodes[0], [status(spec, running(world.ago(hours(11))))], born=hours(11))

    def rising(minutes: float) -> float:
        return 1.02e9 - minutes * 1.12e6

    about = {"namespace": "push", "pod": one["metadata"]["name"], "container": "push"}
    series(world, "container_memory_working_set_bytes", "gauge", (about, rising), span=hours(10))
    series(world, "kube_pod_container_resource_limits", "gauge",
           ({**about, "resource": "memory", "unit": "byte"}, lambda _: 1073741824.0), span=60)  # fmt: skip
    sizes = [(minutes, f'{{"level":"info","msg":"gc","heapUsedMB":{int((1.0e9 - minutes * 1.12e6) / 1e6)},"subscriptions":{18000 - int(minutes) * 9}}}')
             for minutes in range(600, 0, -40)]  # fmt: skip
    world.log(one, "push", *sizes)
    truth(
        world,
        en=[
            "push-gateway memory keeps climbing, what is going on?",
            "Will push-gateway survive the night?",
        ],
        zh=["push-gateway 的内存一直在涨，怎么回事？", "push-gateway 内存是不是有泄漏"],
        namespace="push",
        roots=[root("pod.memory_leak pod.memory_near_limit", parent)],
        mention=("1Gi",),
    )


@case("variable-lost-in-the-refactor", fault=27)
def missing_variable(world: World) -> None:
    world.cluster = "travel-core"
    nodes = pool(world, "tc-1", "tc-2")
    labels = app_labels("fares")
    old = container(
        "fares",
        "registry.tc.example/fares:118",
        env=env(FARES_REGION="emea", RATES_URL="http://rates:8080"),
    )
    spec = container("fares", "registry.tc.example/fares:119", env=env(FARES_REGION="emea"))
    parent = deployment(
        world,
        "fares",
        "fares",
        Template([spec], labels=labels),
        replicas=2,
        ready=2,
        updated=1,
        total=3,
        revision=31,
    )
    before = replicaset(
        world,
        parent,
        replicas=2,
        born=days(8),
        revision=30,
        template=Template([old], labels=labels),
    )
    for where in nodes:
        pod(world, before, where, [status(old, running(world.ago(days(8))))], born=days(8))
    after = replicaset(world, parent, replicas=1, ready=0, born=14, revision=31)
    parent["status"]["conditions"] = [
        is_available(world),
        deadline(world, after["metadata"]["name"], 4),
    ]
    one = crashing_pod(world, after, nodes[1], spec, born=14, restarts=7)
    said = (
        "Traceback (most recent call last):",
        '  File "/app/fares/__main__.py", line 41, in <module>',
        "    settings = Settings.from_env()",
        '  File "/app/fares/settings.py", line 17, in from_env',
        '    rates_url=os.environ["RATES_URL"],',
        '  File "<frozen os>", line 714, in __getitem__',
        "KeyError: 'RATES_URL'",
    )
    world.log(one, "fares", *((2.05, line) for line in said))
    world.log(one, "fares", *((2.05, line) for line in said), previous=True)
    truth(
        world,
        en=["Why does the new fares pod crash?", "The fares release hangs, why?"],
        zh=["fares 新版本为什么一直崩溃？", "fares 发布卡住的原因"],
        namespace="fares",
        roots=[root("app.missing_setting", parent)],
        mention=("RATES_URL",),
        fix=("fix.rollback", parent),
        symptoms_ok=["pod.crash_loop", "deploy.progress_deadline"],
    )


@case("certificate-ran-out-at-night", fault=28)
def expired_certificate(world: World) -> None:
    world.cluster = "b2b-gateway"
    nodes = pool(world, "bg-1", "bg-2")
    secret(
        world,
        "partners",
        "edi-client-tls",
        {"tls.crt": "UkVEQUNURUQ=", "tls.key": "UkVEQUNURUQ="},
        kind="kubernetes.io/tls",
        born=days(91),
    )
    near = healthy_deployment(
        world, "partners", "catalog-sync", "registry.bg.example/catalog-sync:0.9", nodes[:1]
    )
    mount = [{"mountPath": "/etc/edi/tls", "name": "tls", "readOnly": True}]
    spec = container(
        "edi", "registry.bg.example/edi-bridge:4.4.0", ports=[port(8443)], volumeMounts=mount
    )
    template = Template(
        [spec],
        labels=app_labels("edi-bridge"),
        volumes=({"name": "tls", "secret": {"secretName": "edi-client-tls"}},),
    )
    parent = deployment(
        world, "partners", "edi-bridge", template, ready=0, conditions=[not_available(world, 47)]
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=days(30))
    one = crashing_pod(world, child, nodes[1], spec, born=47, restarts=13, lived=0.05)
    date = world.moment(47)
    said = (
        (2.1, '{"level":"info","ts":"' + world.ago(2.1) + '","msg":"starting edi-bridge","version":"4.4.0"}'),
        (2.05, '{"level":"fatal","ts":"' + world.ago(2.05) + '","msg":"load client certificate /etc/edi/tls/tls.crt: x509: certificate has expired or is not '
         f'yet valid: current time {world.ago(2)} is after {date:%Y-%m-%dT%H}:00:00Z"}}'),
    )  # fmt: skip
    world.log(one, "edi", *said)
    world.log(one, "edi", *said, previous=True)
    truth(
        world,
        en=[
            "Why is edi-bridge crashing since last night?",
            "Partners cannot send orders. What is wrong with edi-bridge?",
        ],
        zh=["edi-bridge 昨晚开始一直崩溃，为什么？", "合作方的订单进不来，edi-bridge 出了什么问题"],
        namespace="partners",
        roots=[
            root(
                "tls.expiring",
                parent,
                {"kind": "Secret", "metadata": {"name": "edi-client-tls", "namespace": "partners"}},
            )
        ],
        mention=("certificate has expired",),
        spare=(near[0],),
        fix="none",
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )
