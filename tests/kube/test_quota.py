"""What ResourceQuota and LimitRange refuse or fill in."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import deployment, pod, service, thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]

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


def _boxed(name: str = "app", cpu: str = "", **more: Any) -> Json:
    resources = {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}} if cpu else {}
    return {"name": name, "image": "shop/app:1", "resources": resources, **more}


def _used(kube: Kube, name: str = "all") -> Json:
    return kube.get("resourcequotas", name).json()["status"]["used"]


@pytest.mark.parametrize(
    ("init", "cpu"),
    [
        ([_boxed("first", "500m")], "500m"),
        ([_boxed("first", "100m")], "300m"),
        ([_boxed("first", "500m"), _boxed("second", "400m")], "500m"),
        ([_boxed("side", "200m", restartPolicy="Always")], "500m"),
        (
            [_boxed("side", "200m", restartPolicy="Always"), _boxed("first", "500m")],
            "700m",
        ),
        (
            [_boxed("first", "500m"), _boxed("side", "200m", restartPolicy="Always")],
            "500m",
        ),
    ],
)
def test_a_quota_counts_the_most_that_a_pod_asks_for_at_once(
    kube: Kube, init: list[Json], cpu: str
) -> None:
    _limited(kube, requests_cpu="2", limits_cpu="2", cpu="2")
    kube.made("pods", pod("a", initContainers=init, containers=[_boxed(cpu="300m")]))
    eventually(lambda: _used(kube)["cpu"] == cpu)
    assert _used(kube) == {"requests.cpu": cpu, "limits.cpu": cpu, "cpu": cpu}


def test_init_containers_must_say_what_they_ask_for_too(kube: Kube) -> None:
    _limited(kube, requests_cpu="2", limits_cpu="2")
    told = pod("a", initContainers=[_boxed("i")], containers=[_boxed("z"), _boxed("b", "1m")])
    words = "failed quota: all: must specify limits.cpu for: i,z; requests.cpu for: i,z"
    refused(kube.create("pods", told), 403, "Forbidden", words)


def test_the_overhead_of_a_runtime_counts(kube: Kube) -> None:
    runtime = {"handler": "vm", "overhead": {"podFixed": {"cpu": "250m"}}}
    told = thing("RuntimeClass", kube.namespace, api="node.k8s.io/v1", **runtime)
    kube.http.post("/apis/node.k8s.io/v1/runtimeclasses", json=told).raise_for_status()
    _limited(kube, requests_cpu="2", limits_cpu="2")
    told = pod("a", runtimeClassName=kube.namespace, containers=[_boxed(cpu="100m")])
    # A real server's admission reads its own cache, a moment late.
    eventually(lambda: kube.create("pods", told, dryRun="All").status_code == 201)
    assert kube.made("pods", told)["spec"]["overhead"] == {"cpu": "250m"}
    eventually(lambda: _used(kube)["requests.cpu"] == "350m")
    assert _used(kube)["limits.cpu"] == "350m"
    kube.http.delete(f"/apis/node.k8s.io/v1/runtimeclasses/{kube.namespace}").raise_for_status()


def test_a_runtime_that_is_not_there_is_refused(kube: Kube) -> None:
    words = 'pod rejected: RuntimeClass "nowhere" not found'
    refused(kube.create("pods", pod("a", runtimeClassName="nowhere")), 403, "Forbidden", words)


def test_a_quota_of_an_extended_resource_counts_requests(kube: Kube) -> None:
    hard = {"requests.example.com/gpu": "1"}
    _in_force(kube, "all", hard)
    told = _container(limits={"example.com/gpu": "2"})
    words = "requested: requests.example.com/gpu=2, used: requests.example.com/gpu=0"
    refused(kube.create("pods", pod("a", containers=told)), 403, "Forbidden", words)


def test_a_pod_that_has_ended_asks_for_nothing(kube: Kube) -> None:
    _limited(kube, pods="1", requests_cpu="1")
    kube.made("pods", pod("a", containers=[_boxed(cpu="1")]))
    path, headers = kube.path("pods", "a", "status"), {"content-type": MERGE}
    told = {"status": {"phase": "Succeeded"}}
    kube.http.patch(path, json=told, headers=headers).raise_for_status()
    eventually(lambda: _used(kube) == {"pods": "0", "requests.cpu": "0"})


def _in_force(kube: Kube, name: str, hard: Json, **spec: Any) -> None:
    kube.made("resourcequotas", thing("ResourceQuota", name, spec={"hard": hard, **spec}))
    eventually(lambda: "used" in kube.get("resourcequotas", name).json()["status"])


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ("BestEffort", {}, {"containers": [_boxed(cpu="1m")]}),
        ("NotBestEffort", {"containers": [_boxed(cpu="1m")]}, {}),
        ("Terminating", {"activeDeadlineSeconds": 60}, {}),
        ("NotTerminating", {}, {"activeDeadlineSeconds": 60}),
    ],
)
def test_a_scope_says_which_pods_a_quota_counts(
    kube: Kube, scope: str, inside: Json, outside: Json
) -> None:
    _in_force(kube, "some", {"pods": "1"}, scopes=[scope])
    kube.made("pods", pod("in", **inside))
    kube.made("pods", pod("out", **outside))
    kube.made("pods", pod("out-too", **outside))
    words = "exceeded quota: some, requested: pods=1, used: pods=1, limited: pods=1"
    refused(kube.create("pods", pod("more", **inside)), 403, "Forbidden", words)


@pytest.mark.parametrize(
    ("operator", "values", "counts"), [("In", ["{}"], True), ("NotIn", ["{}"], False)]
)
def test_a_scope_may_be_a_priority_class(
    kube: Kube, operator: str, values: list[str], counts: bool
) -> None:
    told = thing("PriorityClass", kube.namespace, api="scheduling.k8s.io/v1", value=100)
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    kube.http.post(path, json=told).raise_for_status()
    named = [value.format(kube.namespace) for value in values]
    expression = {"scopeName": "PriorityClass", "operator": operator, "values": named}
    chosen = {"matchExpressions": [expression]}
    _in_force(kube, "some", {"pods": "0"}, scopeSelector=chosen)
    high, low = pod("high", priorityClassName=kube.namespace), pod("low")
    eventually(lambda: "no PriorityClass" not in kube.create("pods", high, dryRun="All").text)
    codes = [kube.create("pods", one, dryRun="All").status_code for one in (high, low)]
    assert codes == ([403, 201] if counts else [201, 403])
    if not counts:
        assert kube.made("pods", high)["spec"]["priority"] == 100
    kube.http.delete(f"{path}/{kube.namespace}").raise_for_status()


def test_a_change_that_brings_a_pod_into_a_scope_is_counted(kube: Kube) -> None:
    _in_force(kube, "ending", {"pods": "0"}, scopes=["Terminating"])
    kube.made("pods", pod("a"))
    answer = kube.patch("pods", "a", {"spec": {"activeDeadlineSeconds": 60}})
    words = "exceeded quota: ending, requested: pods=1, used: pods=0, limited: pods=0"
    refused(answer, 403, "Forbidden", words)


def test_a_pod_at_the_limit_may_still_change(kube: Kube) -> None:
    _limited(kube, pods="1", requests_cpu="1")
    kube.made("pods", pod("a", containers=[_boxed(cpu="1")]))
    kube.patch("pods", "a", {"metadata": {"labels": {"a": "b"}}}).raise_for_status()
    image = {"spec": {"containers": [{"name": "app", "image": "shop/app:2"}]}}
    kube.patch("pods", "a", image, "strategic-merge-patch").raise_for_status()


def test_objects_are_counted_by_their_kind(kube: Kube) -> None:
    _in_force(kube, "all", {"count/deployments.apps": "1", "count/configmaps": "9"})
    kube.made("deployments.apps", deployment("a"))
    words = (
        "exceeded quota: all, requested: count/deployments.apps=1, "
        "used: count/deployments.apps=1, limited: count/deployments.apps=1"
    )
    refused(kube.create("deployments.apps", deployment("b")), 403, "Forbidden", words)
    kube.patch("deployments.apps", "a", {"spec": {"replicas": 5}}).raise_for_status()


def test_a_service_that_becomes_dearer_is_counted(kube: Kube) -> None:
    _in_force(kube, "all", {"services.nodeports": "1", "services.loadbalancers": "0"})
    kube.made("services", service("a"))
    words = "requested: services.loadbalancers=1, used: services.loadbalancers=0"
    told = {"spec": {"type": "LoadBalancer"}}
    refused(kube.patch("services", "a", told), 403, "Forbidden", words)
    kube.patch("services", "a", {"spec": {"type": "NodePort"}}).raise_for_status()
    kube.made("services", service("b"))
    words = "requested: services.nodeports=1, used: services.nodeports=1"
    refused(kube.patch("services", "b", {"spec": {"type": "NodePort"}}), 403, "Forbidden", words)


CLAIMS = "persistentvolumeclaims"
MERGE = "application/merge-patch+json"


def _claim(name: str, size: str, of: str = "") -> Json:
    spec: Json = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return thing(
        "PersistentVolumeClaim", name, spec=spec | ({"storageClassName": of} if of else {})
    )


def _sized(size: str) -> Json:
    return {"spec": {"resources": {"requests": {"storage": size}}}}


@pytest.fixture
def growing(kube: Kube) -> Iterator[str]:
    """The name of a class whose claims may grow."""
    about = {"provisioner": "example.com/disk", "allowVolumeExpansion": True}
    told = thing("StorageClass", kube.namespace, api="storage.k8s.io/v1", **about)
    path = "/apis/storage.k8s.io/v1/storageclasses"
    kube.http.post(path, json=told).raise_for_status()
    yield kube.namespace
    kube.http.delete(f"{path}/{kube.namespace}").raise_for_status()


def _bound(kube: Kube, name: str, size: str) -> None:
    path, headers = kube.path(CLAIMS, name, "status"), {"content-type": MERGE}
    told = {"status": {"phase": "Bound", "capacity": {"storage": size}}}
    kube.http.patch(path, json=told, headers=headers).raise_for_status()


def test_a_claim_grows_within_the_quota_and_never_shrinks(kube: Kube, growing: str) -> None:
    _limited(kube, requests_storage="3Gi")
    kube.made(CLAIMS, _claim("a", "1Gi", growing))
    answer = kube.patch(CLAIMS, "a", _sized("2Gi"))
    words = "spec is immutable after creation except resources.requests"
    refused(answer, 422, "Invalid", words)
    _bound(kube, "a", "1Gi")
    kube.patch(CLAIMS, "a", _sized("2Gi")).raise_for_status()
    eventually(lambda: _used(kube) == {"requests.storage": "2Gi"})
    words = "requested: requests.storage=2Gi, used: requests.storage=2Gi, limited:"
    refused(kube.patch(CLAIMS, "a", _sized("4Gi")), 403, "Forbidden", words)
    words = "field can not be less than status.capacity"
    refused(kube.patch(CLAIMS, "a", _sized("1Gi")), 422, "Invalid", words)
    kube.patch(CLAIMS, "a", {"metadata": {"labels": {"a": "b"}}}).raise_for_status()


def test_a_claim_of_a_class_that_does_not_say_so_never_grows(kube: Kube) -> None:
    kube.made(CLAIMS, _claim("a", "1Gi"))
    _bound(kube, "a", "1Gi")
    words = "the storageclass that provisions the pvc must support resize"
    refused(kube.patch(CLAIMS, "a", _sized("2Gi")), 403, "Forbidden", words)


def test_storage_may_be_counted_by_class(kube: Kube) -> None:
    prefix = "gold.storageclass.storage.k8s.io"
    _in_force(kube, "all", {f"{prefix}/requests.storage": "1Gi", "requests.storage": "9Gi"})
    kube.made(CLAIMS, _claim("other", "5Gi"))
    words = f"requested: {prefix}/requests.storage=2Gi, used: {prefix}/requests.storage=0"
    refused(kube.create(CLAIMS, _claim("a", "2Gi", "gold")), 403, "Forbidden", words)


def test_a_limit_range_bounds_claims(kube: Kube, growing: str) -> None:
    bounds = {"min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}}
    limit = {"type": "PersistentVolumeClaim", **bounds}
    kube.made("limitranges", thing("LimitRange", "sizes", spec={"limits": [limit]}))
    small = _claim("small", "500Mi", growing)
    eventually(lambda: kube.create(CLAIMS, small, dryRun="All").status_code == 403)
    words = "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi"
    refused(kube.create(CLAIMS, small), 403, "Forbidden", words)
    words = "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"
    refused(kube.create(CLAIMS, _claim("large", "3Gi", growing)), 403, "Forbidden", words)
    kube.made(CLAIMS, _claim("a", "1Gi", growing))
    _bound(kube, "a", "1Gi")
    refused(kube.patch(CLAIMS, "a", _sized("3Gi")), 403, "Forbidden", words)


@pytest.mark.parametrize(
    ("spec", "most"),
    [
        ({"containers": [_boxed("a", "600m"), _boxed("b", "600m")]}, "1200m"),
        ({"containers": [_boxed("a", "1m")], "initContainers": [_boxed("i", "2")]}, "2"),
    ],
)
def test_a_limit_range_bounds_the_whole_pod(kube: Kube, spec: Json, most: str) -> None:
    limit = {"type": "Pod", "max": {"cpu": "1"}}
    kube.made("limitranges", thing("LimitRange", "sizes", spec={"limits": [limit]}))
    told = pod("a", **spec)
    eventually(lambda: kube.create("pods", told, dryRun="All").status_code == 403)
    words = f"maximum cpu usage per Pod is 1, but limit is {most}"
    refused(kube.create("pods", told), 403, "Forbidden", words)
