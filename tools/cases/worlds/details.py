"""Faults whose cause is one detail among many."""

from evals.clusters.containers import (
    container,
    env,
    limits,
    port,
    running,
    status,
    terminated,
)
from evals.clusters.events import pull_failed
from evals.clusters.lives import cannot_pull, crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import config_map, plain, service, slices
from evals.clusters.parts import owner
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    not_available,
    replicaset,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


@case("proxy-needs-a-name-nobody-has", fault=64)
def nginx_upstream(world: World) -> None:
    world.cluster = "portal-be"
    nodes = pool(world, "pb-1", "pb-2")
    spec = container(
        "nginx",
        "nginx:1.27.3-alpine",
        ports=[port(80)],
        volumeMounts=[{"mountPath": "/etc/nginx/conf.d", "name": "conf"}],
    )
    config_map(
        world,
        "portal",
        "edge-conf",
        {"default.conf": "upstream app { server portal-backend:8080; }\n"},
        born=18,
    )
    template = Template(
        [spec],
        labels=app_labels("edge"),
        volumes=({"name": "conf", "configMap": {"name": "edge-conf"}},),
    )
    parent = deployment(
        world, "portal", "edge", template, ready=0, conditions=[not_available(world, 17)]
    )
    one = crashing_pod(
        world,
        replicaset(world, parent, replicas=1, ready=0, born=17),
        nodes[0],
        spec,
        born=17,
        restarts=8,
        lived=0,
    )
    said = (
        "/docker-entrypoint.sh: Configuration complete; ready for start up",
        '2026/05/19 10:10:02 [emerg] 1#1: host not found in upstream "portal-backend:8080" in /etc/nginx/conf.d/default.conf:1',
        'nginx: [emerg] host not found in upstream "portal-backend:8080" in /etc/nginx/conf.d/default.conf:1',
    )
    world.log(one, "nginx", *((2.01, line) for line in said))
    world.log(one, "nginx", *((2.01, line) for line in said), previous=True)
    parts = healthy_deployment(
        world, "portal", "portal-api", "registry.pb.example/portal-api:5", nodes
    )
    slices(
        world, service(world, "portal", "portal-api", {"app": "portal-api"}, port=8080), parts[2:]
    )
    truth(
        world,
        en=["Why does the edge proxy crash?", "portal is offline, what does nginx complain about?"],
        zh=["edge 代理为什么崩溃？", "门户打不开，nginx 报什么错"],
        namespace="portal",
        roots=[root("app.name_unresolved pod.crash_loop app.dependency_unreachable", parent)],
        mention=("portal-backend",),
        spare=(parts[0],),
        symptoms_ok=["deploy.unavailable"],
    )


@case("one-of-three-containers-runs-out", fault=25)
def oom_in_one_of_three(world: World) -> None:
    world.cluster = "signage"
    nodes = pool(world, "si-1", "si-2")
    app = container("player", "registry.si.example/player:4", resources=limits("1", "1Gi"))
    cache = container(
        "cache", "memcached:1.6.32", resources=limits("200m", "64Mi"), args=["-m", "96"]
    )
    agent = container("agent", "registry.si.example/agent:2", resources=limits("100m", "128Mi"))
    helper = {**container("warmup", "busybox:1.36", command=["true"])}
    template = Template([app, cache, agent], init=(helper,), labels=app_labels("signage", 1))
    parent = deployment(world, "signage", "signage", template, replicas=1)
    child = replicaset(world, parent, replicas=1, born=days(2))
    fine = running(world.ago(days(2)))
    ended = terminated(137, "OOMKilled", world.ago(33), world.ago(12))
    done = status(
        helper, terminated(0, "Completed", world.ago(days(2)), world.ago(days(2))), ready=True
    )
    statuses = [
        status(app, fine),
        status(cache, running(world.ago(11.8)), last=ended, restarts=3),
        status(agent, fine),
    ]
    pod(world, child, nodes[0], statuses, init=[done], born=days(2))
    truth(
        world,
        en=[
            "The signage pod shows three restarts, which container and why?",
            "Screens flicker every twenty minutes. Why?",
        ],
        zh=["signage 的 Pod 重启了三次，是哪个容器，为什么？", "屏幕每二十分钟闪一次，原因"],
        namespace="signage",
        roots=[root("pod.oom_killed", parent)],
        mention=("cache", "64Mi"),
        fix=("fix.memory", parent),
    )


@case("cron-pod-cannot-pull", fault=16)
def cron_rate_limited(world: World) -> None:
    world.cluster = "night-jobs"
    nodes = pool(world, "nj-1", "nj-2")
    spec = container("rotate", "alpine:3.20", command=["/scripts/rotate.sh"])
    body = {
        "backoffLimit": 1,
        "completions": 1,
        "parallelism": 1,
        "template": Template([spec], more=(("restartPolicy", "OnFailure"),)).body(),
    }
    cron = plain(
        world, "CronJob", "batch/v1", "rotate-keys", "security",
        spec={"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": body}, "schedule": "*/30 * * * *", "suspend": False},
        status={"active": [{"kind": "Job", "name": "rotate-keys-29514990", "namespace": "security"}], "lastScheduleTime": world.ago(16), "lastSuccessfulTime": world.ago(75)},
    )  # fmt: skip
    job = plain(
        world,
        "Job",
        "batch/v1",
        "rotate-keys-29514990",
        "security",
        spec=body,
        status={"active": 1, "ready": 0, "startTime": world.ago(16)},
        born=16,
    )
    job["metadata"]["ownerReferences"] = [owner(cron)]
    one = pod(world, job, nodes[1], [cannot_pull(spec)], born=16)
    error = 'failed to pull and unpack image "docker.io/library/alpine:3.20": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/alpine/manifests/sha256:beef: 429 Too Many Requests'
    pull_failed(world, one, spec, error, 16, 1)
    truth(
        world,
        en=["Why did rotate-keys not run at the last half hour?", "What blocks the key rotation?"],
        zh=["rotate-keys 上一次为什么没跑成？", "密钥轮换被什么挡住了"],
        namespace="security",
        roots=[root("pod.image_pull.rate_limited", cron, job)],
        mention=("429",),
        fix="none",
    )


@case("cause-stands-forty-lines-above", fault=90)
def early_cause(world: World) -> None:
    world.cluster = "policy-hub"
    nodes = pool(world, "ph-1", "ph-2")
    spec = container(
        "policy",
        "registry.ph.example/policy:31",
        env=env(SPRING_PROFILES_ACTIVE="prod"),
        resources=limits("1", "1Gi"),
    )
    parent = deployment(
        world,
        "policy",
        "policy",
        Template([spec], labels=app_labels("policy")),
        ready=0,
        conditions=[not_available(world, 19)],
    )
    one = crashing_pod(
        world,
        replicaset(world, parent, replicas=1, ready=0, born=19),
        nodes[0],
        spec,
        born=19,
        restarts=7,
        lived=0.5,
    )
    first = "WARN 1 --- [main] c.p.ConfigLoader : environment variable POLICY_ISSUER is not set, using profile 'local'"
    frames = [
        f"\tat org.springframework.beans.factory.support.Stage{n}.resolve(Stage{n}.java:{200 + n})"
        for n in range(42)
    ]
    last = "org.springframework.beans.factory.BeanCreationException: Error creating bean 'tokenVerifier': connect timed out: http://localhost:9999/jwks"
    lines = [
        (2.4, first),
        (2.1, last),
        *((2.1, frame) for frame in frames),
        (2.05, "Application run failed"),
    ]
    world.log(one, "policy", *lines, previous=True)
    truth(
        world,
        en=["Why does policy crash on start? The stack trace is endless.", "policy does not start"],
        zh=["policy 启动就崩溃，堆栈太长看不懂，原因是什么？", "policy 起不来"],
        namespace="policy",
        roots=[root("app.missing_setting", parent)],
        mention=("POLICY_ISSUER",),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )
