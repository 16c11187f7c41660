"""A. Pods the API server refuses to create: quotas, limits, Pod Security, identity."""

from evals.clusters.containers import container, limits, port, running, status
from evals.clusters.events import event, scaled
from evals.clusters.nodes import pool
from evals.clusters.objects import account, plain, service
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
    stateful_set,
)
from evals.clusters.world import Json, World, days, labelled
from tools.cases.telling import case, root, truth


def quota(world: World, namespace: str, name: str, hard: Json, used: Json) -> Json:
    status = {"hard": hard, "used": used}
    return plain(world, "ResourceQuota", "v1", name, namespace, spec={"hard": hard}, status=status)


def _refused(
    world: World,
    namespace: str,
    name: str,
    template: Template,
    why: str,
    *,
    since: float,
    replicas: int = 2,
) -> tuple[Json, Json]:
    """A new Deployment whose ReplicaSet may not create a single pod. `why` has {pod} in it."""
    example = why.format(pod=f"{name}-{world.letters(10)}-{world.letters(5)}")
    parent = deployment(
        world, namespace, name, template, replicas=replicas, ready=0, updated=0, total=0,
        born=since + 0.1, revision=1,
    )  # fmt: skip
    at = world.ago(since)
    failure = condition("ReplicaFailure", "True", "FailedCreate", example, at)
    child = replicaset(
        world,
        parent,
        replicas=replicas,
        ready=0,
        total=0,
        born=since,
        revision=1,
        conditions=[failure],
    )
    parent["status"]["conditions"] = [
        not_available(world, since),
        {**failure, "lastUpdateTime": at},
        progressing(world, child["metadata"]["name"], since),
    ]
    scaled(world, parent, child["metadata"]["name"], 0, replicas, since)
    event(
        world, child, "FailedCreate", f"Error creating: {example}",
        by="replicaset", warn=True, first=since, last=0.8, count=int(since / 2) + 8,
    )  # fmt: skip
    return parent, child


@case("quota-wants-limits", fault=5)
def limits_required(world: World) -> None:
    _notifier(world, limited=False)


@case("quota-gets-its-limits", fault=5)
def limits_given(world: World) -> None:
    _notifier(world, limited=True)


def _notifier(world: World, *, limited: bool) -> None:
    world.cluster = "shared-dev"
    nodes = pool(world, "dev-node-a", "dev-node-b")
    used = {
        "limits.cpu": "3",
        "limits.memory": "3Gi",
        "requests.cpu": "700m",
        "requests.memory": "1536Mi",
    }
    hard = {
        "limits.cpu": "16",
        "limits.memory": "32Gi",
        "requests.cpu": "8",
        "requests.memory": "16Gi",
    }
    quota(world, "crm", "compute-resources", hard, used)
    near = healthy_deployment(world, "crm", "contacts", "docker.io/crmco/contacts:6.3.0", nodes)
    resources = limits("500m", "512Mi", request=("100m", "256Mi")) if limited else {}
    spec = container(
        "notifier", "docker.io/crmco/notifier:1.0.0", ports=[port(3000)], resources=resources
    )
    template = Template([spec], labels=app_labels("notifier"))
    en = [
        "I deployed notifier but there are no pods at all. Why?",
        "Why does crm have no notifier running?",
    ]
    zh = ["notifier 部署了，但是一个 Pod 都没有，为什么？", "crm 的通知服务没有起来"]
    if limited:
        parent = deployment(
            world, "crm", "notifier", template, replicas=2, born=45, changed=44, revision=1
        )
        child = replicaset(world, parent, replicas=2, born=45, revision=1)
        for one in nodes:
            pod(world, child, one, [status(spec, running(world.ago(44.5)))], born=45)
        truth(world, en=en, zh=zh, namespace="crm", roots=[], spare=(near[0], parent))
        return
    needs = "; ".join(f"{key} for: notifier" for key in hard)
    why = 'pods "{pod}" is forbidden: failed quota: compute-resources: must specify ' + needs
    parent, child = _refused(world, "crm", "notifier", template, why, since=45)
    truth(
        world, en=en, zh=zh, namespace="crm",
        roots=[root("workload.create_refused.limits_required", parent)],
        mention=("compute-resources",), spare=(near[0],), fix=("fix.resources", parent),
        symptoms_ok=["deploy.unavailable"],
    )  # fmt: skip


@case("namespace-is-full", fault=6)
def quota_used_up(world: World) -> None:
    world.cluster, world.layout = "shared-prod", "json"
    nodes = pool(world, "sp-1", "sp-2")
    healthy_deployment(world, "loyalty", "points", "quay.io/loyal/points:33", nodes)
    quota(
        world,
        "loyalty",
        "team-loyalty",
        {"limits.memory": "16Gi", "pods": "20"},
        {"limits.memory": "15Gi", "pods": "14"},
    )
    spec = container(
        "importer",
        "quay.io/loyal/importer:2.2",
        resources=limits("1", "2Gi", request=("200m", "1Gi")),
    )
    why = (
        'pods "{pod}" is forbidden: exceeded quota: team-loyalty, requested: limits.memory=2Gi, '
        "used: limits.memory=15Gi, limited: limits.memory=16Gi"
    )
    parent, _ = _refused(
        world,
        "loyalty",
        "importer",
        Template([spec], labels=app_labels("importer")),
        why,
        since=21,
        replicas=1,
    )
    truth(
        world,
        en=[
            "Why are no importer pods created?",
            "importer shows 0/1, nothing is Pending. What is wrong?",
        ],
        zh=["importer 为什么一个 Pod 都创建不出来？", "loyalty 里 importer 是 0/1，怎么回事"],
        namespace="loyalty",
        roots=[root("workload.create_refused.quota", parent)],
        mention=("team-loyalty", "16Gi"),
        fix="none",
        symptoms_ok=["deploy.unavailable", "quota.near_limit"],
    )


@case("restricted-namespace-refuses", fault=79)
def pod_security(world: World) -> None:
    world.cluster = "gov-secure"
    nodes = pool(world, "gs-w1", "gs-w2")
    labelled(
        plain(
            world,
            "Namespace",
            "v1",
            "intake",
            spec={"finalizers": ["kubernetes"]},
            status={"phase": "Active"},
        ),
        {
            "pod-security.kubernetes.io/enforce": "restricted",
            "kubernetes.io/metadata.name": "intake",
        },
    )
    near = healthy_deployment(world, "archive", "store", "registry.gov.example/store:1.8", nodes)
    spec = container("scan", "registry.gov.example/document-scan:4.0.1", ports=[port(8080)])
    why = (
        'pods "{pod}" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false '
        '(container "scan" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities '
        '(container "scan" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container '
        '"scan" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "scan" must set '
        'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )
    parent, _ = _refused(
        world,
        "intake",
        "document-scan",
        Template([spec], labels=app_labels("document-scan", 1)),
        why,
        since=130,
        replicas=3,
    )
    truth(
        world,
        en=["document-scan has zero pods, what blocks it?", "Why is nothing running in intake?"],
        zh=["intake 命名空间里为什么什么都没跑起来？", "document-scan 创建不了 Pod，原因是什么"],
        namespace="intake",
        roots=[root("workload.create_refused.pod_security", parent)],
        mention=("restricted", "runAsNonRoot"),
        must_cite=["violates PodSecurity"],
        spare=(near[0],),
        symptoms_ok=["deploy.unavailable"],
    )


@case("service-account-of-another-name", fault=49)
def no_account(world: World) -> None:
    world.cluster = "plat-qa"
    nodes = pool(world, "qa-1", "qa-2")
    account(world, "billing", "default")
    account(world, "billing", "invoice-runner")
    old = container("runner", "registry.plat.example/invoice-runner:20")
    spec = container("runner", "registry.plat.example/invoice-runner:21")
    template = Template([spec], labels=app_labels("invoice-runner"), account="invoices-runner")
    before = Template([old], labels=app_labels("invoice-runner"), account="invoice-runner")
    parent = deployment(
        world, "billing", "invoice-runner", template, replicas=2, ready=2, updated=0, revision=5
    )
    good = replicaset(world, parent, replicas=2, born=days(11), revision=4, template=before)
    for one in nodes:
        pod(world, good, one, [status(old, running(world.ago(days(11))))], born=days(11))
    name = f"invoice-runner-{world.letters(10)}"
    text = f'pods "{name}-" is forbidden: error looking up service account billing/invoices-runner: serviceaccount "invoices-runner" not found'
    failure = condition("ReplicaFailure", "True", "FailedCreate", text, world.ago(17))
    child = replicaset(
        world, parent, replicas=1, ready=0, total=0, born=17, revision=5, conditions=[failure]
    )
    parent["status"]["conditions"] = [
        is_available(world),
        failure,
        progressing(world, child["metadata"]["name"], 17),
    ]
    event(
        world,
        child,
        "FailedCreate",
        f"Error creating: {text}",
        by="replicaset",
        warn=True,
        first=17,
        last=1,
        count=15,
    )
    truth(
        world,
        en=[
            "The new invoice-runner version does not come up, why?",
            "Why is the billing rollout not moving?",
        ],
        zh=["invoice-runner 新版本为什么发不出去？", "billing 的发布卡住了"],
        namespace="billing",
        roots=[root("workload.create_refused.identity", parent)],
        mention=("invoices-runner",),
        fix=("fix.repoint", parent),
        symptoms_ok=["deploy.progress_deadline"],
    )


@case("stateful-set-over-quota", fault=6)
def stateful_over_quota(world: World) -> None:
    world.cluster = "data-lab"
    nodes = pool(world, "dl-1", "dl-2", cpu="8", memory="30Gi")
    quota(
        world,
        "lab",
        "pods-and-cpu",
        {"pods": "6", "requests.cpu": "4"},
        {"pods": "4", "requests.cpu": "3500m"},
    )
    spec = container(
        "node",
        "docker.io/library/cassandra:4.1.7",
        resources=limits("2", "4Gi", request=("1", "4Gi")),
    )
    template = Template([spec], labels=app_labels("cassandra"))
    parent = stateful_set(world, "lab", "cassandra", template, replicas=3, ready=2)
    parent["status"]["replicas"] = 2
    for ordinal, one in enumerate(nodes):
        pod(world, parent, one, born=days(30), ordinal=ordinal)
    text = (
        'create Pod cassandra-2 in StatefulSet cassandra failed error: pods "cassandra-2" is forbidden: exceeded quota: '
        "pods-and-cpu, requested: requests.cpu=1, used: requests.cpu=3500m, limited: requests.cpu=4"
    )
    event(
        world, parent, "FailedCreate", text, by="statefulset", warn=True, first=35, last=2, count=18
    )
    service(
        world, "lab", "cassandra", {"app": "cassandra"}, port=9042, target=9042, clusterIP="None"
    )
    truth(
        world,
        en=[
            "Why is cassandra-2 missing?",
            "The cassandra ring has two members instead of three, why?",
        ],
        zh=["cassandra-2 为什么没有被创建？", "cassandra 集群少了一个节点"],
        namespace="lab",
        roots=[root("workload.create_refused.quota", parent)],
        mention=("pods-and-cpu",),
        fix="none",
        symptoms_ok=["sts.ordinal_blocked"],
    )
