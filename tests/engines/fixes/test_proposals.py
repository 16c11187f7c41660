"""What touches access, network, quotas or somebody else's manifest is handed over, not written."""

from typing import Any

import pytest

from mcp_servers.engines.fixes import repair
from mcp_servers.engines.owners import manifest_owner
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Advice, Proposal, Repair
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource
from tests.engines.fixes.judging import proposal, repaired, told
from tests.factories import (
    cluster,
    deployment,
    endpoint_slice,
    node,
    pod,
    replica_set,
    service,
    thing,
)


def about(rule: str, ref: Ref, params: dict[str, str], seen: Cluster, **more: Any) -> Repair:
    finding = Finding(rule, Severity.HIGH, Confidence.CERTAIN, ref, None, (), params, **more)
    return told(repair(finding, seen), seen)


def near_miss(**front: Any) -> Cluster:
    owner = deployment(template_labels={"release": "green"})
    made = replica_set(owner)
    held = service(selector={"app": "web", "release": "blue"}, **front)
    return cluster(owner, made, pod(made), held, endpoint_slice(held, []))


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ({"annotations": {"argocd.argoproj.io/sync-wave": "2"}}, "owned_by_argocd"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:v1/Service:shop/web"}}, "owned_by_argocd"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}, "owned_by_flux"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "shop"}}, "owned_by_flux"),
        ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "owned_by_helm"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "owned_by_helm"),
        ({"labels": {"app.kubernetes.io/managed-by": "strimzi-cluster-operator"}}, "owned_by_operator"),
        ({"annotations": {"kapp.k14s.io/app": "shop"}}, "owned_by_gitops"),
        ({"owner": {"apiVersion": "shop.example/v1", "kind": "Shop", "metadata": {"name": "main", "uid": "u"}}}, "owned_by_operator"),
    ],
)  # fmt: skip
def test_what_somebody_else_would_write_again_becomes_a_proposal(
    marks: dict[str, Any], why: str
) -> None:
    one = proposal(near_miss(**marks), "service.selector_near_miss")
    assert one.why == why
    assert one.before is not None
    assert one.after["spec"]["selector"]["release"] == "green"


@pytest.mark.parametrize(
    ("manager", "fields", "by"),
    [
        ("argocd-controller", {"f:spec": {"f:selector": {}}}, "argocd"),
        ("kustomize-controller", {"f:spec": {"f:selector": {}}}, "flux"),
        ("helm", {"f:spec": {"f:selector": {}}}, "helm"),
        ("Terraform", {"f:spec": {"f:selector": {}}}, "gitops"),
        ("argocd-controller", {"f:metadata": {"f:labels": {}}}, ""),
        ("kubectl-edit", {"f:spec": {"f:selector": {}}}, ""),
    ],
)
def test_managed_fields_tell_who_writes_the_spec(manager: str, fields: Json, by: str) -> None:
    held = thing("Service", "web")
    held["metadata"]["managedFields"] = [{"manager": manager, "fieldsV1": fields}]
    owner = manifest_owner(Resource(held))
    assert (owner.by if owner else "") == by


def test_the_owners_that_kubernetes_itself_has_are_no_operators() -> None:
    made = replica_set(deployment())
    assert manifest_owner(Resource(made)) is None


def test_a_protected_namespace_gets_neither_a_write_nor_a_proposal() -> None:
    for namespace, protected in (("kube-system", frozenset[str]()), ("shop", frozenset({"shop"}))):
        held = thing(
            "ResourceQuota",
            "q",
            namespace=namespace,
            spec={"hard": {"pods": "3"}},
            status={"used": {"pods": "3"}},
        )
        seen = cluster(held)
        finding = Finding(
            "quota.near_limit",
            Severity.MEDIUM,
            Confidence.CERTAIN,
            Ref("ResourceQuota", namespace, "q"),
            None,
            (),
        )
        one = repair(finding, seen, protected=protected)
        assert isinstance(one, Advice)
        assert one.why == "namespace_protected"


POLICY = Ref("NetworkPolicy", "shop", "web")


def test_a_flow_is_allowed_for_exactly_those_pods_and_that_port() -> None:
    caller = deployment("cart", namespace="buy")
    calls = pod(replica_set(caller))
    policy = thing("NetworkPolicy", "web", spec={"podSelector": {}, "ingress": [{"from": []}]})
    seen = cluster(policy, caller, calls, service())
    params = {
        "caller": "Deployment cart",
        "service": "shop/web",
        "port": "8080",
        "direction": "ingress",
    }
    affected = (Ref("Pod", "buy", calls["metadata"]["name"]), Ref("Service", "shop", "web"))
    one = about("netpol.blocks_flow", POLICY, params, seen, affected=affected)
    assert isinstance(one, Proposal)
    assert one.why == "always_proposed"
    peer = {
        "podSelector": {"matchLabels": {"app": "cart"}},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "buy"}},
    }
    assert one.after["spec"]["ingress"] == [
        {"from": []},
        {"from": [peer], "ports": [{"protocol": "TCP", "port": 8080}]},
    ]


def test_dns_is_allowed_over_both_protocols() -> None:
    policy = thing("NetworkPolicy", "web", spec={"podSelector": {}, "policyTypes": ["Egress"]})
    one = about("netpol.blocks_dns", POLICY, {}, cluster(policy))
    assert isinstance(one, Proposal)
    [rule] = one.after["spec"]["egress"]
    assert [port["protocol"] for port in rule["ports"]] == ["UDP", "TCP"]


DENIED = {
    "user": "system:serviceaccount:shop:web",
    "verb": "patch",
    "what_resource": "jobs.batch",
    "where": "shop",
}


def test_a_right_is_added_to_the_role_the_account_has() -> None:
    role = thing(
        "Role", "jobs", rules=[{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"]}]
    )
    binding = thing(
        "RoleBinding", "jobs",
        roleRef={"kind": "Role", "name": "jobs"},
        subjects=[{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}],
    )  # fmt: skip
    one = about("rbac.denied", Ref("Deployment", "shop", "web"), DENIED, cluster(role, binding))
    assert isinstance(one, Proposal)
    assert one.target == Ref("Role", "shop", "jobs")
    assert one.after["rules"][0]["verbs"] == ["get", "patch"]


def test_without_one_a_role_and_its_binding_are_written_out() -> None:
    one = about("rbac.denied", Ref("Deployment", "shop", "web"), DENIED, cluster())
    assert isinstance(one, Proposal)
    role, binding = one.after["items"]
    assert role["rules"] == [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["patch"]}]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"verb": "escalate"}, "right_too_wide"),
        ({"what_resource": "secrets", "verb": "list"}, "right_too_wide"),
        ({"where": ""}, "right_is_cluster_wide"),
        ({"user": "jane"}, "right_is_cluster_wide"),
    ],
)
def test_a_right_that_gives_more_away_is_not_even_proposed(
    change: dict[str, str], why: str
) -> None:
    one = about("rbac.denied", Ref("Deployment", "shop", "web"), {**DENIED, **change}, cluster())
    assert isinstance(one, Advice)
    assert one.why == why


def test_a_quota_is_raised_by_half_where_it_is_short_and_nowhere_else() -> None:
    hard = {"requests.cpu": "4", "limits.memory": "8Gi", "pods": "20"}
    used = {"requests.cpu": "3900m", "limits.memory": "2Gi", "pods": "3"}
    held = thing("ResourceQuota", "q", spec={"hard": hard}, status={"hard": hard, "used": used})
    one = proposal(cluster(held), "quota.near_limit")
    assert one.after["spec"]["hard"] == {**hard, "requests.cpu": "6"}


def test_hardening_keeps_what_the_template_says() -> None:
    owner = deployment(pod_spec={"securityContext": {"runAsNonRoot": False, "runAsUser": 0}})
    owner["spec"]["template"]["spec"]["containers"][0]["securityContext"] = {}
    one = proposal(cluster(owner, node()), "sec.root_or_escalation")
    spec = one.after["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsUser"] == 0
    assert spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False


def test_a_route_gets_the_one_near_name() -> None:
    held = thing("Ingress", "web", spec={"rules": [{"http": {"paths": [
        {"path": "/", "backend": {"service": {"name": "wbe", "port": {"number": 80}}}}
    ]}}]})  # fmt: skip
    one = proposal(cluster(held, service()), "ingress.backend_missing")
    assert one.after["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == "web"


def test_an_ingress_class_that_is_nearly_so_called_is_proposed() -> None:
    held = thing(
        "Ingress", "web", spec={"ingressClassName": "nginx-x"}, status={"loadBalancer": {}}
    )
    one = repaired(cluster(held, thing("IngressClass", "nginx")), "ingress.class_missing")
    assert isinstance(one, Proposal)
    assert one.after["spec"]["ingressClassName"] == "nginx"
