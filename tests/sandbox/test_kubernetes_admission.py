"""What the rules of a namespace refuse, and what they fill in."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes_api.quantities import quantity, written
from tests.sandbox.small_cluster import named

Json = dict[str, Any]

CORE = "/api/v1/namespaces/lab"
HARD = {"requests.cpu": "1", "limits.memory": "1Gi", "pods": "2"}


@pytest.fixture
def lab(http: httpx2.Client) -> httpx2.Client:
    """A client of the small cluster, which has an empty namespace `lab`."""
    http.post("/api/v1/namespaces", json=named("Namespace", "lab", namespace=""))
    return http


def limit(lab: httpx2.Client, **limits: Any) -> None:
    spec = {"limits": [{"type": "Container", **limits}]}
    one = named("LimitRange", "sizes", namespace="lab", spec=spec)
    assert lab.post(f"{CORE}/limitranges", json=one).status_code == 201


def quota(lab: httpx2.Client, hard: dict[str, str], **spec: Any) -> None:
    one = named("ResourceQuota", "share", namespace="lab", spec={"hard": hard, **spec})
    assert lab.post(f"{CORE}/resourcequotas", json=one).status_code == 201


def run(lab: httpx2.Client, name: str, **resources: Any) -> httpx2.Response:
    container = {"name": "app", "image": "shop/web:1", "resources": resources}
    one = named("Pod", name, namespace="lab", spec={"containers": [container]})
    return lab.post(f"{CORE}/pods", json=one)


def sized(cpu: str, memory: str) -> Json:
    return {"requests": {"cpu": cpu}, "limits": {"memory": memory}}


def used(lab: httpx2.Client) -> Json:
    return lab.get(f"{CORE}/resourcequotas/share").json()["status"]["used"]


def test_a_quota_refuses_what_would_exceed_it(lab: httpx2.Client) -> None:
    quota(lab, HARD)
    assert run(lab, "a", **sized("600m", "512Mi")).status_code == 201
    answer = run(lab, "b", **sized("500m", "256Mi"))
    assert answer.status_code == 403
    assert answer.json()["message"] == (
        'pods "b" is forbidden: exceeded quota: share, requested: requests.cpu=500m, '
        "used: requests.cpu=600m, limited: requests.cpu=1"
    )


def test_a_quota_asks_for_the_resources_it_counts(lab: httpx2.Client) -> None:
    quota(lab, HARD)
    assert run(lab, "a").json()["message"] == (
        'pods "a" is forbidden: failed quota: share: '
        "must specify limits.memory for: app; requests.cpu for: app"
    )


def test_what_is_used_follows_the_pods(lab: httpx2.Client) -> None:
    quota(lab, HARD)
    assert used(lab) == {"requests.cpu": "0", "limits.memory": "0", "pods": "0"}
    run(lab, "a", **sized("600m", "512Mi"))
    assert used(lab) == {"requests.cpu": "600m", "limits.memory": "512Mi", "pods": "1"}
    lab.delete(f"{CORE}/pods/a", params={"gracePeriodSeconds": 0})
    assert used(lab) == {"requests.cpu": "0", "limits.memory": "0", "pods": "0"}


def test_objects_of_any_kind_may_be_counted(lab: httpx2.Client) -> None:
    quota(lab, {"count/configmaps": "1", "services.loadbalancers": "0"})
    one = named("ConfigMap", "a", namespace="lab")
    assert lab.post(f"{CORE}/configmaps", json=one).status_code == 201
    one["metadata"]["name"] = "b"
    message = lab.post(f"{CORE}/configmaps", json=one).json()["message"]
    assert "requested: count/configmaps=1, used: count/configmaps=1" in message
    door = named("Service", "door", namespace="lab", spec={"type": "LoadBalancer"})
    assert lab.post(f"{CORE}/services", json=door).status_code == 403
    door["spec"] = {"type": "ClusterIP"}
    assert lab.post(f"{CORE}/services", json=door).status_code == 201


def test_a_quota_with_a_scope_counts_only_the_pods_in_it(lab: httpx2.Client) -> None:
    quota(lab, {"pods": "0"}, scopes=["BestEffort"])
    assert run(lab, "a").status_code == 403
    assert run(lab, "b", requests={"cpu": "1"}).status_code == 201


def test_a_dry_run_is_refused_too_and_uses_nothing(lab: httpx2.Client) -> None:
    quota(lab, {"pods": "1"})
    one = named(
        "Pod", "a", namespace="lab", spec={"containers": [{"name": "app", "image": "shop/web:1"}]}
    )
    assert lab.post(f"{CORE}/pods", json=one, params={"dryRun": "All"}).status_code == 201
    assert used(lab) == {"pods": "0"}


def test_a_limit_range_fills_in_what_is_not_said(lab: httpx2.Client) -> None:
    limit(lab, default={"memory": "512Mi"}, defaultRequest={"cpu": "100m", "memory": "128Mi"})
    [container] = run(lab, "a").json()["spec"]["containers"]
    assert container["resources"] == {
        "limits": {"memory": "512Mi"},
        "requests": {"cpu": "100m", "memory": "128Mi"},
    }
    [told] = run(lab, "b", limits={"memory": "256Mi"}).json()["spec"]["containers"]
    assert told["resources"]["requests"] == {"cpu": "100m", "memory": "256Mi"}


def test_defaults_count_in_a_quota(lab: httpx2.Client) -> None:
    limit(lab, defaultRequest={"cpu": "400m"})
    quota(lab, {"requests.cpu": "1"})
    assert [run(lab, name).status_code for name in "abc"] == [201, 201, 403]


@pytest.mark.parametrize(
    ("bounds", "resources", "sentence"),
    [
        (
            {"min": {"cpu": "100m"}},
            {"requests": {"cpu": "50m"}},
            "minimum cpu usage per Container is 100m, but request is 50m",
        ),
        (
            {"max": {"memory": "1Gi"}},
            {"limits": {"memory": "2Gi"}},
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "1"}, "limits": {"cpu": "3"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
    ],
)
def test_a_limit_range_refuses_what_is_out_of_bounds(
    lab: httpx2.Client, bounds: Json, resources: Json, sentence: str
) -> None:
    limit(lab, **bounds)
    answer = run(lab, "a", **resources)
    assert answer.status_code == 403
    assert answer.json()["message"] == f'pods "a" is forbidden: {sentence}'


@given(st.integers(0, 10**15), st.sampled_from(["cpu", "memory", "requests.storage"]))
def test_an_amount_that_is_written_reads_back(thousandths: int, resource: str) -> None:
    amount = quantity(f"{thousandths}m")
    assert quantity(written(amount, resource)) == amount


def secured(lab: httpx2.Client, **levels: str) -> None:
    labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in levels.items()}
    merge = {"content-type": "application/merge-patch+json"}
    told = {"metadata": {"labels": labels}}
    assert lab.patch("/api/v1/namespaces/lab", json=told, headers=merge).status_code == 200


def test_a_restricted_namespace_says_all_that_a_pod_lacks(lab: httpx2.Client) -> None:
    secured(lab, enforce="restricted")
    answer = run(lab, "a")
    assert answer.status_code == 403
    assert answer.json()["message"] == (
        'pods "a" is forbidden: violates PodSecurity "restricted:latest": '
        'allowPrivilegeEscalation != false (container "app" must set '
        "securityContext.allowPrivilegeEscalation=false), "
        'unrestricted capabilities (container "app" must set '
        'securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "app" must set '
        "securityContext.runAsNonRoot=true), "
        'seccompProfile (pod or container "app" must set '
        'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )


def test_a_restricted_namespace_takes_a_careful_pod(lab: httpx2.Client) -> None:
    secured(lab, enforce="restricted")
    careful = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "app", "image": "shop/web:1", "securityContext": careful}
    whole = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"securityContext": whole, "containers": [container]}
    one = named("Pod", "a", namespace="lab", spec=spec)
    assert lab.post(f"{CORE}/pods", json=one).status_code == 201


@pytest.mark.parametrize(
    ("spec", "container", "sentence"),
    [
        ({"hostNetwork": True}, {}, "host namespaces (hostNetwork=true)"),
        (
            {},
            {"securityContext": {"privileged": True}},
            'privileged (container "app" must not set securityContext.privileged=true)',
        ),
        (
            {"volumes": [{"name": "disk", "hostPath": {"path": "/"}}]},
            {},
            'hostPath volumes (volume "disk")',
        ),
        (
            {},
            {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
            (
                'non-default capabilities (container "app" must not include "SYS_ADMIN" in '
                "securityContext.capabilities.add)"
            ),
        ),
    ],
)
def test_a_baseline_namespace_keeps_pods_away_from_the_host(
    lab: httpx2.Client, spec: Json, container: Json, sentence: str
) -> None:
    secured(lab, enforce="baseline")
    told = [{"name": "app", "image": "shop/web:1", **container}]
    one = named("Pod", "a", namespace="lab", spec={**spec, "containers": told})
    answer = lab.post(f"{CORE}/pods", json=one)
    assert answer.json()["message"] == (
        f'pods "a" is forbidden: violates PodSecurity "baseline:latest": {sentence}'
    )
    assert run(lab, "b").status_code == 201


def test_a_namespace_that_only_warns_takes_the_pod(lab: httpx2.Client) -> None:
    secured(lab, warn="restricted")
    answer = run(lab, "a")
    assert answer.status_code == 201
    assert 'would violate PodSecurity \\"restricted:latest\\"' in answer.headers["warning"]
