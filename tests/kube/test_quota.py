"""What admission refuses or fills in: ResourceQuota, LimitRange, Pod Security."""

from typing import Any

import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import pod, thing
from tests.kube.server import Kube, refused

pytestmark = pytest.mark.real_only("the practice cluster has no such admission yet")

SMALL = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}}


def _limited(kube: Kube, **hard: str) -> None:
    """A quota that is in force: its controller has looked at it."""
    hard = {name.replace("_", "."): value for name, value in hard.items()}
    kube.made("resourcequotas", thing("ResourceQuota", "all", spec={"hard": hard}))
    eventually(lambda: "used" in kube.get("resourcequotas", "all").json()["status"])


def _container(**resources: object) -> list[dict[str, object]]:
    return [{"name": "app", "image": "shop/app:1", "resources": resources}]


def test_a_quota_counts_pods(kube: Kube) -> None:
    _limited(kube, pods="1")
    kube.made("pods", pod("a"))
    words = "exceeded quota: all, requested: pods=1, used: pods=1, limited: pods=1"
    refused(kube.create("pods", pod("b")), 403, "Forbidden", 'pods "b" is forbidden: ', words)


def test_a_quota_frees_what_goes(kube: Kube) -> None:
    _limited(kube, pods="1")
    kube.made("pods", pod("a"))
    kube.delete("pods", "a", {"gracePeriodSeconds": 0}).raise_for_status()
    eventually(lambda: kube.create("pods", pod("b")).status_code == 201)


def test_a_quota_of_memory_asks_for_requests(kube: Kube) -> None:
    _limited(kube, requests_memory="100Mi")
    words = "failed quota: all: must specify requests.memory for: app"
    refused(kube.create("pods", pod("a")), 403, "Forbidden", words)


def test_a_quota_adds_up_memory(kube: Kube) -> None:
    _limited(kube, requests_memory="100Mi")
    kube.made("pods", pod("a", containers=_container(**SMALL)))
    words = (
        "requested: requests.memory=64Mi, used: requests.memory=64Mi, limited: requests.memory=1"
    )
    refused(kube.create("pods", pod("b", containers=_container(**SMALL))), 403, "Forbidden", words)


def test_a_quota_counts_in_a_dry_run_and_uses_nothing(kube: Kube) -> None:
    _limited(kube, pods="1")
    assert kube.create("pods", pod("a"), dryRun="All").status_code == 201
    kube.made("pods", pod("b"))
    assert kube.create("pods", pod("c"), dryRun="All").status_code == 403


@pytest.fixture
def ranged(kube: Kube) -> Kube:
    limit = {
        "type": "Container",
        "default": {"memory": "256Mi"},
        "defaultRequest": {"memory": "128Mi"},
        "max": {"memory": "512Mi"},
    }
    kube.made("limitranges", thing("LimitRange", "usual", spec={"limits": [limit]}))
    eventually(lambda: "limits" in str(kube.create("pods", pod("probe"), dryRun="All").json()))
    return kube


def test_a_limit_range_fills_in_what_is_absent(ranged: Kube) -> None:
    [container] = ranged.made("pods", pod("a"))["spec"]["containers"]
    assert container["resources"] == {
        "limits": {"memory": "256Mi"},
        "requests": {"memory": "128Mi"},
    }


def test_a_limit_range_refuses_what_is_too_much(ranged: Kube) -> None:
    told = pod("a", containers=_container(limits={"memory": "1Gi"}))
    words = "maximum memory usage per Container is 512Mi, but limit is 1Gi"
    refused(ranged.create("pods", told), 403, "Forbidden", words)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"hostNetwork": True}, "host namespaces (hostNetwork=true)"),
        ({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "h")'),
    ],
)
def test_a_baseline_namespace_refuses_what_reaches_the_host(
    kube: Kube, spec: dict[str, Any], words: str
) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    headers = {"content-type": "application/merge-patch+json"}
    path = f"/api/v1/namespaces/{kube.namespace}"
    kube.http.patch(path, json={"metadata": {"labels": labels}}, headers=headers)
    eventually(lambda: kube.create("pods", pod("a", **spec), dryRun="All").status_code == 403)
    refused(
        kube.create("pods", pod("a", **spec)),
        403,
        "Forbidden",
        'violates PodSecurity "baseline:latest"',
        words,
    )
