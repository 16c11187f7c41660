"""C. One container of several, one node of several."""

from evals.clusters.containers import (
    container,
    env_from_key,
    limits,
    port,
    running,
    status,
)
from evals.clusters.lives import crashing_pod
from evals.clusters.nodes import pool
from evals.clusters.objects import config_map, secret
from evals.clusters.pods import pod
from evals.clusters.workloads import (
    Template,
    app_labels,
    daemon_set,
    deployment,
    not_available,
    replicaset,
)
from evals.clusters.world import World, days
from tools.cases.telling import case, root, truth


@case("only-the-log-shipper-crashes", fault=35)
def helper_crashes(world: World) -> None:
    world.cluster = "insure-ch"
    nodes = pool(world, "ch-1", "ch-2", version="v1.31.0")
    config_map(
        world,
        "claims",
        "fluent-bit",
        {"fluent-bit.conf": "[OUTPUT]\n    Name   elasticsearch\n    Match  *\n"},
        born=29,
    )
    app = container(
        "claims",
        "registry.ch.example/claims:2.14.0",
        ports=[port(8080)],
        resources=limits("1", "1Gi"),
    )
    helper = container(
        "shipper",
        "fluent/fluent-bit:3.1.9",
        volumeMounts=[{"mountPath": "/fluent-bit/etc", "name": "conf"}],
    )
    template = Template(
        [app, helper],
        labels=app_labels("claims", 1),
        volumes=({"name": "conf", "configMap": {"name": "fluent-bit"}},),
    )
    parent = deployment(
        world,
        "claims",
        "claims",
        template,
        replicas=2,
        ready=0,
        conditions=[not_available(world, 27)],
        changed=29,
    )
    child = replicaset(world, parent, replicas=2, ready=0, born=28)
    for where in nodes:
        one = crashing_pod(world, child, where, helper, born=28, restarts=10, others=(app,))
        said = (
            "Fluent Bit v3.1.9",
            "[2026/06/11 09:41:12] [error] [config] output plugin 'elasticsearch' cannot be loaded",
            "[2026/06/11 09:41:12] [error] Configuration file contains errors. Aborting",
        )
        world.log(one, "shipper", *said)
        world.log(one, "shipper", *said, previous=True)
        world.log(
            one,
            "claims",
            (27, "INFO  c.i.claims.Application - Started Application in 6.11 seconds"),
            (1, "INFO  c.i.claims.Api - POST /claims 201 34ms"),
        )
    truth(
        world,
        en=[
            "claims is 1/2 ready on every pod. Is the application broken?",
            "Why are the claims pods not ready?",
        ],
        zh=["claims 的 Pod 都是 1/2，是应用坏了吗？", "claims 为什么没有就绪"],
        namespace="claims",
        roots=[root("pod.crash_loop app.missing_setting", parent)],
        mention=("shipper", "cannot be loaded"),
        symptoms_ok=["deploy.unavailable"],
    )


@case("one-node-breaks-the-agent", fault=35)
def native_agent(world: World) -> None:
    world.cluster = "hpc-mix"
    nodes = pool(world, "hpc-a", "hpc-b", "hpc-old", cpu="32")
    spec = container(
        "agent",
        "registry.hpc.example/net-agent:0.7.0",
        securityContext={"privileged": True},
        env=[env_from_key("NODE_TOKEN", "Secret", "net-agent", "token")],
    )
    secret(world, "kube-net", "net-agent", {"token": "UkVEQUNURUQ="})
    parent = daemon_set(
        world,
        "kube-net",
        "net-agent",
        Template([spec], labels=app_labels("net-agent", 2)),
        wanted=3,
        ready=2,
    )
    for where in nodes[:2]:
        pod(world, parent, where, [status(spec, running(world.ago(days(2))))], born=days(2))
    bad = crashing_pod(world, parent, nodes[2], spec, code=132, born=days(2), restarts=211)
    world.log(
        bad,
        "agent",
        (2.05, "net-agent 0.7.0 starting"),
        (2.04, "SIGILL: illegal instruction"),
        (2.04, "PC=0x52a11c m=0 sigcode=2"),
        previous=True,
    )
    truth(
        world,
        en=["Why does net-agent fail on hpc-old only?", "What is wrong with the network agent?"],
        zh=["net-agent 为什么只在 hpc-old 上失败？", "网络 agent 有什么问题"],
        namespace="kube-net",
        roots=[root("pod.native_crash pod.crash_loop", parent)],
        mention=("132", "hpc-old"),
        symptoms_ok=["ds.unready"],
    )
