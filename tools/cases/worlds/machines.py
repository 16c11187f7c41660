"""H and I. Autoscaling, nodes and jobs."""

from evals.clusters.containers import (
    container,
    env,
    limits,
    port,
    running,
    status,
    terminated,
)
from evals.clusters.events import event, scheduled
from evals.clusters.nodes import lease, lost, node, pool
from evals.clusters.objects import plain, service, slices
from evals.clusters.parts import condition
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deployment,
    healthy_deployment,
    not_available,
    replicaset,
)
from evals.clusters.world import World, days, hours
from tools.cases.telling import case, root, truth


@case("autoscaler-without-requests", fault=71)
def hpa_without_requests(world: World) -> None:
    _scaled_feed(world, requested=False)


@case("autoscaler-with-requests", fault=71)
def hpa_with_requests(world: World) -> None:
    _scaled_feed(world, requested=True)


def _scaled_feed(world: World, *, requested: bool) -> None:
    world.cluster = "social-lab"
    nodes = pool(world, "sl-1", "sl-2")
    resources = limits("1", "512Mi", request=("200m" if requested else "", "256Mi"))
    if not requested:
        resources["limits"].pop("cpu")
    spec = container("feed", "registry.sl.example/feed:50", ports=[port(8080)], resources=resources)
    labels = app_labels("feed")
    parent = deployment(world, "social", "feed", Template([spec], labels=labels), replicas=2)
    child = replicaset(world, parent, replicas=2)
    for one in nodes:
        pod(world, child, one, [status(spec, running(world.ago(days(5))))], born=days(5))
    why = "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container feed of Pod feed-7c9"
    able = condition(
        "AbleToScale",
        "True",
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale",
        world.ago(days(5)),
    )
    active = condition("ScalingActive", "False", "FailedGetResourceMetric", why, world.ago(days(1)))
    fine = condition(
        "ScalingActive",
        "True",
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
        world.ago(days(4)),
    )
    free = condition(
        "ScalingLimited",
        "False",
        "DesiredWithinRange",
        "the desired count is within the acceptable range",
        world.ago(days(4)),
    )
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    now = [
        {
            "type": "Resource",
            "resource": {
                "name": "cpu",
                "current": {"averageUtilization": 41, "averageValue": "82m"},
            },
        }
    ]
    hpa = plain(
        world, "HorizontalPodAutoscaler", "autoscaling/v2", "feed", "social",
        spec={"minReplicas": 2, "maxReplicas": 10, "metrics": [metric], "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "feed"}},
        status={"conditions": [able, fine, free] if requested else [able, active], "currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": now if requested else [{"type": ""}]},
    )  # fmt: skip
    en = ["Why does feed not scale under load?", "The autoscaler of feed shows <unknown>/70%, why?"]
    zh = ["feed 负载高了为什么不扩容？", "feed 的 HPA 显示 <unknown>/70%，怎么回事"]
    if requested:
        truth(world, en=en, zh=zh, namespace="social", roots=[], spare=(parent, hpa))
        return
    event(
        world,
        hpa,
        "FailedGetResourceMetric",
        why.replace("the HPA was unable to compute the replica count: ", ""),
        by="hpa",
        warn=True,
        first=55,
        last=0.3,
        count=218,
    )
    event(
        world,
        hpa,
        "FailedComputeMetricsReplicas",
        "invalid metrics (1 invalid out of 1), first error is: " + why[56:],
        by="hpa",
        warn=True,
        first=55,
        last=0.3,
        count=218,
    )
    truth(
        world, en=en, zh=zh, namespace="social", roots=[root("hpa.requests_missing", hpa, parent)],
        mention=("cpu", "feed"), fix=("fix.resources", parent), symptoms_ok=["hpa.metrics_unavailable"],
    )  # fmt: skip


@case("one-hungry-pod-starves-a-node", fault=75)
def memory_pressure(world: World) -> None:
    world.cluster = "multi-team"
    weak = node(world, "mt-worker-4", memory="7800Mi", pressed="MemoryPressure", pressed_since=14,
                taints=[{"effect": "NoSchedule", "key": "node.kubernetes.io/memory-pressure", "timeAdded": world.ago(14)}])  # fmt: skip
    well = node(world, "mt-worker-5")
    event(
        world,
        weak,
        "NodeHasInsufficientMemory",
        "Node mt-worker-4 status is now: NodeHasInsufficientMemory",
        first=14,
    )
    event(
        world,
        weak,
        "EvictionThresholdMet",
        "Attempting to reclaim memory",
        warn=True,
        first=14,
        last=2,
        count=20,
    )
    spec = container(
        "loader",
        "registry.mt.example/csv-loader:1",
        resources=limits("", "", request=("100m", "128Mi")),
    )
    loader = deployment(
        world, "import", "csv-loader", Template([spec], labels=app_labels("csv-loader"))
    )
    hungry = pod(
        world,
        replicaset(world, loader, replicas=1),
        weak,
        [status(spec, running(world.ago(days(1))))],
        born=days(1),
    )
    victims = []
    for space, name in (("mail", "outbox"), ("crm", "leads"), ("search", "suggest")):
        app = container(
            name,
            f"registry.mt.example/{name}:4",
            resources=limits("", "512Mi", request=("50m", "256Mi")),
        )
        parent = deployment(world, space, name, Template([app], labels=app_labels(name)))
        child = replicaset(world, parent, replicas=1)
        why = f"The node was low on resource: memory. Threshold quantity: 100Mi, available: 81244Ki. Container {name} was using 290112Ki, request is 256Mi, has larger consumption of memory. "
        gone = pod(
            world,
            child,
            weak,
            [status(app, terminated(137, "Error", world.ago(days(2)), world.ago(12)), ready=False)],
            born=days(2),
            unready_for=12,
            phase="Failed",
            reason="Evicted",
            message=why,
        )
        event(world, gone, "Evicted", why, warn=True, first=12)
        pod(world, child, well, [status(app, running(world.ago(11)))], born=11.5)
        victims.append(parent)
    truth(
        world,
        en=[
            "Pods of three teams were evicted within minutes. What do they share?",
            "Why are pods being evicted?",
        ],
        zh=["三个团队的 Pod 几分钟内都被驱逐了，共同原因是什么？", "为什么 Pod 被驱逐"],
        roots=[root("node.memory_pressure pod.memory_leak", weak, loader, hungry)],
        mention=("mt-worker-4",),
        spare=tuple(victims),
        fix="none",
        symptoms_ok=["pod.evicted.node_pressure"],
    )


@case("kubelet-fell-silent", fault=76)
def node_lost(world: World) -> None:
    world.cluster = "rack-7"
    dead = node(world, "rack7-11", version="v1.29.6")
    others = pool(world, "rack7-12", "rack7-13", version="v1.29.6")
    lost(world, dead, 9)
    for one, renewed in ((dead, 9.8), (others[0], 0.1), (others[1], 0.05)):
        lease(world, one["metadata"]["name"], renewed)
    event(
        world, dead, "NodeNotReady", "Node rack7-11 status is now: NodeNotReady", by="node", first=9
    )
    spec = container("api", "registry.rack.example/assets:19", ports=[port(8080)])
    labels = app_labels("assets")
    parent = deployment(
        world,
        "assets",
        "assets",
        Template([spec], labels=labels),
        replicas=3,
        ready=2,
        conditions=[not_available(world, 9)],
    )
    child = replicaset(world, parent, replicas=3, ready=2)
    made = [
        pod(world, child, one, [status(spec, running(world.ago(days(5))))], born=days(5))
        for one in (dead, *others)
    ]
    for flag in made[0]["status"]["conditions"]:
        if flag["type"] in ("Ready", "ContainersReady"):
            flag |= {"status": "False", "lastTransitionTime": world.ago(9)}
    event(world, made[0], "NodeNotReady", "Node is not ready", by="node", warn=True, first=9)
    front = service(world, "assets", "assets", dict(labels))
    slices(world, front, made, unready=(made[0]["metadata"]["name"],))
    truth(
        world,
        en=["Why did assets lose a replica?", "Is something wrong with a machine in rack 7?"],
        zh=["assets 为什么少了一个副本？", "rack7 有机器出问题了吗"],
        roots=[root("node.not_ready", dead)],
        mention=("rack7-11",),
        must_cite=["rack7-11"],
        spare=(parent,),
        fix="none",
        symptoms_ok=["pod.node_lost", "service.endpoints_partial", "deploy.unavailable"],
    )


@case("batch-cannot-reach-its-database", fault=82)
def job_without_database(world: World) -> None:
    world.cluster = "ledger-batch"
    nodes = pool(world, "lb-1", "lb-2")
    near = healthy_deployment(
        world, "close", "audit-ui", "registry.lb.example/audit-ui:2.2", nodes[:1]
    )
    spec = container(
        "close",
        "registry.lb.example/day-close:77",
        env=env(DB_HOST="ledger-db.data.svc", DB_PORT="5433"),
    )
    template = Template([spec], more=(("restartPolicy", "Never"),))
    failed = condition(
        "Failed",
        "True",
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
        world.ago(18),
        lastProbeTime=world.ago(18),
    )
    job = plain(
        world, "Job", "batch/v1", "day-close-0412", "close", born=29,
        spec={"backoffLimit": 3, "completions": 1, "parallelism": 1, "template": template.body()},
        status={"conditions": [failed], "failed": 4, "startTime": world.ago(29), "uncountedTerminatedPods": {}},
    )  # fmt: skip
    for number in range(4):
        at = 28.5 - number * 2.5
        one = pod(
            world,
            job,
            nodes[number % 2],
            [status(spec, terminated(1, "Error", world.ago(at + 0.4), world.ago(at)), ready=False)],
            born=at + 0.5,
            phase="Failed",
        )
        scheduled(world, one, at + 0.5)
        world.log(
            one, "close", (at + 0.4, "day-close 77: closing 2026-04-12"),
            *((at + 0.3 - n * 0.1, "dial tcp 10.96.71.8:5433: connect: connection refused (ledger-db.data.svc:5433), retrying") for n in range(3)),
            (at, "giving up: cannot reach ledger-db.data.svc:5433"),
        )  # fmt: skip
    event(
        world,
        job,
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
        by="job",
        warn=True,
        first=18,
    )
    truth(
        world,
        en=["Why did day-close fail?", "The accounts were not closed today. What happened?"],
        zh=["day-close 为什么失败？", "今天没有日结，发生了什么"],
        namespace="close",
        roots=[root("app.dependency_unreachable", job)],
        mention=("ledger-db.data.svc:5433",),
        spare=(near[0],),
        fix="none",
        symptoms_ok=["job.failed", "pod.exit_nonzero"],
    )


@case("report-cron-was-suspended", fault=83)
def cron_suspended(world: World) -> None:
    world.cluster = "hr-reports"
    pool(world, "hr-1")
    spec = container("report", "registry.hr.example/headcount:3")
    body = {"spec": {"template": Template([spec], more=(("restartPolicy", "OnFailure"),)).body()}}
    cron = plain(
        world, "CronJob", "batch/v1", "headcount", "reports",
        spec={"concurrencyPolicy": "Allow", "jobTemplate": body, "schedule": "0 6 * * 1-5", "suspend": True},
        status={"lastScheduleTime": world.ago(days(9)), "lastSuccessfulTime": world.ago(days(9) - 4)},
    )  # fmt: skip
    truth(
        world,
        en=[
            "Why has the headcount report not run for a week?",
            "No headcount mails any more, why?",
        ],
        zh=["headcount 报表为什么一周没跑了？", "人数统计邮件不发了，原因"],
        namespace="reports",
        roots=[root("cron.suspended", cron)],
        mention=("headcount",),
        fix=("fix.cron", cron),
    )


@case("job-waits-for-its-proxy", fault=84)
def job_never_ends(world: World) -> None:
    world.cluster = "mesh-lab"
    nodes = pool(world, "ml-1")
    main = container("export", "registry.mesh.example/export:5")
    proxy = container(
        "istio-proxy", "docker.io/istio/proxyv2:1.22.3", ports=[port(15090, "http-envoy-prom")]
    )
    job = plain(
        world, "Job", "batch/v1", "export-weekly", "mesh", born=hours(9),
        spec={"backoffLimit": 6, "completions": 1, "parallelism": 1, "template": Template([main, proxy], more=(("restartPolicy", "Never"),)).body()},
        status={"active": 1, "ready": 0, "startTime": world.ago(hours(9))},
    )  # fmt: skip
    done = status(
        main, terminated(0, "Completed", world.ago(hours(9)), world.ago(hours(8.8))), ready=False
    )
    one = pod(
        world, job, nodes[0], [done, status(proxy, running(world.ago(hours(9))))], born=hours(9)
    )
    world.log(one, "export", (hours(8.8), "exported 114022 rows"))
    truth(
        world,
        en=[
            "Why is export-weekly still running after nine hours?",
            "The export wrote its file but the job does not finish",
        ],
        zh=["export-weekly 跑了九个小时为什么还没结束？", "导出文件已经写好了，任务却不结束"],
        namespace="mesh",
        roots=[root("job.never_ends", job)],
        mention=("istio-proxy",),
        fix="none",
    )
