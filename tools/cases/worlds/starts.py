"""B. Containers that cannot begin."""

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
from evals.clusters.events import event, restarted, scheduled
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import claim, config_map, plain, service, slices, storage_class
from evals.clusters.parts import owner
from evals.clusters.pods import pod
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


@case("init-calls-crul", fault=19)
def init_typo(world: World) -> None:
    world.cluster = "hr-suite"
    nodes = pool(world, "hr-w1", "hr-w2")
    script = "set -e\necho waiting for payroll-config\ncrul -fsS http://payroll-config/ready\n"
    init = container("wait-for-config", "alpine/curl:8.10.0", command=["/bin/sh", "-c", script])
    main = container("payroll", "registry.hr.example/payroll:5.2.0", ports=[port(8080)])
    template = Template([main], init=(init,), labels=app_labels("payroll"))
    parent = deployment(
        world, "hr", "payroll", template, ready=0, revision=9,
        conditions=[not_available(world, 23), deadline(world, "payroll-x", 13)],
    )  # fmt: skip
    child = replicaset(world, parent, replicas=1, ready=0, born=24, revision=9)
    waits = [status(main, waiting("PodInitializing"), ready=False)]
    one = pod(world, child, nodes[0], waits, init=[], born=24, phase="Pending")
    about = one["metadata"]
    one["status"]["conditions"][0].update(
        {"status": "False", "reason": "ContainersNotInitialized",
         "message": "containers with incomplete status: [wait-for-config]"}
    )  # fmt: skip
    state = back_off(about["name"], "hr", about["uid"], "wait-for-config")
    ended = terminated(127, "Error", world.ago(3.1), world.ago(3.1))
    one["status"]["initContainerStatuses"] = [
        status(init, state, last=ended, restarts=8, ready=False)
    ]
    restarted(world, one, init, 24, 3.2, times=9)
    lines = ((3.2, "waiting for payroll-config"), (3.15, "/bin/sh: crul: not found"))
    world.log(one, "wait-for-config", *lines)
    world.log(one, "wait-for-config", *lines, previous=True)
    configured = healthy_deployment(
        world, "hr", "payroll-config", "registry.hr.example/payroll-config:1.3", nodes[1:]
    )
    truth(
        world,
        en=["Why is payroll stuck in Init?", "payroll has not started for 20 minutes"],
        zh=["payroll 为什么卡在 Init 状态？", "hr 的工资服务起不来，Init:CrashLoopBackOff"],
        namespace="hr",
        roots=[root("pod.start.command_not_found", parent)],
        mention=("127", "crul", "wait-for-config"),
        spare=(configured[0],),
        fix=("fix.command", parent),
        symptoms_ok=[
            "pod.init_blocked",
            "deploy.unavailable",
            "deploy.progress_deadline",
            "pod.crash_loop",
        ],
    )


@case("nightly-script-does-not-parse", fault=20)
def job_syntax_error(world: World) -> None:
    world.cluster = "warehouse"
    nodes = pool(world, "wh-1", "wh-2")
    healthy_deployment(
        world, "stock", "inventory", "registry.wh.example/inventory:8.8.1", nodes, style=2
    )
    script = 'for table in orders items; do\n  pg_dump -t $table "$DATABASE" > /backup/$table.sql\n'
    spec = container("dump", "postgres:16.4", command=["sh", "-c", script])
    template = Template([spec], more=(("restartPolicy", "Never"),))
    job_template = {"spec": {"backoffLimit": 2, "template": template.body()}}
    cron = plain(
        world, "CronJob", "batch/v1", "nightly-dump", "stock",
        spec={"concurrencyPolicy": "Forbid", "jobTemplate": job_template, "schedule": "15 2 * * *", "suspend": False},
        status={"lastScheduleTime": world.ago(32), "lastSuccessfulTime": world.ago(days(1) + 32)},
    )  # fmt: skip
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": world.ago(30),
              "lastProbeTime": world.ago(30), "message": "Job has reached the specified backoff limit"}  # fmt: skip
    job = plain(
        world, "Job", "batch/v1", "nightly-dump-29512455", "stock", born=32,
        spec={"backoffLimit": 2, "completions": 1, "parallelism": 1, "template": template.body()},
        status={"conditions": [failed], "failed": 3, "startTime": world.ago(32)},
    )  # fmt: skip
    job["metadata"]["ownerReferences"] = [owner(cron)]
    for attempt in range(3):
        at = 31.8 - attempt * 0.5
        ended = terminated(2, "Error", world.ago(at), world.ago(at))
        one = pod(
            world, job, nodes[0], [status(spec, ended, ready=False)], born=at + 0.1, phase="Failed"
        )
        world.log(
            one, "dump", (at, 'sh: 3: Syntax error: end of file unexpected (expecting "done")')
        )
    event(
        world,
        job,
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
        by="job",
        warn=True,
        first=30,
    )
    truth(
        world,
        en=["Why did last night's dump fail?", "nightly-dump failed, what happened?"],
        zh=["昨晚的备份任务为什么失败？", "nightly-dump 失败的原因是什么"],
        namespace="stock",
        roots=[root("job.failed", job, cron)],
        mention=("Syntax error", "nightly-dump"),
        fix="none",
        symptoms_ok=["pod.exit_nonzero"],
    )


@case("mounted-script-without-x-bit", fault=21)
def not_executable(world: World) -> None:
    world.cluster = "legacy-lift"
    nodes = pool(world, "ll-a", "ll-b", version="v1.28.11")
    config_map(
        world, "mail", "relay-scripts", {"start.sh": "#!/bin/sh\nexec postfix start-fg\n"}, born=12
    )
    mount = {"mountPath": "/opt/scripts", "name": "scripts"}
    spec = container(
        "relay",
        "registry.ll.example/postfix:3.9.1",
        command=["/opt/scripts/start.sh"],
        volumeMounts=[mount],
    )
    scripts = {"name": "scripts", "configMap": {"name": "relay-scripts", "defaultMode": 420}}
    template = Template([spec], labels=app_labels("relay", 1), volumes=(scripts,))
    parent = deployment(
        world,
        "mail",
        "relay",
        template,
        ready=0,
        born=12,
        revision=1,
        conditions=[not_available(world, 12)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=12, revision=1)
    text = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to "
        'start container process: exec: "/opt/scripts/start.sh": permission denied: unknown'
    )
    one = crashing_pod(
        world,
        child,
        nodes[0],
        spec,
        code=126,
        reason="StartError",
        message=text,
        born=12,
        restarts=6,
        lived=0,
    )
    event(
        world, one, "Failed", f"Error: {text}", warn=True, first=12, last=2, count=7, field="relay"
    )
    truth(
        world,
        en=["Why does the mail relay not start?", "relay keeps crashing right away, what is it?"],
        zh=["mail 的 relay 为什么启动不了？", "relay 一启动就失败"],
        namespace="mail",
        roots=[root("pod.start.not_executable", parent)],
        mention=("/opt/scripts/start.sh",),
        fix="none",
        symptoms_ok=["pod.crash_loop", "pod.start.create_error", "deploy.unavailable"],
    )


@case("root-image-in-a-non-root-pod", fault=22)
def non_root_refused(world: World) -> None:
    world.cluster, world.layout = "fintech-nl", "list"
    nodes = pool(world, "nl-1", "nl-2", version="v1.32.1")
    near = healthy_deployment(world, "kyc", "uploads", "registry.nl.example/uploads:2.0.1", nodes)
    spec = container("web", "nginx:1.27.2", ports=[port(80, "http")])
    hardened = (
        ("securityContext", {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}),
    )
    template = Template([spec], labels=app_labels("portal", 1), more=hardened)
    parent = deployment(
        world,
        "kyc",
        "portal",
        template,
        replicas=2,
        ready=0,
        born=19,
        revision=1,
        conditions=[not_available(world, 19)],
    )
    child = replicaset(world, parent, replicas=2, ready=0, born=19, revision=1)
    for where in nodes:
        one = pod(world, child, where, [], born=19, phase="Pending")
        about = one["metadata"]
        text = (
            "container has runAsNonRoot and image will run as root "
            f'(pod: "{about["name"]}_kyc({about["uid"]})", container: web)'
        )
        one["status"]["containerStatuses"] = [
            status(spec, waiting("CreateContainerConfigError", text), ready=False)
        ]
        scheduled(world, one, 19)
        event(
            world,
            one,
            "Failed",
            f"Error: {text}",
            warn=True,
            first=19,
            last=1,
            count=85,
            field="web",
        )
    truth(
        world,
        en=["Why does the kyc portal not come up?", "portal pods show CreateContainerConfigError"],
        zh=[
            "kyc 的 portal 为什么起不来？",
            "portal 报 CreateContainerConfigError 是什么意思，怎么解决",
        ],
        namespace="kyc",
        roots=[root("pod.start.non_root_refused", parent)],
        mention=("runAsNonRoot",),
        spare=(near[0],),
        fix="none",
        symptoms_ok=["deploy.unavailable"],
    )


@case("database-will-not-run-as-root", fault=23)
def postgres_as_root(world: World) -> None:
    world.cluster = "campus"
    nodes = pool(world, "campus-1", "campus-2")
    storage_class(world, "local-path", "rancher.io/local-path", default=True)
    claim(world, "enrol", "data-enrol-db-0", cls="local-path", volume="pvc-7d1")
    mount = [{"mountPath": "/var/lib/postgresql/data", "name": "data"}]
    spec = container(
        "postgres",
        "postgres:15.10",
        ports=[port(5432)],
        volumeMounts=mount,
        securityContext={"runAsUser": 0},
        command=["postgres"],
    )
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": "data-enrol-db-0"}}
    db = stateful_set(
        world,
        "enrol",
        "enrol-db",
        Template([spec], labels=app_labels("enrol-db"), volumes=(disk,)),
        ready=0,
    )
    crashed = crashing_pod(world, db, nodes[0], spec, born=41, restarts=12, ordinal=0)
    said = (
        '"root" execution of the PostgreSQL server is not permitted.',
        "The server must be started under an unprivileged user ID to prevent",
        "possible system security compromise.  See the documentation for",
        "more information on how to properly start the server.",
    )
    world.log(crashed, "postgres", *((2.1, line) for line in said))
    world.log(crashed, "postgres", *((2.1, line) for line in said), previous=True)
    front = service(world, "enrol", "enrol-db", {"app": "enrol-db"}, port=5432, target=5432)
    slices(world, front, [crashed], number=5432, unready=(crashed["metadata"]["name"],))
    web = container(
        "portal", "registry.campus.example/enrol-portal:11.0", ports=[port(8080)], resources=limits("1", "1Gi"),
        env=env(SPRING_DATASOURCE_URL="jdbc:postgresql://enrol-db:5432/enrol"),
        readinessProbe=http_probe("/actuator/health/readiness", 8080, timeoutSeconds=3),
    )  # fmt: skip
    app = deployment(
        world,
        "enrol",
        "enrol-portal",
        Template([web], labels=app_labels("enrol-portal")),
        ready=0,
        conditions=[not_available(world, 38)],
    )
    child = replicaset(world, app, replicas=1, ready=0)
    one = pod(
        world,
        child,
        nodes[1],
        [status(web, running(world.ago(days(6))), ready=False)],
        born=days(6),
        unready_for=38,
    )
    probe = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    event(world, one, "Unhealthy", probe, warn=True, first=38, last=0.5, count=210, field="portal")
    refused = (
        "ERROR 1 --- [onnection adder] c.z.h.p.HikariPool : HikariPool-1 - Connection is not available, request timed out after 30001ms.",
        "org.postgresql.util.PSQLException: Connection to enrol-db:5432 refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.",
    )
    world.log(one, "portal", *((38 - step * 7, line) for step in range(5) for line in refused))
    truth(
        world,
        en=[
            "The enrolment portal times out, why?",
            "enrol-portal is not ready. What is the real cause?",
        ],
        zh=["选课系统一直超时，根本原因是什么？", "enrol-portal 没有就绪，为什么？"],
        namespace="enrol",
        roots=[root("pod.crash_loop", db)],
        mention=("not permitted", "enrol-db"),
        must_cite=["execution of the PostgreSQL server is not permitted"],
        spare=(app,),
        fix="none",
        symptoms_ok=[
            "service.endpoints_not_ready",
            "app.dependency_unreachable",
            "pod.probe.readiness_failing",
            "deploy.unavailable",
            "pod.probe.http_status",
        ],
    )
