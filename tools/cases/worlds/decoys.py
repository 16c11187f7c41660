"""K. Decoys beside the fault."""

from evals.clusters.containers import (
    container,
    http_probe,
    limits,
    port,
    running,
    status,
    terminated,
    waiting,
)
from evals.clusters.events import event, scaled
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    not_available,
    replicaset,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


@case("neighbour-rolls-while-memory-runs-out", fault=99)
def neighbour_rollout(world: World) -> None:
    world.cluster = "docs-saas"
    nodes = pool(world, "ds-1", "ds-2")
    labels = app_labels("exporter")
    calm = container("editor", "registry.ds.example/editor:61", ports=[port(8080)])
    neighbour = deployment(
        world,
        "docs",
        "editor",
        Template([calm], labels=app_labels("editor")),
        replicas=2,
        changed=15,
        revision=61,
    )
    after = replicaset(world, neighbour, replicas=2, born=18, revision=61)
    scaled(world, neighbour, after["metadata"]["name"], 0, 1, 18)
    for one in nodes:
        made = pod(world, after, one, [status(calm, running(world.ago(17)))], born=18)
        event(world, made, "Killing", "Stopping container editor", first=16)
    spec = container(
        "pdf",
        "registry.ds.example/pdf-export:9",
        resources=limits("1", "384Mi", request=("100m", "256Mi")),
    )
    parent = deployment(
        world,
        "docs",
        "pdf-export",
        Template([spec], labels=labels),
        ready=0,
        conditions=[not_available(world, 14)],
    )
    child = replicaset(world, parent, replicas=1, ready=0)
    one = crashing_pod(
        world,
        child,
        nodes[0],
        spec,
        code=137,
        reason="OOMKilled",
        born=days(6),
        restarts=6,
        lived=1.5,
    )
    world.log(one, "pdf", (2.5, "render job 8812 pages=1904"), previous=True)
    truth(
        world,
        en=[
            "PDF export fails since about the time editor was released. Did the release break it?",
            "Why is pdf-export down?",
        ],
        zh=["editor 发布后 PDF 导出就失败了，是发布造成的吗？", "pdf-export 为什么挂了"],
        namespace="docs",
        roots=[root("pod.oom_killed", parent)],
        mention=("384Mi",),
        spare=(neighbour,),
        fix=("fix.memory", parent),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )


@case("forty-seven-old-restarts", fault=100)
def old_restarts(world: World) -> None:
    world.cluster = "sensor-grid"
    nodes = pool(world, "sg-a", "sg-b")
    spec = container("ingest", "registry.sg.example/ingest:3.9", resources=limits("1", "1Gi"))
    scarred = deployment(
        world,
        "grid",
        "ingest",
        Template([spec], labels=app_labels("ingest")),
        replicas=2,
        changed=days(30),
    )
    child = replicaset(world, scarred, replicas=2, born=days(30))
    for one in nodes:
        ended = terminated(137, "OOMKilled", world.ago(days(10)), world.ago(days(9)))
        pod(
            world,
            child,
            one,
            [status(spec, running(world.ago(days(9))), last=ended, restarts=47)],
            born=days(30),
        )
    labels = app_labels("dashboard")
    ui = container(
        "ui",
        "registry.sg.example/dashboard:2",
        ports=[port(8080)],
        envFrom=[{"secretRef": {"name": "dashboard-oidc"}}],
    )
    parent = deployment(
        world,
        "grid",
        "dashboard",
        Template([ui], labels=labels),
        ready=0,
        conditions=[not_available(world, 13)],
    )
    text = 'secret "dashboard-oidc" not found'
    after = replicaset(world, parent, replicas=1, ready=0, born=13)
    one = pod(
        world,
        after,
        nodes[0],
        [status(ui, waiting("CreateContainerConfigError", text), ready=False)],
        born=13,
    )
    event(
        world, one, "Failed", f"Error: {text}", warn=True, first=13, last=0.6, count=60, field="ui"
    )
    truth(
        world,
        en=[
            "The dashboard is down and I see 47 restarts of ingest. Is ingest the cause?",
            "Why is the grid dashboard not up?",
        ],
        zh=[
            "面板打不开，我看到 ingest 重启了 47 次，是它的问题吗？",
            "grid 的 dashboard 为什么起不来",
        ],
        namespace="grid",
        roots=[root("pod.config_ref.secret_missing", parent)],
        mention=("dashboard-oidc",),
        spare=(scarred,),
        symptoms_ok=["deploy.unavailable"],
    )


@case("blips-beside-the-real-thing", fault=101)
def readiness_blip(world: World) -> None:
    world.cluster = "ticket-desk"
    nodes = pool(world, "td-1", "td-2")
    calm = container(
        "desk",
        "registry.td.example/desk:71",
        ports=[port(8080)],
        readinessProbe=http_probe("/ready", 8080),
    )
    noisy = deployment(
        world, "desk", "desk", Template([calm], labels=app_labels("desk")), replicas=2, changed=34
    )
    child = replicaset(world, noisy, replicas=2, born=36)
    for one in nodes:
        made = pod(world, child, one, [status(calm, running(world.ago(35)))], born=36)
        for code, count in ((503, 3), (500, 1)):
            event(
                world,
                made,
                "Unhealthy",
                f"Readiness probe failed: HTTP probe failed with statuscode: {code}",
                warn=True,
                first=35,
                last=34.6,
                count=count,
                field="desk",
            )
        event(
            world,
            made,
            "DNSConfigForming",
            "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: desk.svc.cluster.local svc.cluster.local cluster.local",
            warn=True,
            first=36,
            last=3,
            count=30,
        )
    spec = container(
        "mailer", "registry.td.example/mailer:4", command=["/app/mailerd", "--queue", "smtp"]
    )
    parent = deployment(
        world,
        "desk",
        "mailer",
        Template([spec], labels=app_labels("mailer")),
        ready=0,
        conditions=[not_available(world, 20)],
    )
    after = replicaset(world, parent, replicas=1, ready=0, born=20)
    text = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
        'container process: exec: "/app/mailerd": stat /app/mailerd: no such file or directory: unknown'
    )
    one = crashing_pod(
        world,
        after,
        nodes[1],
        spec,
        code=128,
        reason="StartError",
        message=text,
        born=20,
        restarts=8,
        lived=0,
    )
    event(
        world, one, "Failed", f"Error: {text}", warn=True, first=20, last=2, count=9, field="mailer"
    )
    truth(
        world,
        en=[
            "Mails are not sent from the desk, there are many warnings. Which one matters?",
            "Why does mailer fail?",
        ],
        zh=["工单系统不发邮件，事件里一堆警告，哪个才是真的？", "mailer 为什么失败"],
        namespace="desk",
        roots=[root("pod.start.command_not_found", parent)],
        mention=("/app/mailerd",),
        spare=(noisy,),
        symptoms_ok=["pod.crash_loop", "pod.start.create_error", "deploy.unavailable"],
    )
