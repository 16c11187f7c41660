"""Deletion seen through: owners and their dependents, namespaces, storage in use."""

from typing import Any

from tests.sandbox.small_cluster import named
from tests.sandbox.stepped import Stepped, deployment, is_ready, node

Json = dict[str, Any]


def running(replicas: int = 2, *others: Json) -> Stepped:
    """A Deployment whose pods run."""
    shop = named("Namespace", "shop", namespace="", spec={"finalizers": ["kubernetes"]})
    cluster = Stepped(node("n1"), shop, *others)
    cluster.put(deployment(replicas))
    cluster.pass_s(60)
    assert [is_ready(pod) for pod in cluster.pods()] == [True] * replicas
    return cluster


def marked(one: Json, *finalizers: str) -> Json:
    marks = {"deletionTimestamp": "2026-11-20T10:01:00Z", "deletionGracePeriodSeconds": 0}
    metadata = one["metadata"] | marks | ({"finalizers": list(finalizers)} if finalizers else {})
    return one | {"metadata": metadata}


def delete(
    cluster: Stepped, kind: str, name: str, *finalizers: str, namespace: str = "shop"
) -> None:
    """As the API does: marked while something holds it."""
    one = cluster.get(kind, name, namespace)
    if finalizers or one.get("spec", {}).get("finalizers"):
        cluster.store.put(cluster.key(one), marked(one, *finalizers))
    else:
        cluster.store.remove(cluster.key(one))
    cluster.controllers.step()


def test_a_deployment_takes_its_pods_with_it() -> None:
    cluster = running()
    delete(cluster, "Deployment", "web")
    assert cluster.all("ReplicaSet") == []
    cluster.pass_s(60)
    assert cluster.pods() == []


def test_a_deployment_deleted_in_the_foreground_goes_last() -> None:
    cluster = running()
    delete(cluster, "Deployment", "web", "foregroundDeletion")
    [replica_set] = cluster.all("ReplicaSet")
    assert replica_set["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert all(pod["metadata"].get("deletionTimestamp") for pod in cluster.pods())
    assert len(cluster.all("Deployment")) == 1
    cluster.pass_s(60)
    assert (cluster.pods(), cluster.all("ReplicaSet"), cluster.all("Deployment")) == ([], [], [])


def test_pods_that_are_left_behind_run_on_and_are_adopted_by_a_new_owner() -> None:
    cluster = running()
    before = {pod["metadata"]["uid"] for pod in cluster.pods()}
    delete(cluster, "Deployment", "web", "orphan")
    assert cluster.all("Deployment") == []
    [replica_set] = cluster.all("ReplicaSet")
    assert "ownerReferences" not in replica_set["metadata"]
    cluster.put(deployment(2))
    cluster.pass_s(60)
    assert {pod["metadata"]["uid"] for pod in cluster.pods()} == before


def test_a_pod_that_a_finalizer_holds_stays_although_its_owner_is_gone() -> None:
    cluster = running(1)
    cluster.put(cluster.pod() | {"metadata": cluster.pod()["metadata"] | {"finalizers": ["a.b/c"]}})
    delete(cluster, "Deployment", "web")
    cluster.pass_s(120)
    assert cluster.pod()["metadata"]["deletionTimestamp"]
    metadata = {k: v for k, v in cluster.pod()["metadata"].items() if k != "finalizers"}
    cluster.store.put(cluster.key(cluster.pod()), cluster.pod() | {"metadata": metadata})
    cluster.pass_s(5)
    assert cluster.pods() == []


def test_a_namespace_goes_with_all_that_is_in_it() -> None:
    cluster = running()
    delete(cluster, "Namespace", "shop", namespace="")
    cluster.pass_s(60)
    left = [one["metadata"]["name"] for one in cluster.all("Namespace", "")]
    assert left == ["kube-system"]  # which every cluster has
    assert list(cluster.store.everything("shop")) == []


def test_loaded_objects_whose_owner_is_not_in_the_picture_stay() -> None:
    reference = {"apiVersion": "x.y/v1", "kind": "Unknown", "name": "u", "uid": "not-captured"}
    config = named("ConfigMap", "made")
    config["metadata"]["ownerReferences"] = [reference]
    cluster = Stepped(config)
    cluster.put({**cluster.get("ConfigMap", "made"), "data": {"a": "1"}})
    cluster.pass_s(60)
    assert cluster.get("ConfigMap", "made")["data"] == {"a": "1"}


def _bound(policy: str) -> Stepped:
    claim = named(
        "PersistentVolumeClaim",
        "data",
        spec={"volumeName": "disk", "resources": {"requests": {"storage": "1Gi"}}},
        status={"phase": "Bound", "capacity": {"storage": "1Gi"}},
    )
    reference = {"namespace": "shop", "name": "data"}
    volume = named(
        "PersistentVolume",
        "disk",
        namespace="",
        spec={"claimRef": reference, "persistentVolumeReclaimPolicy": policy},
        status={"phase": "Bound"},
    )
    volume["metadata"]["finalizers"] = ["kubernetes.io/pv-protection"]
    return Stepped(claim, volume)


def test_a_volume_is_reclaimed_as_its_policy_says() -> None:
    kept, deleted = _bound("Retain"), _bound("Delete")
    for cluster in (kept, deleted):
        delete(cluster, "PersistentVolumeClaim", "data")
    [volume] = kept.all("PersistentVolume", "")
    assert volume["status"]["phase"] == "Released"
    assert "deletionTimestamp" not in volume["metadata"]
    assert deleted.all("PersistentVolume", "") == []


def test_a_claim_that_asks_for_more_gets_a_larger_volume() -> None:
    cluster = _bound("Retain")
    cluster.edit("PersistentVolumeClaim", "data", resources={"requests": {"storage": "3Gi"}})
    claim = cluster.get("PersistentVolumeClaim", "data")
    [volume] = cluster.all("PersistentVolume", "")
    assert claim["status"]["capacity"] == volume["spec"]["capacity"] == {"storage": "3Gi"}
    assert len(cluster.events("FileSystemResizeSuccessful")) == 1


def test_what_is_measured_of_a_volume_grows_with_it_and_with_no_other() -> None:
    cluster, gib = _bound("Retain"), 1024.0**3
    series, now_s = cluster.controllers.world.series, cluster.time.timestamp()
    told = {"capacity": gib, "available": 0.1 * gib, "used": 0.9 * gib}
    for claim in ("data", "other"):
        for what, value in told.items():
            series.hold(_measured(what, claim), value, now_s, interval_ms=30_000)
    cluster.edit("PersistentVolumeClaim", "data", resources={"requests": {"storage": "3Gi"}})
    cluster.pass_s(60)
    later_s = cluster.time.timestamp()

    def measured(claim: str) -> dict[str, float | None]:
        return {what: series.value_at(_measured(what, claim), later_s) for what in told}

    assert measured("data") == {"capacity": 3 * gib, "available": 2.1 * gib, "used": 0.9 * gib}
    assert measured("other") == told


def _measured(what: str, claim: str) -> tuple[tuple[str, str], ...]:
    name = f"kubelet_volume_stats_{what}_bytes"
    return (("__name__", name), ("namespace", "shop"), ("persistentvolumeclaim", claim))
