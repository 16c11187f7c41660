"""E. Config, secrets and permissions that are not what the pod asks for."""

from evals.clusters.containers import (
    container,
    env_from_key,
    http_probe,
    running,
    status,
    waiting,
)
from evals.clusters.events import event, scheduled
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import account, config_map, plain, secret
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    deadline,
    deployment,
    healthy_deployment,
    not_available,
    replicaset,
)
from evals.clusters.world import Json, World, days
from tools.cases.telling import case, root, truth


@case("config-map-lost-a-hyphen", fault=43)
def config_map_missing(world: World) -> None:
    world.cluster = "games-kr"
    nodes = pool(world, "kr-1", "kr-2")
    near = healthy_deployment(
        world, "lobby", "presence", "registry.kr.example/presence:77.1", nodes
    )
    config_map(world, "lobby", "matchmaker-rules", {"rules.json": "{}"}, born=days(3))
    config_map(world, "lobby", "kube-root-ca.crt", {"ca.crt": "-----BEGIN CERTIFICATE-----\n"})
    mount = [{"mountPath": "/etc/rules", "name": "rules"}]
    spec = container("matchmaker", "registry.kr.example/matchmaker:12", volumeMounts=mount)
    rules = {"name": "rules", "configMap": {"name": "matchmakerrules", "defaultMode": 420}}
    parent = deployment(
        world,
        "lobby",
        "matchmaker",
        Template([spec], labels=app_labels("matchmaker"), volumes=(rules,)),
        ready=0,
        conditions=[not_available(world, 16)],
        revision=5,
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=16, revision=5)
    one = pod(
        world, child, nodes[0], [status(spec, waiting("ContainerCreating"), ready=False)], born=16
    )
    scheduled(world, one, 16)
    event(
        world,
        one,
        "FailedMount",
        'MountVolume.SetUp failed for volume "rules" : configmap "matchmakerrules" not found',
        warn=True,
        first=16,
        last=0.9,
        count=15,
    )
    truth(
        world,
        en=[
            "Why is matchmaker stuck in ContainerCreating?",
            "Players cannot find matches. What is wrong in lobby?",
        ],
        zh=["matchmaker 为什么一直 ContainerCreating？", "玩家匹配不到对局，lobby 出什么问题了"],
        namespace="lobby",
        roots=[root("pod.config_ref.configmap_missing", parent)],
        mention=("matchmakerrules", "matchmaker-rules"),
        must_cite=['configmap "matchmakerrules" not found'],
        spare=(near[0],),
        fix=("fix.repoint", parent),
        symptoms_ok=["deploy.unavailable", "pod.volume_mount_failed"],
    )


@case("secret-lives-next-door", fault=44)
def secret_missing(world: World) -> None:
    world.cluster = "health-prod"
    nodes = pool(world, "hp-1", "hp-2")
    secret(
        world,
        "records-stage",
        "fhir-credentials",
        {"username": "UkVEQUNURUQ=", "password": "UkVEQUNURUQ="},
    )
    variables = [
        env_from_key("FHIR_USER", "Secret", "fhir-credentials", "username"),
        env_from_key("FHIR_PASSWORD", "Secret", "fhir-credentials", "password"),
    ]
    spec = container("sync", "registry.hp.example/fhir-sync:3.2.1", env=variables)
    parent = deployment(
        world,
        "records",
        "fhir-sync",
        Template([spec], labels=app_labels("fhir-sync", 1)),
        replicas=2,
        ready=0,
        born=61,
        revision=1,
        conditions=[not_available(world, 61), deadline(world, "x", 51)],
    )
    child = replicaset(world, parent, replicas=2, ready=0, born=61, revision=1)
    text = 'secret "fhir-credentials" not found'
    for where in nodes:
        one = pod(
            world,
            child,
            where,
            [status(spec, waiting("CreateContainerConfigError", text), ready=False)],
            born=61,
        )
        event(
            world,
            one,
            "Failed",
            f"Error: {text}",
            warn=True,
            first=61,
            last=0.3,
            count=281,
            field="sync",
            uid=False,
        )
    truth(
        world,
        en=["fhir-sync worked in stage. Why not in records?", "What does fhir-sync need to start?"],
        zh=["fhir-sync 在 stage 正常，在 records 为什么不行？", "fhir-sync 启动还缺什么"],
        namespace="records",
        roots=[root("pod.config_ref.secret_missing", parent)],
        mention=("fhir-credentials",),
        fix="none",
        symptoms_ok=["deploy.unavailable", "deploy.progress_deadline"],
    )


@case("key-changed-its-name", fault=45)
def key_missing(world: World) -> None:
    world.cluster = "print-shop"
    nodes = pool(world, "ps-1", "ps-2")
    config_map(
        world,
        "print",
        "renderer",
        {"DPI": "300", "FONT_PATH": "/fonts", "PAPER_SIZE": "A4"},
        born=days(100),
    )
    variables = [
        env_from_key("FONT_DIR", "ConfigMap", "renderer", "FONT_DIR"),
        env_from_key("DPI", "ConfigMap", "renderer", "DPI"),
    ]
    spec = container("renderer", "registry.ps.example/renderer:8", env=variables)
    parent = deployment(
        world,
        "print",
        "renderer",
        Template([spec], labels=app_labels("renderer")),
        replicas=2,
        ready=1,
        conditions=[not_available(world, 11)],
    )
    child = replicaset(world, parent, replicas=2, ready=1, born=days(6))
    pod(world, child, nodes[0], [status(spec, running(world.ago(days(6))))], born=days(6))
    text = "couldn't find key FONT_DIR in ConfigMap print/renderer"
    one = pod(
        world,
        child,
        nodes[1],
        [status(spec, waiting("CreateContainerConfigError", text), ready=False)],
        born=11,
    )
    event(
        world,
        one,
        "Failed",
        f"Error: {text}",
        warn=True,
        first=11,
        last=0.4,
        count=52,
        field="renderer",
    )
    truth(
        world,
        en=["A rescheduled renderer pod does not start, why?", "renderer is 1/2, why?"],
        zh=["renderer 换节点后起不来，为什么？", "renderer 现在 1/2，怎么回事"],
        namespace="print",
        roots=[root("pod.config_ref.key_missing", parent)],
        mention=("FONT_DIR", "FONT_PATH"),
        fix=("fix.repoint", parent),
        symptoms_ok=["deploy.unavailable"],
    )


@case("asked-for-a-map-that-is-a-secret", fault=46)
def kind_mixup(world: World) -> None:
    world.cluster, world.layout = "smart-city", "json"
    nodes = pool(world, "sc-1", "sc-2", version="v1.30.8")
    secret(
        world, "traffic", "signal-settings", {"MODE": "UkVEQUNURUQ=", "API_TOKEN": "UkVEQUNURUQ="}
    )
    spec = container(
        "signals",
        "registry.sc.example/signals:1.4",
        envFrom=[{"configMapRef": {"name": "signal-settings"}}],
    )
    parent = deployment(
        world,
        "traffic",
        "signals",
        Template([spec], labels=app_labels("signals")),
        ready=0,
        born=20,
        revision=1,
        conditions=[not_available(world, 20)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=20, revision=1)
    text = 'configmap "signal-settings" not found'
    one = pod(
        world,
        child,
        nodes[0],
        [status(spec, waiting("CreateContainerConfigError", text), ready=False)],
        born=20,
    )
    event(
        world,
        one,
        "Failed",
        f"Error: {text}",
        warn=True,
        first=20,
        last=0.5,
        count=91,
        field="signals",
    )
    truth(
        world,
        en=[
            "Why does signals say signal-settings is not found? I can see it.",
            "Why does the signals pod not start?",
        ],
        zh=["signals 说找不到 signal-settings，可是我明明能看到，为什么？", "signals 起不来"],
        namespace="traffic",
        roots=[root("pod.config_ref.kind_mixup", parent)],
        mention=("signal-settings", "Secret"),
        fix=("fix.repoint", parent),
        symptoms_ok=["pod.config_ref.configmap_missing", "deploy.unavailable"],
    )


def _role(
    world: World,
    namespace: str,
    name: str,
    subject: str,
    groups: list[str],
    resources: list[str],
    verbs: list[str],
) -> Json:
    rule = {"apiGroups": groups, "resources": resources, "verbs": verbs}
    api = "rbac.authorization.k8s.io"
    told = plain(world, "Role", f"{api}/v1", name, namespace, rules=[rule])
    plain(
        world, "RoleBinding", f"{api}/v1", name, namespace,
        roleRef={"apiGroup": api, "kind": "Role", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": subject, "namespace": namespace}],
    )  # fmt: skip
    return told


@case("leader-cannot-update-its-lease", fault=47)
def role_lacks_verb(world: World) -> None:
    world.cluster = "ops-tools"
    nodes = pool(world, "ot-1", "ot-2")
    account(world, "sweeper", "bucket-sweeper")
    role = _role(
        world,
        "sweeper",
        "bucket-sweeper",
        "bucket-sweeper",
        ["coordination.k8s.io"],
        ["leases"],
        ["get", "list", "watch", "create"],
    )
    spec = container("manager", "registry.ot.example/bucket-sweeper:0.3.2", args=["--leader-elect"])
    parent = deployment(
        world,
        "sweeper",
        "bucket-sweeper",
        Template([spec], labels=app_labels("bucket-sweeper", 1), account="bucket-sweeper"),
        ready=0,
        conditions=[not_available(world, 33)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=34)
    one = crashing_pod(world, child, nodes[0], spec, born=34, restarts=9, lived=0.6)
    denied = (
        'E0907 13:22:01.004121       1 leaderelection.go:436] error retrieving resource lock sweeper/bucket-sweeper: leases.coordination.k8s.io "bucket-sweeper" is forbidden: '
        'User "system:serviceaccount:sweeper:bucket-sweeper" cannot update resource "leases" in API group "coordination.k8s.io" in the namespace "sweeper"'
    )
    said = (
        (2.6, "I0907 13:21:58.118 main.go:71] starting manager"),
        (2.5, denied),
        (2.3, denied),
        (2.1, denied),
        (2.05, "F0907 13:22:31.000 main.go:102] leader election lost"),
    )
    world.log(one, "manager", *said)
    world.log(one, "manager", *said, previous=True)
    truth(
        world,
        en=["Why does bucket-sweeper crash?", "bucket-sweeper cannot become leader, why?"],
        zh=["bucket-sweeper 为什么一直重启？", "bucket-sweeper 选不上主，是什么原因"],
        namespace="sweeper",
        roots=[
            root(
                "rbac.denied",
                parent,
                role,
                {
                    "kind": "ServiceAccount",
                    "metadata": {"name": "bucket-sweeper", "namespace": "sweeper"},
                },
            )
        ],
        mention=("update", "leases"),
        fix="none",
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )


@case("role-of-the-wrong-group", fault=48)
def role_wrong_group(world: World) -> None:
    world.cluster = "ci-runners"
    nodes = pool(world, "ci-1", "ci-2")
    account(world, "runners", "scaler")
    role = _role(
        world,
        "runners",
        "scaler",
        "scaler",
        [""],
        ["deployments", "deployments/scale"],
        ["get", "list", "watch", "patch"],
    )
    probe = http_probe("/readyz", 8081)
    spec = container("scaler", "registry.ci.example/runner-scaler:1.1.0", readinessProbe=probe)
    parent = deployment(
        world,
        "runners",
        "runner-scaler",
        Template([spec], labels=app_labels("runner-scaler"), account="scaler"),
        ready=0,
        conditions=[not_available(world, 52)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=53)
    one = pod(world, child, nodes[1], [status(spec, running(world.ago(52)), ready=False)], born=53)
    denied = 'W reflector.go:561] failed to list *v1.Deployment: deployments.apps is forbidden: User "system:serviceaccount:runners:scaler" cannot list resource "deployments" in API group "apps" in the namespace "runners"'
    world.log(one, "scaler", *((50 - n * 8, denied) for n in range(6)), (1, denied))
    event(
        world,
        one,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 500",
        warn=True,
        first=52,
        last=0.5,
        count=300,
        field="scaler",
    )
    truth(
        world,
        en=[
            "The role allows deployments, why is runner-scaler refused?",
            "runner-scaler never gets ready, why?",
        ],
        zh=[
            "角色里明明有 deployments 的权限，runner-scaler 为什么还被拒绝？",
            "runner-scaler 一直不就绪",
        ],
        namespace="runners",
        roots=[
            root(
                "rbac.denied",
                parent,
                role,
                {"kind": "ServiceAccount", "metadata": {"name": "scaler", "namespace": "runners"}},
            )
        ],
        mention=("deployments", "apps"),
        fix="none",
        symptoms_ok=["pod.probe.http_status", "pod.probe.readiness_failing", "deploy.unavailable"],
    )
