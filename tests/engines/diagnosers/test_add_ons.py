"""Policies broken, operators not installed, deliveries that did not arrive."""

from typing import Any

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.rca_ranking import rank
from mcp_servers.engines.topology import topology
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, Ref
from tests.factories import (
    cluster,
    condition,
    deployment,
    ended,
    found,
    pod,
    replica_set,
    rules,
    stamp,
    thing,
    waiting,
)


def result(said: str = "fail", policy: str = "require-labels", **more: Any) -> Json:
    named = {"kind": "Deployment", "namespace": "shop", "name": more.pop("name", "web")}
    told = {"policy": policy, "rule": "has-team", "message": "label team is missing"}
    return {**told, "result": said, "resources": [named], **more}


def report(*results: Json) -> Json:
    return {**thing("PolicyReport", "shop"), "results": list(results)}


def test_what_breaks_a_policy_is_one_finding_with_all_that_do() -> None:
    many = report(result(), result(name="api"), result(name="api", policy="other", severity="high"))
    told = {one.params["policy"]: one for one in diagnose(cluster(many))}
    labels = told["require-labels"]
    assert labels.resource == Ref("Policy", "", "require-labels")
    assert (labels.params["count"], labels.severity) == ("2", Severity.MEDIUM)
    assert told["other"].resource == Ref("Deployment", "shop", "api")
    assert told["other"].severity is Severity.HIGH


@pytest.mark.parametrize("said", ["pass", "skip", "warn"])
def test_what_keeps_a_policy_or_was_skipped_is_silent(said: str) -> None:
    assert rules(cluster(report(result(said)))) == set()


def constraint(action: str, total: int) -> Json:
    violation = {"kind": "Pod", "namespace": "shop", "name": "web-1", "message": "no limits"}
    status = {"totalViolations": total, "violations": [violation] * min(total, 1)}
    made = thing("K8sRequiredLimits", "limits", spec={"enforcementAction": action}, status=status)
    return {**made, "apiVersion": "constraints.gatekeeper.sh/v1beta1"}


def test_a_constraint_tells_how_often_it_is_broken() -> None:
    finding = found(cluster(constraint("deny", 7)), "policy.violation")
    assert (finding.params["count"], finding.params["message"]) == ("7", "no limits")


@pytest.mark.parametrize(("action", "total"), [("deny", 0), ("warn", 3), ("dryrun", 3)])
def test_a_constraint_kept_or_only_watching_is_silent(action: str, total: int) -> None:
    assert rules(cluster(constraint(action, total))) == set()


def olm(kind: str, status: Json, *, age: float = 600, **spec: Any) -> Json:
    made = thing(kind, "kafka", age=age, spec=spec, status=status)
    return {**made, "apiVersion": "operators.coreos.com/v1alpha1"}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (olm("ClusterServiceVersion", {"phase": "Failed", "message": "no image"}), "Failed"),
        (olm("Subscription", {"state": "UpgradePending", "lastUpdated": stamp(90)}), "UpgradePending"),
        (olm("InstallPlan", {"phase": "Failed"}), "Failed"),
        (olm("CatalogSource", {"connectionState": {"lastObservedState": "TRANSIENT_FAILURE"}}, sourceType="grpc"), "TRANSIENT_FAILURE"),
    ],
)  # fmt: skip
def test_an_operator_that_is_not_installed_says_where_it_hangs(made: Json, said: str) -> None:
    finding = found(cluster(made), "olm.v0_unhealthy")
    assert (finding.params["said"], finding.severity) == (said, Severity.MEDIUM)


def test_a_plan_that_waits_for_a_person_is_context() -> None:
    waits = olm("InstallPlan", {"phase": "RequiresApproval"})
    assert found(cluster(waits), "olm.v0_unhealthy").severity is Severity.INFO


def test_two_groups_in_a_namespace_stop_every_operator() -> None:
    groups = [thing("OperatorGroup", name) for name in ("one", "two")]
    assert "one, two" in found(cluster(*groups), "olm.v0_unhealthy").params["said"]
    assert rules(cluster(groups[0])) == set()


@pytest.mark.parametrize(
    "made",
    [
        olm("ClusterServiceVersion", {"phase": "Succeeded"}),
        olm("ClusterServiceVersion", {"phase": "Replacing"}),
        olm("ClusterServiceVersion", {"phase": "Installing", "lastTransitionTime": stamp(2)}),
        olm("ClusterServiceVersion", {"phase": "Failed", "reason": "Copied"}),
        olm("Subscription", {"state": "AtLatestKnown"}),
        olm("Subscription", {"state": "UpgradePending", "lastUpdated": stamp(5)}),
        olm("InstallPlan", {"phase": "Complete"}),
        olm("CatalogSource", {"connectionState": {"lastObservedState": "READY"}}, sourceType="grpc"),
        {**thing("Subscription", "orders", status={}), "apiVersion": "messaging.knative.dev/v1"},
    ],
    ids=["installed", "replaced", "installing", "a copy", "newest", "upgrading", "planned", "ready",
         "another project's"],
)  # fmt: skip
def test_an_operator_in_order_or_on_its_way_is_silent(made: Json) -> None:
    assert rules(cluster(made)) == set()


def extension(
    *conditions: Json, kind: str = "ClusterExtension", age: float = 600, **status: Any
) -> Json:
    return thing(kind, "kafka", age=age, status={"conditions": list(conditions), **status})


def test_an_extension_or_catalog_that_is_not_there_tells_its_condition() -> None:
    missing = extension(condition("Installed", "False", reason="Failed", message="no bundle"))
    assert found(cluster(missing), "olm.v1_unhealthy").params["message"] == "no bundle"
    stuck = extension(
        condition("Installed", "True"), condition("Progressing", "True", reason="Retrying")
    )
    assert found(cluster(stuck), "olm.v1_unhealthy").params["said"] == "Retrying"
    deaf = extension(condition("Serving", "False"), kind="ClusterCatalog")
    assert found(cluster(deaf), "olm.v1_unhealthy").severity is Severity.MEDIUM


def test_an_extension_that_works_or_is_new_is_silent() -> None:
    works = extension(
        condition("Installed", "True"), condition("Progressing", "True", reason="Succeeded")
    )
    new = extension(condition("Installed", "False", ago=1), age=1)
    assert rules(cluster(works)) == rules(cluster(new)) == set()


def application(
    namespace: str = "shop", *, automated: bool = True, options: tuple[str, ...] = (), **status: Any
) -> Json:
    policy: Json = {"automated": {}} if automated else {}
    destination = {"server": "https://kubernetes.default.svc", "namespace": namespace}
    spec = {"destination": destination, "syncPolicy": {**policy, "syncOptions": list(options)}}
    made = thing("Application", "web", namespace="argocd", spec=spec, status=status)
    return {**made, "apiVersion": "argoproj.io/v1alpha1"}


SHOP = thing("Namespace", "shop", labels={"pod-security.kubernetes.io/enforce": "baseline"})
DEGRADED = {"status": "Degraded", "lastTransitionTime": stamp(20)}
BEHIND = {"status": "OutOfSync", "revision": "4f2a9c"}


def test_an_application_for_a_namespace_that_is_not_there_names_the_nearest() -> None:
    finding = found(cluster(SHOP, application("shpo")), "delivery.failed")
    assert (finding.params["near"], finding.severity) == ("shop", Severity.HIGH)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (application(health=DEGRADED), "Degraded"),
        (application(sync=BEHIND, operationState={"phase": "Failed", "message": "no such chart"}), "sync Failed"),
        (application(sync=BEHIND, operationState={"phase": "Succeeded", "finishedAt": stamp(90)}), "OutOfSync"),
    ],
)  # fmt: skip
def test_an_application_tells_how_its_delivery_went(made: Json, said: str) -> None:
    assert found(cluster(SHOP, made), "delivery.failed").params["said"] == said


@pytest.mark.parametrize(
    "made",
    [
        application(sync={"status": "Synced"}, health={"status": "Healthy"}),
        application(health={"status": "Progressing"}),
        application(sync=BEHIND, automated=False),
        application(sync=BEHIND, operationState={"phase": "Succeeded", "finishedAt": stamp(5)}),
        application(sync=BEHIND, conditions=[{"type": "SyncWindow"}]),
        application("new", options=("CreateNamespace=true",)),
    ],
    ids=["in order", "on its way", "synced by hand", "just behind", "window closed", "makes its namespace"],
)  # fmt: skip
def test_an_application_in_order_or_held_back_on_purpose_is_silent(made: Json) -> None:
    assert rules(cluster(SHOP, made)) == set()


def test_a_degraded_application_is_only_what_its_broken_workload_looks_like() -> None:
    killed = waiting("web", "CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=4)
    made = deployment(replicas=1, ready=0)
    owner = replica_set(made)
    ill = {
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "health": {"status": "Degraded"},
    }
    seen = cluster(
        SHOP,
        made,
        owner,
        pod(owner, status=[killed]),
        application(health=DEGRADED, resources=[ill]),
    )
    ranking = rank(diagnose(seen), seen, topology(seen))
    assert [one.finding.rule for one in ranking.roots] == ["pod.oom_killed"]
    assert "delivery.failed" in {one.rule for one in ranking.symptoms}


def flux(
    *, kind: str = "Kustomization", suspend: bool = False, ago: float = 30, **ready: str
) -> Json:
    told = condition("Ready", ready.pop("status", "False"), ago=ago, **ready)
    return thing(
        kind,
        "apps",
        namespace="flux-system",
        spec={"suspend": suspend},
        status={"conditions": [told]},
    )


def test_flux_tells_why_it_could_not_apply() -> None:
    made = flux(reason="BuildFailed", message="kustomization.yaml not found")
    assert (
        found(cluster(made), "delivery.failed").params["message"] == "kustomization.yaml not found"
    )


@pytest.mark.parametrize(
    "made",
    [
        flux(status="True"),
        flux(suspend=True),
        flux(reason="DependencyNotReady"),
        flux(reason="Progressing"),
        flux(reason="BuildFailed", ago=1),
    ],
    ids=["applied", "suspended", "waits for another", "under way", "just now"],
)
def test_flux_in_order_or_waiting_is_silent(made: Json) -> None:
    assert rules(cluster(made)) == set()


def release(revision: int, status: str, *, age: float = 60) -> Json:
    labels = {"owner": "helm", "name": "web", "status": status, "version": str(revision)}
    name = f"sh.helm.release.v1.web.v{revision}"
    return thing("Secret", name, type="helm.sh/release.v1", labels=labels, age=age)


@pytest.mark.parametrize("status", ["failed", "pending-upgrade"])
def test_a_helm_release_is_judged_by_its_newest_revision(status: str) -> None:
    finding = found(cluster(release(9, "deployed"), release(10, status)), "delivery.failed")
    assert finding.resource == Ref("HelmRelease", "shop", "web")
    assert finding.params["revision"] == "revision 10"
    assert rules(cluster(release(9, status), release(10, "deployed"))) == set()


def test_an_upgrade_that_just_began_is_silent() -> None:
    assert rules(cluster(release(2, "pending-upgrade", age=2))) == set()
