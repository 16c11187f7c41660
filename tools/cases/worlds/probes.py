"""D. Probes that ask at the wrong door, or too early."""

from evals.clusters.containers import (
    container,
    http_probe,
    limits,
    port,
    running,
    status,
    tcp_probe,
)
from evals.clusters.events import event
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import service, slices
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    is_available,
    not_available,
    replicaset,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


@case("probe-knocks-next-door", fault=36)
def wrong_probe_port(world: World) -> None:
    _greeter(world, 8081)


@case("probe-knocks-at-home", fault=36)
def right_probe_port(world: World) -> None:
    _greeter(world, 3000)


def _greeter(world: World, asked: int) -> None:
    world.cluster = "events-mx"
    nodes = pool(world, "mx-1", "mx-2")
    wrong = asked != 3000
    spec = container(
        "api",
        "registry.mx.example/tickets:2.7.0",
        ports=[port(3000)],
        readinessProbe=http_probe("/health", asked),
    )
    labels = app_labels("tickets", 1)
    parent = deployment(world, "events", "tickets", Template([spec], labels=labels), replicas=2, ready=0 if wrong else 2,
                        conditions=[not_available(world, 35), deadline(world, "x", 25)] if wrong else None)  # fmt: skip
    child = replicaset(world, parent, replicas=2, ready=0 if wrong else 2, born=36)
    made = []
    for where in nodes:
        one = pod(
            world, child, where, [status(spec, running(world.ago(35)), ready=not wrong)], born=36
        )
        world.log(
            one,
            "api",
            (35, "> tickets@2.7.0 start"),
            (34.9, "> node dist/main.js"),
            (34.8, "[Nest] 1  - LOG [NestApplication] Nest application successfully started"),
            (34.8, "[Nest] 1  - LOG listening on http://0.0.0.0:3000"),
        )
        if wrong:
            text = f'Readiness probe failed: Get "http://10.55.1.7:{asked}/health": dial tcp 10.55.1.7:{asked}: connect: connection refused'
            event(
                world, one, "Unhealthy", text, warn=True, first=35, last=0.3, count=211, field="api"
            )
        made.append(one)
    front = service(world, "events", "tickets", dict(labels), target=3000)
    slices(
        world,
        front,
        made,
        number=3000,
        unready=tuple(one["metadata"]["name"] for one in made) if wrong else (),
    )
    en = [
        "Why is tickets running but not ready?",
        "The ticket shop answers 503, the pods look fine. Why?",
    ]
    zh = ["tickets 的 Pod 在运行但一直没有就绪，为什么？", "票务站返回 503，Pod 看着正常，怎么回事"]
    if not wrong:
        truth(world, en=en, zh=zh, namespace="events", roots=[], spare=(parent,))
        return
    truth(
        world, en=en, zh=zh, namespace="events", roots=[root("pod.probe.port_mismatch", parent)],
        mention=("8081", "3000"), fix=("fix.probe", parent),
        symptoms_ok=["pod.probe.readiness_failing", "service.endpoints_not_ready", "deploy.unavailable"],
    )  # fmt: skip


@case("health-page-moved", fault=37)
def probe_path_404(world: World) -> None:
    world.cluster = "lms-cn"
    nodes = pool(world, "cn-bj-1", "cn-bj-2")
    labels = app_labels("course-api")
    probes = {"readinessProbe": http_probe("/healthz", "http"), "livenessProbe": tcp_probe("http")}
    old = container(
        "api", "registry.lms.example/course-api:1.9.4", ports=[port(8000, "http")], **probes
    )
    spec = container(
        "api", "registry.lms.example/course-api:2.0.0", ports=[port(8000, "http")], **probes
    )
    parent = deployment(
        world,
        "lms",
        "course-api",
        Template([spec], labels=labels),
        replicas=2,
        ready=2,
        updated=1,
        total=3,
        revision=17,
    )
    before = replicaset(
        world,
        parent,
        replicas=2,
        born=days(10),
        revision=16,
        template=Template([old], labels=labels),
    )
    serving = [
        pod(world, before, where, [status(old, running(world.ago(days(10))))], born=days(10))
        for where in nodes
    ]
    after = replicaset(world, parent, replicas=1, ready=0, born=18, revision=17)
    parent["status"]["conditions"] = [
        is_available(world),
        deadline(world, after["metadata"]["name"], 8),
    ]
    one = pod(world, after, nodes[0], [status(spec, running(world.ago(18)), ready=False)], born=18)
    event(
        world,
        one,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 404",
        warn=True,
        first=17.8,
        last=0.2,
        count=107,
        field="api",
    )
    world.log(
        one,
        "api",
        (18, "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)"),
        *(
            (17.8 - n * 4, 'INFO:     10.33.0.1:40112 - "GET /healthz HTTP/1.1" 404 Not Found')
            for n in range(4)
        ),
        (0.2, 'INFO:     10.33.0.1:40112 - "GET /healthz HTTP/1.1" 404 Not Found'),
    )
    front = service(world, "lms", "course-api", dict(labels), target="http")
    slices(world, front, [*serving, one], number=8000, unready=(one["metadata"]["name"],))
    truth(
        world,
        en=[
            "Why does course-api 2.0.0 not become ready?",
            "The lms rollout waits for something, for what?",
        ],
        zh=["course-api 2.0.0 为什么一直不就绪？", "lms 的发布在等什么"],
        namespace="lms",
        roots=[root("pod.probe.http_status", parent)],
        mention=("404", "/healthz"),
        must_cite=["statuscode: 404"],
        fix=("fix.probe", parent),
        symptoms_ok=[
            "deploy.progress_deadline",
            "pod.probe.readiness_failing",
            "service.endpoints_partial",
        ],
    )


@case("boots-slower-than-liveness-waits", fault=38)
def startup_budget(world: World) -> None:
    world.cluster = "bank-core-dr"
    nodes = pool(world, "dr-1", "dr-2")
    liveness = http_probe(
        "/actuator/health/liveness", 8080, initialDelaySeconds=30, periodSeconds=10
    )
    spec = container(
        "core",
        "registry.bank.example/core-ledger:24.2",
        ports=[port(8080)],
        livenessProbe=liveness,
        resources=limits("2", "4Gi", request=("1", "3Gi")),
    )
    parent = deployment(
        world,
        "core",
        "core-ledger",
        Template([spec], labels=app_labels("core-ledger", 2)),
        ready=0,
        born=22,
        revision=1,
        conditions=[not_available(world, 22), deadline(world, "x", 12)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=22, revision=1)
    one = crashing_pod(world, child, nodes[0], spec, code=143, born=22, restarts=7, lived=1.1)
    text = 'Liveness probe failed: Get "http://10.9.4.4:8080/actuator/health/liveness": dial tcp 10.9.4.4:8080: connect: connection refused'
    event(world, one, "Unhealthy", text, warn=True, first=21.2, last=2.2, count=24, field="core")
    event(
        world,
        one,
        "Killing",
        "Container core failed liveness probe, will be restarted",
        first=20.9,
        last=2.1,
        count=8,
        field="core",
    )
    said = (
        (3.1, "  .   ____          _            __ _ _"),
        (
            3.05,
            "INFO 1 --- [main] c.b.core.LedgerApplication : Starting LedgerApplication v24.2 using Java 21.0.5",
        ),
        (2.6, "INFO 1 --- [main] o.h.tool.schema.Action : Validating 412 tables"),
        (2.15, "INFO 1 --- [main] c.b.core.WarmUp : loading reference data, 38% done"),
    )
    world.log(one, "core", *said, previous=True)
    truth(
        world,
        en=[
            "Why does core-ledger never finish starting?",
            "core-ledger restarts about once a minute in DR. Why?",
        ],
        zh=["core-ledger 为什么总是启动到一半就重启？", "灾备环境的核心账务一分钟重启一次，原因"],
        namespace="core",
        roots=[root("pod.probe.startup_budget pod.probe.liveness_kills", parent)],
        mention=("core-ledger", "143"),
        fix=("fix.probe", parent),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable", "deploy.progress_deadline"],
    )
