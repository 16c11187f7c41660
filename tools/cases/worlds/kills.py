"""C. Containers that are slowed down or killed by their surroundings."""

from evals.clusters.containers import (
    container,
    env,
    exec_probe,
    http_probe,
    limits,
    port,
    running,
    status,
    terminated,
)
from evals.clusters.events import event, restarted, scaled
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import claim, service, slices, storage_class
from evals.clusters.pods import pod
from evals.clusters.series import series
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    not_available,
    replicaset,
    stateful_set,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


@case("throttled-until-probes-time-out", fault=29)
def throttled(world: World) -> None:
    world.cluster = "search-apac"
    nodes = pool(world, "ap-1", "ap-2")
    spec = container(
        "ranker", "registry.ap.example/ranker:6.0.2", ports=[port(8500)], resources=limits("250m", "2Gi", request=("250m", "1Gi")),
        livenessProbe=http_probe("/live", 8500, timeoutSeconds=1), readinessProbe=http_probe("/ready", 8500, timeoutSeconds=1),
    )  # fmt: skip
    parent = deployment(
        world,
        "search",
        "ranker",
        Template([spec], labels=app_labels("ranker")),
        replicas=2,
        ready=1,
        conditions=[not_available(world, 19)],
    )
    child = replicaset(world, parent, replicas=2, ready=1)
    lines = []
    periods = []
    for number, where in enumerate(nodes):
        one = pod(
            world,
            child,
            where,
            [status(spec, running(world.ago(days(3))), ready=bool(number))],
            born=days(3),
            unready_for=None if number else 19,
        )
        text = 'Readiness probe failed: Get "http://10.60.1.9:8500/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        event(
            world,
            one,
            "Unhealthy",
            text,
            warn=True,
            first=48,
            last=1,
            count=71 - number * 30,
            field="ranker",
        )
        about = {"namespace": "search", "pod": one["metadata"]["name"], "container": "ranker"}
        lines.append((about, lambda minutes: (180 - minutes) * 600 * 0.82))
        periods.append((about, lambda minutes: (180 - minutes) * 600.0))
    series(world, "container_cpu_cfs_throttled_periods_total", "counter", *lines, span=180)
    series(world, "container_cpu_cfs_periods_total", "counter", *periods, span=180)
    truth(
        world,
        en=[
            "Why does ranker fail its probes although it is not crashing?",
            "Search is slow in APAC, what limits ranker?",
        ],
        zh=["ranker 没有崩溃，但健康检查一直超时，为什么？", "搜索变慢，ranker 受什么限制了"],
        namespace="search",
        roots=[root("pod.cpu_throttled", parent)],
        mention=("250m",),
        fix=("fix.cpu", parent),
        symptoms_ok=["pod.probe.timeout", "pod.probe.readiness_failing", "deploy.unavailable"],
    )


@case("wal-filled-the-disk", fault=30)
def volume_full(world: World) -> None:
    world.cluster = "erp-on-prem"
    nodes = pool(world, "erp-1", "erp-2")
    storage_class(world, "ceph-rbd", "rook-ceph.rbd.csi.ceph.com", default=True)
    wanted = claim(world, "erp", "pgdata-erp-db-0", cls="ceph-rbd", size="8Gi", volume="pvc-20ce")
    mount = [{"mountPath": "/var/lib/postgresql/data", "name": "pgdata"}]
    spec = container(
        "postgres",
        "postgres:14.15",
        ports=[port(5432)],
        volumeMounts=mount,
        readinessProbe=exec_probe("pg_isready", "-U", "erp"),
    )
    disk = {"name": "pgdata", "persistentVolumeClaim": {"claimName": "pgdata-erp-db-0"}}
    parent = stateful_set(
        world,
        "erp",
        "erp-db",
        Template([spec], labels=app_labels("erp-db"), volumes=(disk,)),
        ready=0,
    )
    one = crashing_pod(world, parent, nodes[0], spec, born=days(90), restarts=9, ordinal=0)
    said = (
        "2026-07-01 04:11:09.120 UTC [1] LOG:  starting PostgreSQL 14.15 (Debian 14.15-1.pgdg120+1) on x86_64-pc-linux-gnu",
        "2026-07-01 04:11:09.388 UTC [29] LOG:  database system was interrupted while in recovery",
        '2026-07-01 04:11:11.002 UTC [29] FATAL:  could not write to file "pg_wal/xlogtemp.29": No space left on device',
        "2026-07-01 04:11:11.010 UTC [1] LOG:  startup process (PID 29) exited with exit code 1",
        "2026-07-01 04:11:11.010 UTC [1] LOG:  aborting startup due to startup process failure",
    )
    world.log(one, "postgres", *((2.05, line) for line in said))
    world.log(one, "postgres", *((2.05, line) for line in said), previous=True)
    front = service(world, "erp", "erp-db", {"app": "erp-db"}, port=5432, target=5432)
    slices(world, front, [one], number=5432, unready=(one["metadata"]["name"],))
    truth(
        world,
        en=["Why does erp-db keep restarting?", "ERP is down since the night. Why?"],
        zh=["erp-db 为什么反复重启？", "ERP 半夜开始不可用，原因是什么"],
        namespace="erp",
        roots=[root("pvc.nearly_full app.exhausted", wanted, parent)],
        mention=("No space left on device",),
        symptoms_ok=["pod.crash_loop", "service.endpoints_not_ready"],
    )


@case("new-codec-segfaults", fault=31)
def segfault(world: World) -> None:
    world.cluster = "voip-eu"
    nodes = pool(world, "ve-1", "ve-2", "ve-3")
    labels = app_labels("mixer", 2)
    old = container("mixer", "registry.ve.example/mixer:7.3.1", ports=[port(5060)])
    spec = container("mixer", "registry.ve.example/mixer:7.4.0", ports=[port(5060)])
    parent = deployment(
        world,
        "voip",
        "mixer",
        Template([spec], labels=labels),
        replicas=3,
        ready=0,
        revision=22,
        conditions=[not_available(world, 25)],
    )
    replicaset(
        world,
        parent,
        replicas=0,
        born=days(33),
        revision=21,
        template=Template([old], labels=labels),
    )
    after = replicaset(world, parent, replicas=3, ready=0, born=27, revision=22)
    scaled(world, parent, after["metadata"]["name"], 0, 3, 27)
    for where in nodes:
        one = crashing_pod(world, after, where, spec, code=139, born=27, restarts=9, lived=0.4)
        said = (
            (2.4, "mixer 7.4.0 (opus 1.5.2) listening udp :5060"),
            (2.1, "codec: opus fec enabled"),
        )
        world.log(one, "mixer", *said, previous=True)
    truth(
        world,
        en=[
            "mixer crashes since the upgrade and the log shows no error. Why?",
            "Calls are silent, what is broken in voip?",
        ],
        zh=["mixer 升级后一直崩溃，日志里又没有错误，为什么？", "电话没有声音，voip 出了什么问题"],
        namespace="voip",
        roots=[root("pod.native_crash", parent)],
        mention=("139", "7.4.0"),
        fix=("fix.rollback", parent),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )


@case("migration-kept-as-a-server", fault=32)
def exits_zero(world: World) -> None:
    world.cluster = "startup-one"
    nodes = pool(world, "do-pool-1-a", "do-pool-1-b", version="v1.32.2")
    healthy_deployment(world, "default", "web", "registry.digitalocean.com/one/web:551", nodes)
    spec = container(
        "migrate",
        "registry.digitalocean.com/one/web:551",
        command=["python", "manage.py", "migrate", "--noinput"],
    )
    parent = deployment(
        world,
        "default",
        "db-migrate",
        Template([spec], labels=app_labels("db-migrate")),
        ready=0,
        conditions=[not_available(world, 50)],
        born=51,
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=51, revision=1)
    one = crashing_pod(
        world, child, nodes[0], spec, code=0, reason="Completed", born=51, restarts=14
    )
    said = (
        "Operations to perform:",
        "  Apply all migrations: admin, auth, contenttypes, sessions, shop",
        "Running migrations:",
        "  No migrations to apply.",
    )
    world.log(one, "migrate", *((2.05, line) for line in said))
    world.log(one, "migrate", *((2.05, line) for line in said), previous=True)
    truth(
        world,
        en=[
            "Why is db-migrate in CrashLoopBackOff when its log looks fine?",
            "db-migrate never becomes ready",
        ],
        zh=["db-migrate 日志没有报错，为什么还是 CrashLoopBackOff？", "db-migrate 一直没有就绪"],
        namespace="default",
        roots=[root("pod.exit_zero_loop", parent)],
        mention=("exit", "0", "db-migrate"),
        fix="none",
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )


@case("killed-but-not-for-memory", fault=33)
def liveness_kill(world: World) -> None:
    world.cluster = "gis-de"
    nodes = pool(world, "gd-1", "gd-2")
    probe = http_probe("/healthz", 8080, periodSeconds=5, failureThreshold=2)
    spec = container(
        "router",
        "registry.gd.example/route-planner:3.3.3",
        ports=[port(8080)],
        resources=limits("2", "4Gi", request=("1", "2Gi")),
        livenessProbe=probe,
    )
    parent = deployment(
        world,
        "routing",
        "route-planner",
        Template([spec], labels=app_labels("route-planner")),
        replicas=2,
    )
    child = replicaset(world, parent, replicas=2)
    for number, where in enumerate(nodes):
        ended = terminated(137, "Error", world.ago(26 + number), world.ago(7 + number))
        one = pod(
            world,
            child,
            where,
            [status(spec, running(world.ago(6.8 + number)), last=ended, restarts=5)],
            born=days(4),
        )
        text = 'Liveness probe failed: Get "http://10.77.2.14:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        event(
            world,
            one,
            "Unhealthy",
            text,
            warn=True,
            first=57,
            last=7.5 + number,
            count=10,
            field="router",
        )
        event(
            world,
            one,
            "Killing",
            "Container router failed liveness probe, will be restarted",
            first=56,
            last=7.4 + number,
            count=5,
            field="router",
        )
        restarted(world, one, spec, 56, 6.9 + number, times=5, crashing=False)
        world.log(
            one,
            "router",
            (25, "[gc] Pause Full (Allocation Failure) 3521M->1180M(3600M) 14822.401ms"),
            (7.8, "[gc] Pause Full (Allocation Failure) 3544M->1192M(3600M) 15110.774ms"),
            previous=True,
        )
    truth(
        world,
        en=[
            "route-planner exits with 137. Is it out of memory?",
            "Why does route-planner restart?",
        ],
        zh=["route-planner 退出码 137，是内存不够吗？", "route-planner 为什么重启"],
        namespace="routing",
        roots=[root("pod.probe.liveness_kills", parent)],
        mention=("137", "liveness"),
        fix=("fix.probe", parent),
        symptoms_ok=["pod.killed_not_oom", "pod.restart_storm", "pod.probe.timeout"],
        must_not_say=["pod.oom_killed"],
    )


@case("debug-logs-filled-the-scratch-disk", fault=34)
def own_storage(world: World) -> None:
    world.cluster = "etl-weekly"
    nodes = pool(world, "etl-1", "etl-2")
    resources = {
        "limits": {"ephemeral-storage": "2Gi", "memory": "2Gi"},
        "requests": {"ephemeral-storage": "1Gi", "memory": "1Gi"},
    }
    spec = container(
        "enrich", "registry.etl.example/enrich:90", resources=resources, env=env(LOG_LEVEL="DEBUG")
    )
    parent = deployment(
        world, "etl", "enrich", Template([spec], labels=app_labels("enrich")), changed=days(1)
    )
    child = replicaset(world, parent, replicas=1, born=days(1))
    for number, (born, text) in enumerate(((95, "2301Mi"), (58, "2277Mi"), (33, "2290Mi"))):
        why = (
            f"Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. Current usage is {text}. "
            if number == 1
            else 'Container enrich exceeded its local ephemeral storage limit "2Gi". '
        )
        ended = terminated(137, "Error", world.ago(born - 1), world.ago(born - 24))
        gone = pod(
            world,
            child,
            nodes[number % 2],
            [status(spec, ended, ready=False)],
            born=born,
            unready_for=born - 24,
            phase="Failed",
            reason="Evicted",
            message=why,
        )
        event(world, gone, "Evicted", why, warn=True, first=born - 23)
    pod(world, child, nodes[1], [status(spec, running(world.ago(8)))], born=9)
    truth(
        world,
        en=[
            "Why do enrich pods get evicted all the time?",
            "enrich loses its pods every half hour. Are the nodes full?",
        ],
        zh=["enrich 的 Pod 为什么老是被驱逐？", "etl 的 Pod 半小时就没一个，是节点磁盘满了吗"],
        namespace="etl",
        roots=[root("pod.evicted.own_storage", parent)],
        mention=("2Gi",),
        spare=(nodes[0], nodes[1]),
    )
