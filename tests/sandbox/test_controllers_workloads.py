"""StatefulSets, DaemonSets, Jobs and claims react to writes."""

from typing import Any

from tests.sandbox.small_cluster import named
from tests.sandbox.stepped import Stepped, condition, container, is_ready, node, template

Json = dict[str, Any]
SELECTOR = {"matchLabels": {"app": "web"}}
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
# What an API server writes into every container.
DEFAULTS = {
    "imagePullPolicy": "IfNotPresent",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
NEXT = "registry.example/web:2"
FAST = {"provisioner": "csi.example", "volumeBindingMode": "Immediate"}
LATE = {"provisioner": "csi.example", "volumeBindingMode": "WaitForFirstConsumer"}
SIZE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def stateful(replicas: int, told: Json | None = None, **spec: Any) -> Json:
    fields = {"replicas": replicas, "serviceName": "web", "selector": SELECTOR, **spec}
    return named(
        "StatefulSet", "web", api="apps/v1", spec={**fields, "template": told or template()}
    )


def daemon(told: Json | None = None) -> Json:
    spec = {"selector": SELECTOR, "template": told or template()}
    return named("DaemonSet", "web", api="apps/v1", spec=spec)


def job(**spec: Any) -> Json:
    pod_spec = {"containers": [container()], "restartPolicy": "Never"}
    told = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec}
    return named("Job", "web", api="batch/v1", spec={"template": told, **spec})


def storage(name: str, told: Json) -> Json:
    return named("StorageClass", name, api="storage.k8s.io/v1", namespace="", **told)


def claim(class_name: str) -> Json:
    spec = {**SIZE, "storageClassName": class_name}
    return named("PersistentVolumeClaim", "disk", spec=spec, status={"phase": "Pending"})


def names(cluster: Stepped) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.pods()]


def images(cluster: Stepped) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in cluster.pods()]


def test_a_stateful_set_starts_its_pods_in_order() -> None:
    cluster = Stepped(node("a"))
    cluster.put(stateful(3))
    assert names(cluster) == ["web-0"]
    cluster.pass_s(30)
    assert names(cluster) == ["web-0", "web-1", "web-2"]
    status = cluster.get("StatefulSet", "web")["status"]
    assert status["readyReplicas"] == status["updatedReplicas"] == 3
    assert status["currentRevision"] == status["updateRevision"]


def test_a_broken_first_pod_blocks_the_others() -> None:
    cluster = Stepped(node("a"))
    cluster.put(stateful(3, template(image="elsewhere.example/web:9")))
    cluster.pass_s(120)
    assert names(cluster) == ["web-0"]


def test_a_stateful_set_is_scaled_down_and_updated_from_its_end() -> None:
    cluster = Stepped(node("a"))
    cluster.put(stateful(3))
    cluster.pass_s(30)
    cluster.edit("StatefulSet", "web", replicas=2)
    cluster.pass_s(10)
    assert names(cluster) == ["web-0", "web-1"]
    cluster.edit("StatefulSet", "web", template=template(image=NEXT))
    cluster.pass_s(2.5)
    assert "registry.example/web:1" in images(cluster)
    cluster.pass_s(30)
    assert images(cluster) == [NEXT, NEXT]


def test_each_pod_of_a_stateful_set_has_its_own_claim() -> None:
    cluster = Stepped(node("a"), storage("late", LATE))
    told = {"metadata": {"name": "disk"}, "spec": {**SIZE, "storageClassName": "late"}}
    cluster.put(stateful(2, volumeClaimTemplates=[told]))
    cluster.pass_s(30)
    claims = cluster.all("PersistentVolumeClaim")
    assert [one["metadata"]["name"] for one in claims] == ["disk-web-0", "disk-web-1"]
    assert all(one["status"]["phase"] == "Bound" for one in claims)
    assert all(map(is_ready, cluster.pods()))


def test_a_daemon_set_has_a_pod_on_every_node_for_it() -> None:
    tainted = node("c", taints=[{"key": "own", "effect": "NoSchedule"}])
    cluster = Stepped(node("a"), node("b", unschedulable=True), tainted)
    cluster.put(daemon())
    cluster.pass_s(10)
    assert sorted(pod["spec"]["nodeName"] for pod in cluster.pods()) == ["a", "b"]
    status = cluster.get("DaemonSet", "web")["status"]
    assert status["desiredNumberScheduled"] == status["numberReady"] == 2
    cluster.put(node("d"))
    cluster.pass_s(10)
    assert cluster.get("DaemonSet", "web")["status"]["numberReady"] == 3


def test_a_daemon_set_is_updated_node_by_node() -> None:
    cluster = Stepped(node("a"), node("b"))
    cluster.put(daemon())
    cluster.pass_s(10)
    cluster.edit("DaemonSet", "web", template=template(image=NEXT))
    cluster.pass_s(0.5)
    assert images(cluster).count(NEXT) < 2
    cluster.pass_s(30)
    assert images(cluster) == [NEXT, NEXT]
    assert cluster.get("DaemonSet", "web")["status"]["updatedNumberScheduled"] == 2


def test_daemon_pods_of_a_picture_stay_when_a_node_changes() -> None:
    """A real API server mounts the account's token into them, which no template says."""
    first = Stepped(node("a"), node("b", unschedulable=True))
    first.put(daemon())
    first.pass_s(10)
    owner = first.get("DaemonSet", "web")
    owner = {**owner, "spec": {**owner["spec"], "template": template(**DEFAULTS)}}
    pictured = [with_token(pod) for pod in first.pods()]
    cluster = Stepped(*first.all("Node"), owner, *pictured)
    cluster.put(node("b"))
    cluster.pass_s(60)
    assert [pod["metadata"]["uid"] for pod in cluster.pods()] == [
        pod["metadata"]["uid"] for pod in pictured
    ]
    cluster.edit("DaemonSet", "web", template=template(image=NEXT))
    cluster.pass_s(60)
    assert images(cluster) == [NEXT, NEXT]


def with_token(pod: Json) -> Json:
    """As a kubelet's API server would show it, of a revision that is not kept in the picture."""
    mount = {"name": "kube-api-access-x7k2p", "mountPath": TOKEN, "readOnly": True}
    containers = [{**one, "volumeMounts": [mount]} for one in pod["spec"]["containers"]]
    labels = {**pod["metadata"]["labels"], "controller-revision-hash": "7c5d9f4b68"}
    metadata = {**pod["metadata"], "labels": labels}
    return {**pod, "metadata": metadata, "spec": {**pod["spec"], "containers": containers}}


def test_a_job_completes_as_often_as_asked() -> None:
    cluster = Stepped(node("a"))
    cluster.put(job(completions=3, parallelism=2))
    assert len(cluster.pods()) == 2
    cluster.pass_s(60)
    one = cluster.get("Job", "web")
    assert one["status"]["succeeded"] == 3
    assert condition(one, "Complete")["status"] == "True"
    assert {pod["status"]["phase"] for pod in cluster.pods()} == {"Succeeded"}


def test_a_job_that_fails_too_often_gives_up() -> None:
    reactions = {"containers": [{"target": "job/web", "exit": {"code": 2, "after_s": 1}}]}
    cluster = Stepped(node("a"), reactions=reactions)
    cluster.put(job(backoffLimit=2))
    cluster.pass_s(600)
    one = cluster.get("Job", "web")
    assert one["status"]["failed"] == 3
    told = condition(one, "Failed")
    assert told["reason"] == "BackoffLimitExceeded"
    assert told["message"] == "Job has reached the specified backoff limit"
    assert cluster.events("BackoffLimitExceeded") == [told["message"]]


def test_a_claim_is_bound_at_once_or_when_its_pod_is_placed() -> None:
    cluster = Stepped(node("a"), storage("fast", FAST), storage("late", LATE))
    assert cluster.put(claim("fast"))["status"]["phase"] == "Bound"
    cluster = Stepped(node("a"), storage("late", LATE))
    assert cluster.put(claim("late"))["status"]["phase"] == "Pending"
    assert cluster.events("WaitForFirstConsumer") == [
        "waiting for first consumer to be created before binding"
    ]


def test_a_claim_of_an_unknown_class_keeps_its_pod_waiting() -> None:
    cluster = Stepped(node("a"))
    cluster.put(claim("absent"))
    volumes = [{"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}]
    spec = {"containers": [container()], "volumes": volumes}
    cluster.put(named("Pod", "web", spec=spec, status={"phase": "Pending"}))
    message = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    assert cluster.events("FailedScheduling")[0].startswith(message)
    cluster.put(storage("absent", FAST))
    cluster.pass_s(10)
    assert is_ready(cluster.pod())
