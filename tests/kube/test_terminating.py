"""What stays for a while when it is deleted: storage in use, and namespaces."""

from typing import Any

import httpx2

from tests.kube.deadline import eventually
from tests.kube.manifests import HELD, KINDS, config, deployment, held, pod, thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]

CLAIMS = "persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"


def _claim(kube: Kube) -> None:
    made = kube.made(CLAIMS, KINDS[CLAIMS][0])
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


def _user(name: str, **spec: Any) -> Json:
    return pod(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}], **spec)


def test_a_claim_that_a_running_pod_uses_stays(kube: Kube) -> None:
    _claim(kube)
    kube.made("pods", _user("runs", nodeName="node-a"))
    shown = kube.delete(CLAIMS, "x").json()
    assert shown["metadata"]["deletionTimestamp"]
    assert not kube.is_gone(CLAIMS, "x")
    kube.delete("pods", "runs", gracePeriodSeconds=0).raise_for_status()
    eventually(lambda: kube.is_gone(CLAIMS, "x"))


def test_a_claim_that_only_a_waiting_pod_names_goes(kube: Kube) -> None:
    _claim(kube)
    kube.made("pods", _user("waits"))
    kube.delete(CLAIMS, "x").raise_for_status()
    eventually(lambda: kube.is_gone(CLAIMS, "x"))


def _phase(kube: Kube, path: str, phase: str) -> None:
    headers = {"content-type": "application/merge-patch+json"}
    told = {"status": {"phase": phase}}
    kube.http.patch(f"{path}/status", json=told, headers=headers).raise_for_status()


def test_a_volume_that_is_bound_stays(kube: Kube) -> None:
    path, spec = f"{VOLUMES}/{kube.namespace}", {"hostPath": {"path": "/x"}}
    spec |= {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    made = kube.http.post(VOLUMES, json=thing("PersistentVolume", kube.namespace, spec=spec))
    assert made.json()["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    _phase(kube, path, "Bound")
    kube.http.delete(path).raise_for_status()
    assert kube.http.get(path).json()["metadata"]["deletionTimestamp"]
    _phase(kube, path, "Released")
    eventually(lambda: kube.http.get(path).status_code == 404)


def _namespace(kube: Kube) -> httpx2.Response:
    return kube.http.get(f"/api/v1/namespaces/{kube.namespace}")


def test_a_namespace_is_emptied_before_it_goes(kube: Kube) -> None:
    kube.made("configmaps", held(config("held")))
    kube.made("deployments.apps", deployment("web"))
    shown = kube.http.delete(f"/api/v1/namespaces/{kube.namespace}").json()
    assert (shown["status"]["phase"], shown["spec"]) == (
        "Terminating",
        {"finalizers": ["kubernetes"]},
    )
    answer = kube.create("configmaps", config("late"))
    words = (
        f'configmaps "late" is forbidden: unable to create new content in namespace '
        f"{kube.namespace} because it is being terminated"
    )
    [cause] = refused(answer, 403, "Forbidden", words)["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("NamespaceTerminating", "metadata.namespace")
    assert cause["message"] == f"namespace {kube.namespace} is being terminated"
    kube.patch("configmaps", "held", {"data": {"still": "changed"}}).raise_for_status()
    eventually(lambda: kube.is_gone("deployments.apps", "web"))
    kube.let_go("configmaps", "held")
    eventually(lambda: _namespace(kube).status_code == 404)


def test_a_namespace_says_what_it_waits_for(kube: Kube) -> None:
    kube.made("configmaps", held(config("held")))
    kube.http.delete(f"/api/v1/namespaces/{kube.namespace}").raise_for_status()
    eventually(lambda: "conditions" in _namespace(kube).json()["status"])
    told = {one["type"]: one for one in _namespace(kube).json()["status"]["conditions"]}
    assert {kind: (one["status"], one["reason"]) for kind, one in told.items()} == {
        "NamespaceDeletionDiscoveryFailure": ("False", "ResourcesDiscovered"),
        "NamespaceDeletionGroupVersionParsingFailure": ("False", "ParsedGroupVersions"),
        "NamespaceDeletionContentFailure": ("False", "ContentDeleted"),
        "NamespaceContentRemaining": ("True", "SomeResourcesRemain"),
        "NamespaceFinalizersRemaining": ("True", "SomeFinalizersRemain"),
    }
    assert "configmaps. has 1 resource instances" in told["NamespaceContentRemaining"]["message"]
    words = f"{HELD} in 1 resource instances"
    assert words in told["NamespaceFinalizersRemaining"]["message"]
    kube.let_go("configmaps", "held")
    eventually(lambda: _namespace(kube).status_code == 404)


def test_the_first_namespaces_stay(kube: Kube) -> None:
    answer = kube.http.delete("/api/v1/namespaces/default")
    words = 'namespaces "default" is forbidden: this namespace may not be deleted'
    refused(answer, 403, "Forbidden", words)


def test_a_namespace_that_hangs_may_be_told_to_go(kube: Kube) -> None:
    """What people do when a finalizer never comes off."""
    path = f"/api/v1/namespaces/{kube.namespace}"
    kube.http.put(f"{path}/finalize", json=thing("Namespace", kube.namespace)).raise_for_status()
    assert "finalizers" not in kube.http.get(path).json()["spec"]
