"""StatefulSets that stand still, controllers that claim each other's pods, and habits of templates."""

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.rca_ranking import rank
from mcp_servers.engines.topology import topology
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    container,
    deployment,
    found,
    log,
    node,
    notes,
    pod,
    replica_set,
    roots,
    rules,
    running,
    service,
    stamp,
    thing,
    waiting,
    workload,
)

DB = Ref("StatefulSet", "shop", "db")


def stateful(*, replicas: int = 3, status: Json | None = None, **spec: object) -> Json:
    template = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"containers": [container("db", readinessProbe={"tcpSocket": {"port": 8080}})]},
    }
    base = {"replicas": replicas, "serviceName": "db", "template": template}
    revisions = {"currentRevision": "db-old", "updateRevision": "db-old"}
    body = {"spec": {**base, **spec}, "status": {**revisions, **(status or {})}}
    return thing("StatefulSet", "db", **body)


def member(of: Json, ordinal: int, revision: str = "db-old", **more: object) -> Json:
    labels = {"controller-revision-hash": revision}
    return pod(of, name=f"db-{ordinal}", labels=labels, **more)


def headless() -> Json:
    return service("db", ip="None")


def broken(of: Json, ordinal: int, revision: str = "db-old", **more: object) -> Json:
    status = [waiting("db", "ImagePullBackOff", "manifest unknown")]
    return member(of, ordinal, revision, status=status, **more)


def test_a_governing_service_that_is_missing_is_a_risk_until_somebody_asks() -> None:
    made = stateful(replicas=1)
    quiet = cluster(made, member(made, 0), service("db-hl"))
    finding = found(quiet, "sts.service_missing")
    assert (finding.resource, finding.severity) == (DB, Severity.MEDIUM)
    assert finding.params["near"] == "db-hl"


def test_a_name_asked_for_under_the_missing_service_is_explained_by_it() -> None:
    made, caller = stateful(replicas=1), workload("web")
    line = "dial tcp: lookup db-0.db on 10.96.0.10:53: no such host"
    told = cluster(made, member(made, 0), *caller, logs=[log(caller[2], *[line] * 4)])
    finding = found(told, "sts.service_missing")
    assert finding.severity is Severity.HIGH
    assert finding.params["hosts"] == "db-0.db"
    assert roots(told) == ["sts.service_missing"]
    assert "app.name_unresolved" in rules(told)


def test_a_name_under_the_same_service_of_another_namespace_is_not_this_ones() -> None:
    made, caller = stateful(replicas=1), workload("web")
    line = "dial tcp: lookup db-0.db.other.svc on 10.96.0.10:53: no such host"
    told = cluster(made, member(made, 0), *caller, logs=[log(caller[2], *[line] * 4)])
    assert found(told, "sts.service_missing").severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "objects",
    [[stateful(), headless()], [stateful()], [stateful(replicas=0), service()]],
    ids=["there", "no Service in sight", "nobody wanted"],
)
def test_a_service_that_is_there_or_cannot_be_known_is_silent(objects: list[Json]) -> None:
    assert "sts.service_missing" not in rules(cluster(*objects))


def test_the_first_pod_that_is_not_ready_holds_up_the_others() -> None:
    made = stateful()
    told = cluster(made, headless(), member(made, 0), broken(made, 1))
    finding = found(told, "sts.ordinal_blocked")
    assert (finding.params["pod"], finding.params["missing"]) == ("db-1", "db-2")
    assert finding.affected == (Ref("Pod", "shop", "db-1"),)
    assert roots(told) == ["pod.image_pull.not_found"]


def test_an_ordinal_that_was_never_made_holds_up_too() -> None:
    made = stateful()
    finding = found(cluster(made, headless(), member(made, 0)), "sts.ordinal_blocked")
    assert (finding.params["pod"], finding.params["state"]) == ("db-1", "absent")


def test_order_holds_nothing_up_when_all_are_there_or_none_is_kept() -> None:
    made = stateful()
    every = [member(made, 0), broken(made, 1), member(made, 2)]
    assert "sts.ordinal_blocked" not in rules(cluster(made, headless(), *every))
    starting = [member(made, 0), broken(made, 1, age=1)]
    assert "sts.ordinal_blocked" not in rules(cluster(made, headless(), *starting))
    parallel = stateful(podManagementPolicy="Parallel")
    assert "sts.ordinal_blocked" not in rules(cluster(parallel, headless(), broken(parallel, 0)))
    later = stateful(ordinals={"start": 5}, replicas=1)
    assert "sts.ordinal_blocked" not in rules(cluster(later, headless(), member(later, 5)))


REPAIRED = {"currentRevision": "db-good", "updateRevision": "db-good", "updatedReplicas": 2}


def test_a_broken_pod_of_a_revision_no_longer_wanted_is_evicted() -> None:
    made = stateful(status=REPAIRED)
    pods = [member(made, n, "db-good") for n in (0, 1)]
    told = cluster(made, headless(), *pods, broken(made, 2, "db-bad"))
    finding = found(told, "sts.revision_stuck")
    assert finding.resource == DB
    assert finding.fix is not None
    assert (finding.fix.id, finding.fix.target.name) == ("fix.evict_pod", "db-2")
    assert roots(told) == ["sts.revision_stuck"]
    assert "pod.image_pull.not_found" in rules(told)


@pytest.mark.parametrize(
    "made",
    [
        stateful(),
        stateful(status=REPAIRED, podManagementPolicy="Parallel"),
        stateful(status=REPAIRED, updateStrategy={"type": "OnDelete"}),
    ],
    ids=["the wanted revision itself is broken", "parallel", "updated by hand"],
)
def test_a_broken_pod_that_the_update_does_not_wait_for_is_no_stuck_revision(made: Json) -> None:
    pods = [member(made, 0), member(made, 1), broken(made, 2)]
    assert "sts.revision_stuck" not in rules(cluster(made, headless(), *pods))


def test_a_crashing_pod_of_an_old_revision_is_stuck_however_lately_it_was_ready() -> None:
    made = stateful(status=REPAIRED)
    status = [waiting("db", "CrashLoopBackOff", restartCount=9)]
    bad = member(made, 2, "db-bad", status=status, age=40)
    for one in bad["status"].get("conditions", []):
        one["lastTransitionTime"] = stamp(1)
    pods = [member(made, n, "db-good") for n in (0, 1)]
    assert "sts.revision_stuck" in rules(cluster(made, headless(), *pods, bad))


def held_back(hours: float, partition: int = 2) -> Cluster:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    made = stateful(updateStrategy=strategy, status={"updateRevision": "db-new"})
    pods = [member(made, n) for n in (0, 1)]
    return cluster(made, headless(), *pods, member(made, 2, "db-new", age=60 * hours))


def test_a_partition_forgotten_for_a_day_is_told_and_a_trial_of_today_is_not() -> None:
    finding = found(held_back(30), "sts.revision_stuck")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["partition"], finding.params["updated"]) == ("2", "1")
    assert finding.fix is None
    assert "sts.revision_stuck" not in rules(held_back(5))


def claiming(name: str, **labels: str) -> list[Json]:
    made = deployment(name, replicas=1, template_labels=labels, spec={})
    made["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    made["spec"]["template"]["metadata"]["labels"]["app"] = "web"
    owner = replica_set(made)
    return [made, owner, pod(owner)]


def test_two_controllers_that_claim_each_others_pods_are_told_once() -> None:
    told = cluster(*claiming("one"), *claiming("two"))
    finding = found(told, "workload.selector_overlap")
    assert finding.severity is Severity.MEDIUM
    assert finding.resource == Ref("Deployment", "shop", "one")
    assert (finding.params["other"], finding.params["count"]) == ("Deployment two", "2")
    assert rank(diagnose(told), told, topology(told)).verdict == "healthy"


def test_a_selector_that_reaches_too_far_one_way_is_a_note() -> None:
    narrow = claiming("two", tier="cache")
    narrow[0]["spec"]["selector"]["matchLabels"]["tier"] = "cache"
    told = cluster(*claiming("one"), *narrow)
    assert found(told, "workload.selector_overlap").severity is Severity.LOW


def test_a_deployment_and_its_own_replica_sets_do_not_overlap() -> None:
    objects = claiming("one")
    objects[1]["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    elsewhere = [
        {**one, "metadata": {**one["metadata"], "namespace": "b"}} for one in claiming("x")
    ]
    told = cluster(*objects, *elsewhere)
    assert "workload.selector_overlap" not in rules(told) | notes(told)


def served(*, replicas: int = 2, nodes: int = 2, **spec: object) -> list[Json]:
    """A workload behind a Service on as many nodes, as its container's spec is told."""
    made = workload(replicas=replicas, containers=[container(**spec)])
    objects = [one for one in made if one["kind"] != "PodDisruptionBudget"]
    for n, one in enumerate(one for one in objects if one["kind"] == "Pod"):
        one["spec"]["nodeName"] = f"node-{n % nodes + 1}"
    return [*objects, node(), node("node-2")]


GUARD = thing(
    "PodDisruptionBudget",
    "web",
    spec={"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    status={"expectedPods": 2, "desiredHealthy": 1, "currentHealthy": 2, "disruptionsAllowed": 1},
)
PROBE = {"httpGet": {"path": "/", "port": 8080}}


def test_a_workload_of_good_habits_gets_no_note() -> None:
    assert notes(cluster(*served(readinessProbe=PROBE), GUARD)) == set()


def test_requests_that_are_missing_are_noted_with_the_containers() -> None:
    bare = container("web", resources={"requests": {"cpu": "1"}}, readinessProbe=PROBE)
    finding = found(cluster(deployment(containers=[bare])), "workload.no_requests")
    assert (finding.params["containers"], finding.params["resources"]) == ("web", "memory")


def test_a_limit_or_a_default_of_the_namespace_stands_for_a_request() -> None:
    limited = container("web", resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    assert notes(cluster(deployment(containers=[limited]))) == set()
    limits = [{"type": "Container", "defaultRequest": {"cpu": "1", "memory": "1Gi"}}]
    filled = thing("LimitRange", "defaults", spec={"limits": limits})
    bare = container("web", resources={})
    assert notes(cluster(deployment(containers=[bare]), filled)) == set()
    assert notes(cluster(deployment(containers=[bare], namespace="kube-system"))) == set()


@pytest.mark.parametrize(
    ("image", "policy", "moves"),
    [
        ("web", "IfNotPresent", True),
        ("localhost:5000/web:latest", "IfNotPresent", True),
        ("web:stable", "Always", True),
        ("web:stable", "IfNotPresent", False),
        ("web:1.4.2", "Always", False),
        ("web:latest@sha256:0a1b", "Always", False),
    ],
)
def test_a_tag_that_moves_is_noted_and_a_digest_never(image: str, policy: str, moves: bool) -> None:
    one = container("web", image=image, imagePullPolicy=policy)
    assert ("workload.mutable_tag" in notes(cluster(deployment(containers=[one])))) is moves


def test_replicas_that_run_different_builds_of_one_tag_are_more_than_a_note() -> None:
    image = {"image": "web:latest"}
    made = deployment(containers=[container("web", **image)])
    owner = replica_set(made)
    pods = [
        pod(owner, f"aa{n}bb", status=[running(imageID=f"web@sha256:{n}", **image)]) for n in (1, 2)
    ]
    finding = found(cluster(made, owner, *pods), "workload.mutable_tag")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["differing"] == "web"
    same = [pod(owner, f"aa{n}bb", status=[running(imageID="web@sha256:1")]) for n in (1, 2)]
    assert found(cluster(made, owner, *same), "workload.mutable_tag").severity is Severity.LOW


def test_traffic_without_a_readiness_probe_is_noted() -> None:
    finding = found(cluster(*served(readinessProbe=None), GUARD), "workload.no_readiness")
    assert finding.params["services"] == "web"


@pytest.mark.parametrize(
    "front",
    [{"clusterIP": "None"}, {"ports": [{"port": 53, "protocol": "UDP"}]}, {"selector": {}}],
    ids=["headless", "UDP only", "by hand"],
)
def test_a_service_that_needs_no_readiness_is_silent(front: Json) -> None:
    objects = served(readinessProbe=None)
    next(one for one in objects if one["kind"] == "Service")["spec"] |= front
    assert "workload.no_readiness" not in notes(cluster(*objects, GUARD))


def test_each_kind_of_single_point_is_noted() -> None:
    one = found(cluster(*served(replicas=1)), "workload.single_point")
    assert one.params["replicas"] == "1"
    together = found(cluster(*served(nodes=1), GUARD), "workload.single_point")
    assert together.params["node"] == "node-1"
    unguarded = found(cluster(*served()), "workload.single_point")
    assert unguarded.params["unguarded"] == "2"


def test_one_replica_by_design_and_a_cluster_of_one_node_are_silent() -> None:
    disk = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
    kept = workload(replicas=1, pod_spec=disk, containers=[container(readinessProbe=PROBE)])
    assert "workload.single_point" not in notes(cluster(*kept))
    alone = [one for one in served(nodes=1) if one["metadata"]["name"] != "node-2"]
    assert "workload.single_point" not in notes(cluster(*alone, GUARD))
    unserved = [one for one in served(replicas=1) if one["kind"] != "Service"]
    assert "workload.single_point" not in notes(cluster(*unserved))


def test_hygiene_never_answers_why_it_is_broken() -> None:
    told = cluster(*served(replicas=1, image="web", resources={}, readinessProbe=None))
    assert len(notes(told)) == 4
    assert rank(diagnose(told), told, topology(told)).verdict == "healthy"
