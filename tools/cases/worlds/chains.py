"""K. Two faults at once, and faults that follow from one another."""

from evals.clusters.containers import (
    container,
    env,
    http_probe,
    limits,
    port,
    running,
    status,
)
from evals.clusters.events import event, pull_failed
from evals.clusters.lives import cannot_pull, crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import config_map, service, slices
from evals.clusters.parts import condition
from evals.clusters.pods import pod
from evals.clusters.waiting import NO_VICTIMS, never_placed
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    healthy_deployment,
    not_available,
    replicaset,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth
from tools.cases.worlds.refusals import quota


@case("two-teams-two-troubles", fault=102)
def two_faults(world: World) -> None:
    world.cluster = "club-prod"
    nodes = pool(world, "cp-1", "cp-2")
    text = f"0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 {NO_VICTIMS}"
    wide = container(
        "stats", "registry.cp.example/stats:5", resources=limits("", "1Gi", request=("6", "512Mi"))
    )
    first, _ = never_placed(world, "club", "stats", wide, text, since=44)
    spec = container("shop", "registry.cp.example/shop:10.0.0-hotfix", ports=[port(8080)])
    second = deployment(
        world,
        "club",
        "shop",
        Template([spec], labels=app_labels("shop")),
        ready=0,
        revision=11,
        conditions=[not_available(world, 23)],
    )
    child = replicaset(world, second, replicas=1, ready=0, born=23, revision=11)
    one = pod(world, child, nodes[0], [cannot_pull(spec)], born=23)
    pull_failed(
        world,
        one,
        spec,
        'rpc error: code = NotFound desc = failed to pull and unpack image "registry.cp.example/shop:10.0.0-hotfix": registry.cp.example/shop:10.0.0-hotfix: not found',
        23,
        1,
    )
    truth(
        world,
        en=["stats and shop are both down. One cause or two?", "What is broken in club?"],
        zh=["stats 和 shop 都挂了，是同一个原因吗？", "club 里哪些东西坏了"],
        namespace="club",
        roots=[root("pod.unschedulable.cpu", first), root("pod.image_pull.not_found", second)],
        mention=("10.0.0-hotfix",),
        symptoms_ok=["deploy.unavailable", "deploy.progress_deadline"],
    )


@case("behind-the-quota-a-bad-tag", fault=103)
def two_in_a_row(world: World) -> None:
    world.cluster = "grants"
    nodes = pool(world, "gr-1", "gr-2")
    quota(world, "grants", "grants-quota", {"limits.memory": "4Gi"}, {"limits.memory": "3584Mi"})
    resources = limits("500m", "1Gi", request=("100m", "512Mi"))
    spec = container("review", "registry.gr.example/review:0.20", resources=resources)
    healthy_deployment(world, "grants", "intake", "registry.gr.example/intake:7", nodes, style=1)
    parent = deployment(
        world,
        "grants",
        "review",
        Template([spec], labels=app_labels("review")),
        replicas=3,
        ready=0,
        total=2,
        updated=2,
        revision=4,
    )
    why = 'pods "review-x" is forbidden: exceeded quota: grants-quota, requested: limits.memory=1Gi, used: limits.memory=3584Mi, limited: limits.memory=4Gi'
    failure = condition("ReplicaFailure", "True", "FailedCreate", why, world.ago(26))
    child = replicaset(
        world, parent, replicas=3, ready=0, total=2, born=26, revision=4, conditions=[failure]
    )
    parent["status"]["conditions"] = [
        not_available(world, 26),
        failure,
        deadline(world, child["metadata"]["name"], 16),
    ]
    event(
        world,
        child,
        "FailedCreate",
        f"Error creating: {why}",
        by="replicaset",
        warn=True,
        first=26,
        last=1,
        count=19,
    )
    for where in nodes:
        one = pod(world, child, where, [cannot_pull(spec)], born=26)
        pull_failed(
            world,
            one,
            spec,
            'failed to pull and unpack image "registry.gr.example/review:0.20": failed to resolve reference "registry.gr.example/review:0.20": registry.gr.example/review:0.20: not found',
            26,
            2,
        )
    truth(
        world,
        en=[
            "If I raise the quota, will review work?",
            "review has no ready pod. What has to be repaired, in which order?",
        ],
        zh=["把配额调大，review 就能好吗？", "review 一个就绪的 Pod 都没有，要按什么顺序修？"],
        namespace="grants",
        roots=[
            root("pod.image_pull.not_found", parent),
            root("workload.create_refused.quota", parent),
        ],
        mention=("0.20", "grants-quota"),
        symptoms_ok=["deploy.unavailable", "deploy.progress_deadline"],
    )


@case("cache-pulls-down-the-checkout", fault=91)
def cascade(world: World) -> None:
    world.cluster = "market-th"
    nodes = pool(world, "th-1", "th-2")
    spec = container(
        "redis",
        "redis:7.2.6",
        ports=[port(6379)],
        args=["/etc/redis/redis.conf"],
        volumeMounts=[{"mountPath": "/etc/redis", "name": "conf"}],
    )
    config_map(
        world,
        "market",
        "session-cache",
        {"redis.conf": "maxmemory 512mb\nmaxmemory-policy allkeys-lur\n"},
        born=24,
    )
    cache = deployment(
        world,
        "market",
        "session-cache",
        Template(
            [spec],
            labels=app_labels("session-cache"),
            volumes=({"name": "conf", "configMap": {"name": "session-cache"}},),
        ),
        ready=0,
        conditions=[not_available(world, 23)],
    )
    one = crashing_pod(
        world,
        replicaset(world, cache, replicas=1, ready=0, born=24),
        nodes[0],
        spec,
        born=24,
        restarts=9,
        lived=0,
    )
    said = (
        "*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***",
        "Reading the configuration file, at line 2",
        ">>> 'maxmemory-policy allkeys-lur'",
        "argument(s) must be one of the following: volatile-lru, allkeys-lru, noeviction",
    )
    world.log(one, "redis", *((2.01, line) for line in said))
    world.log(one, "redis", *((2.01, line) for line in said), previous=True)
    slices(
        world,
        service(world, "market", "session-cache", {"app": "session-cache"}, port=6379, target=6379),
        [one],
        number=6379,
        unready=(one["metadata"]["name"],),
    )
    spared = []
    for name, needs, line in (
        (
            "auth",
            "session-cache:6379",
            "panic: redis: dial tcp session-cache:6379: connect: connection refused",
        ),
        (
            "checkout",
            "auth:80",
            "error: POST http://auth:80/verify: 503 Service Unavailable, upstream connect error",
        ),
    ):
        app = container(
            name,
            f"registry.th.example/{name}:3",
            ports=[port(8080)],
            env=env(UPSTREAM=needs),
            readinessProbe=http_probe("/ready", 8080),
        )
        parent = deployment(
            world,
            "market",
            name,
            Template([app], labels=app_labels(name)),
            ready=0,
            conditions=[not_available(world, 22)],
        )
        made = pod(
            world,
            replicaset(world, parent, replicas=1, ready=0),
            nodes[1],
            [status(app, running(world.ago(days(5))), ready=False)],
            born=days(5),
            unready_for=22,
        )
        event(
            world,
            made,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            warn=True,
            first=22,
            last=0.3,
            count=130,
            field=name,
        )
        world.log(made, name, *((22 - n * 4, line) for n in range(5)), (0.3, line))
        slices(
            world,
            service(world, "market", name, {"app": name}),
            [made],
            unready=(made["metadata"]["name"],),
        )
        spared.append(parent)
    truth(
        world,
        en=[
            "Customers cannot check out. What is the root cause?",
            "checkout and auth are both unready, where did it begin?",
        ],
        zh=["用户无法结账，根因是什么？", "checkout 和 auth 都没就绪，是从哪里开始坏的？"],
        namespace="market",
        roots=[root("pod.crash_loop", cache)],
        mention=("session-cache", "allkeys-lur"),
        spare=tuple(spared),
        symptoms_ok=[
            "service.endpoints_not_ready",
            "app.dependency_unreachable",
            "pod.probe.readiness_failing",
            "pod.probe.http_status",
            "deploy.unavailable",
        ],
    )
