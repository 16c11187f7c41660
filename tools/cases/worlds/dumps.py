"""Faults in incomplete pictures: no ReplicaSets, no pods, no events, strange owners."""

from evals.clusters.containers import (
    container,
    port,
    running,
    status,
    waiting,
)
from evals.clusters.events import as_new_api, event, pull_failed
from evals.clusters.lives import cannot_pull
from evals.clusters.nodes import pool
from evals.clusters.objects import config_map, plain, secret, service
from evals.clusters.parts import owner
from evals.clusters.pods import pod
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


def _forget(world: World, *kinds: str) -> None:
    """Drop what somebody did not think of dumping."""
    world.objects = [one for one in world.objects if one["kind"] not in kinds]


@case("only-pods-and-deployments", fault=13)
def without_replicasets(world: World) -> None:
    world.layout = "json"
    nodes = pool(world, "minikube", version="v1.28.3")
    spec = container("notes", "localhost:5000/notes:dev-41", ports=[port(3000)])
    parent = deployment(
        world,
        "default",
        "notes",
        Template([spec], labels=app_labels("notes")),
        ready=0,
        conditions=[not_available(world, 7)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=7)
    one = pod(world, child, nodes[0], [cannot_pull(spec)], born=7)
    error = "Error response from daemon: manifest for localhost:5000/notes:dev-41 not found: manifest unknown: manifest unknown"
    pull_failed(world, one, spec, error, 7, 0.5)
    _forget(world, "ReplicaSet", "Node")
    truth(
        world,
        en=["Why is notes not starting on my minikube?", "What is wrong with notes?"],
        zh=["我 minikube 上的 notes 为什么起不来？", "notes 有什么问题"],
        namespace="default",
        roots=[root("pod.image_pull.not_found", parent, child, one)],
        mention=("dev-41",),
        symptoms_ok=["deploy.unavailable"],
    )


@case("events-have-expired", fault=14)
def without_events(world: World) -> None:
    world.layout = "list"
    nodes = pool(world, "hx-1", "hx-2")
    error = (
        'failed to pull and unpack image "registry.hx.example/int/badge:3": failed to resolve reference "registry.hx.example/int/badge:3": '
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
    )
    spec = container("badge", "registry.hx.example/int/badge:3")
    parent = deployment(
        world,
        "badge",
        "badge",
        Template([spec], labels=app_labels("badge", 1)),
        replicas=2,
        ready=0,
        conditions=[not_available(world, days(2))],
    )
    child = replicaset(world, parent, replicas=2, ready=0, born=days(2))
    for where in nodes:
        pod(
            world,
            child,
            where,
            [status(spec, waiting("ErrImagePull", error), ready=False)],
            born=days(2),
        )
    truth(
        world,
        en=[
            "badge has been broken since the weekend and there are no events any more. Why?",
            "Why can't badge pull its image?",
        ],
        zh=["badge 从周末就坏了，事件也已经没了，原因是什么？", "badge 为什么拉不到镜像"],
        namespace="badge",
        roots=[root("pod.image_pull.auth", parent)],
        mention=("authorization failed",),
        fix="none",
        symptoms_ok=["deploy.unavailable"],
    )


@case("events-speak-of-pods-unseen", fault=44)
def without_pods(world: World) -> None:
    """Somebody sent `kubectl get deploy,rs,events -o yaml` and no pods."""
    pool(world, "q-1")
    spec = container(
        "quiz", "registry.q.example/quiz:1", envFrom=[{"secretRef": {"name": "quiz-db"}}]
    )
    parent = deployment(
        world,
        "quiz",
        "quiz",
        Template([spec], labels=app_labels("quiz")),
        ready=0,
        conditions=[not_available(world, 28)],
    )
    child = replicaset(world, parent, replicas=1, ready=0, born=28)
    one = pod(world, child, world.objects[0], [], born=28)
    event(
        world,
        one,
        "Failed",
        'Error: secret "quiz-db" not found',
        warn=True,
        first=28,
        last=0.2,
        count=130,
        field="quiz",
    )
    secret(world, "quiz", "quiz-database", {"url": "UkVEQUNURUQ="})
    _forget(world, "Pod")
    truth(
        world,
        en=["Why is quiz unavailable?", "The quiz deployment is 0/1, what is missing?"],
        zh=["quiz 为什么不可用？", "quiz 是 0/1，缺了什么"],
        namespace="quiz",
        roots=[root("pod.config_ref.secret_missing", parent, child, one)],
        mention=("quiz-db",),
        symptoms_ok=["deploy.unavailable"],
    )


@case("rollout-object-owns-the-pods", fault=13)
def argo_rollout(world: World) -> None:
    world.cluster = "gitops-prod"
    nodes = pool(world, "gp-1", "gp-2")
    spec = container("search", "registry.gp.example/search:sha-1f00bd", ports=[port(8080)])
    template = Template([spec], labels=app_labels("search"))
    shadow = deployment(
        world, "find", "search", template, ready=0, conditions=[not_available(world, 10)]
    )
    rollout = plain(
        world, "Rollout", "argoproj.io/v1alpha1", "search", "find",
        spec={"replicas": 1, "selector": {"matchLabels": {"app": "search"}}, "template": template.body(), "strategy": {"canary": {}}},
        status={"phase": "Progressing", "replicas": 1, "readyReplicas": 0, "message": "more replicas need to be updated"},
    )  # fmt: skip
    child = replicaset(world, shadow, replicas=1, ready=0, born=10)
    child["metadata"]["ownerReferences"] = [owner(rollout)]
    world.objects.remove(shadow)
    one = pod(world, child, nodes[0], [cannot_pull(spec)], born=10)
    pull_failed(
        world,
        one,
        spec,
        'failed to pull and unpack image "registry.gp.example/search:sha-1f00bd": registry.gp.example/search:sha-1f00bd: not found',
        10,
        1,
    )
    healthy_deployment(world, "find", "crawler", "registry.gp.example/crawler:sha-77", nodes)
    truth(
        world,
        en=["Why does the search canary not start?", "What is wrong in find?"],
        zh=["search 的金丝雀为什么起不来？", "find 出什么问题了"],
        namespace="find",
        roots=[root("pod.image_pull.not_found", rollout, child, one)],
        mention=("sha-1f00bd",),
    )


@case("bare-pod-without-owner", fault=43)
def bare_pod(world: World) -> None:
    nodes = pool(world, "k8s-lab", version="v1.33.1")
    spec = container("debugger", "busybox:1.36", command=["sleep", "3600"])
    volume = {"name": "cfg", "configMap": {"name": "debug-settings"}}
    stand_in = deployment(
        world, "lab", "debugger", Template([spec], labels=(("run", "debugger"),), volumes=(volume,))
    )
    one = pod(
        world,
        stand_in,
        nodes[0],
        [status(spec, waiting("ContainerCreating"), ready=False)],
        born=11,
    )
    world.objects.remove(stand_in)
    one["metadata"] |= {"name": "debugger"}
    del one["metadata"]["ownerReferences"], one["metadata"]["generateName"]
    text = 'MountVolume.SetUp failed for volume "cfg" : configmap "debug-settings" not found'
    event(world, one, "FailedMount", text, warn=True, first=11, last=0.7, count=13)
    config_map(world, "tools", "debug-settings", {"level": "trace"})
    truth(
        world,
        en=["My pod debugger hangs in ContainerCreating. Why?", "Why does debugger not start?"],
        zh=["我手动建的 debugger 一直 ContainerCreating，为什么？", "debugger 起不来"],
        namespace="lab",
        roots=[root("pod.config_ref.configmap_missing", one)],
        mention=("debug-settings",),
    )


@case("first-of-three-blocks-the-rest", fault=44)
def ordinal_blocked(world: World) -> None:
    world.cluster = "stream-core"
    nodes = pool(world, "st-1", "st-2", "st-3")
    spec = container(
        "kafka",
        "bitnami/kafka:3.8.1",
        ports=[port(9092)],
        env=[
            {
                "name": "KAFKA_KRAFT_CLUSTER_ID",
                "valueFrom": {"secretKeyRef": {"name": "kafka-kraft", "key": "cluster-id"}},
            }
        ],
    )
    parent = stateful_set(
        world,
        "stream",
        "kafka-controller",
        Template([spec], labels=app_labels("kafka", 1)),
        replicas=3,
        ready=0,
        born=31,
    )
    parent["status"] |= {"replicas": 1, "currentReplicas": 1, "updatedReplicas": 1}
    text = 'secret "kafka-kraft" not found'
    one = pod(
        world,
        parent,
        nodes[0],
        [status(spec, waiting("CreateContainerConfigError", text), ready=False)],
        born=31,
        ordinal=0,
    )
    failed = event(
        world,
        one,
        "Failed",
        f"Error: {text}",
        warn=True,
        first=31,
        last=0.4,
        count=140,
        field="kafka",
    )
    world.objects[world.objects.index(failed)] = as_new_api(failed)
    service(
        world,
        "stream",
        "kafka-controller",
        dict(app_labels("kafka", 1)),
        port=9092,
        target=9092,
        clusterIP="None",
    )
    truth(
        world,
        en=["Why are there no kafka-controller-1 and -2?", "kafka does not form a cluster, why?"],
        zh=["为什么没有 kafka-controller-1 和 -2？", "kafka 集群起不来"],
        namespace="stream",
        roots=[root("pod.config_ref.secret_missing", parent)],
        mention=("kafka-kraft",),
        symptoms_ok=["sts.ordinal_blocked"],
    )


@case("same-app-broken-in-one-of-two", fault=46)
def two_namespaces(world: World) -> None:
    """Production and staging have the same names; only staging is broken."""
    world.cluster = "one-cluster-two-stages"
    nodes = pool(world, "oc-1", "oc-2")
    spared = []
    for space in ("prod", "staging"):
        fine = space == "prod"
        kind = "secretRef" if fine else "configMapRef"
        spec = container(
            "api", "registry.oc.example/api:88", envFrom=[{kind: {"name": "api-settings"}}]
        )
        secret(world, space, "api-settings", {"TOKEN": "UkVEQUNURUQ="})
        parent = deployment(
            world,
            space,
            "api",
            Template([spec], labels=app_labels("api")),
            ready=int(fine),
            conditions=None if fine else [not_available(world, 9)],
        )
        child = replicaset(world, parent, replicas=1, ready=int(fine), born=9.5)
        text = 'configmap "api-settings" not found'
        state = status(
            spec,
            running(world.ago(9)) if fine else waiting("CreateContainerConfigError", text),
            ready=fine,
        )
        one = pod(world, child, nodes[0], [state], born=9.5)
        if not fine:
            event(
                world,
                one,
                "Failed",
                f"Error: {text}",
                warn=True,
                first=9.5,
                last=0.3,
                count=44,
                field="api",
            )
        spared.append(parent)
    truth(
        world,
        en=[
            "api works in prod and fails in staging. What differs?",
            "Why is api down in one of the stages?",
        ],
        zh=["api 在 prod 正常，在 staging 失败，差在哪里？", "api 有一个环境挂了，为什么"],
        roots=[root("pod.config_ref.kind_mixup", spared[1])],
        mention=("api-settings", "staging"),
        spare=(spared[0],),
        symptoms_ok=["pod.config_ref.configmap_missing", "deploy.unavailable"],
    )
