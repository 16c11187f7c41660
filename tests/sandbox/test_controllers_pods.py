"""The scheduler and kubelets: what becomes of a pod."""

from typing import Any

import pytest

from tests.sandbox.small_cluster import named
from tests.sandbox.stepped import (
    Stepped,
    bare_pod,
    condition,
    is_ready,
    node,
    state,
)

Json = dict[str, Any]
MISSING = "elsewhere.example/web:9"
PORTS = {"ports": [{"containerPort": 8080}]}


def one_node(**reactions: Any) -> Stepped:
    return Stepped(node("a"), reactions=reactions)


def limited(memory: str) -> Json:
    return {"resources": {"limits": {"memory": memory}}}


def reading(kind: str, name: str, key: str) -> Json:
    source = {"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"}[kind]
    return {"env": [{"name": "MODE", "valueFrom": {source: {"name": name, "key": key}}}]}


def waiting(cluster: Stepped) -> tuple[str, str]:
    told = state(cluster.pod())["waiting"]
    return told["reason"], told.get("message", "")


def restarts(cluster: Stepped) -> int:
    return cluster.pod()["status"]["containerStatuses"][0]["restartCount"]


def test_a_pod_is_placed_pulled_and_started() -> None:
    cluster = one_node()
    cluster.put(bare_pod())
    cluster.pass_s(5)
    pod = cluster.pod()
    assert (pod["spec"]["nodeName"], pod["status"]["phase"]) == ("a", "Running")
    assert is_ready(pod)
    assert pod["status"]["podIP"].startswith("10.244.1.")
    assert cluster.events("Scheduled") == ["Successfully assigned shop/web to a"]
    assert cluster.events("Pulling") == ['Pulling image "registry.example/web:1"']
    assert cluster.events("Created") == ["Created container: app"]
    assert cluster.events("Started") == ["Started container app"]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"memory": "1Gi"}, "1 Insufficient cpu"),
        ({"cpu": "8", "unschedulable": True}, "1 node(s) were unschedulable"),
        (
            {"cpu": "8", "taints": [{"key": "own", "value": "db", "effect": "NoSchedule"}]},
            "1 node(s) had untolerated taint {own: db}",
        ),
    ],
)
def test_a_pod_without_a_place_says_why(told: Json, reason: str) -> None:
    cluster = Stepped(node("a", **told))
    cluster.put(bare_pod(resources={"requests": {"cpu": "6"}}))
    pod = cluster.pod()
    assert pod["status"]["phase"] == "Pending"
    message = condition(pod, "PodScheduled")["message"]
    assert message.startswith(f"0/1 nodes are available: {reason}. preemption: 0/1 nodes are")
    assert cluster.events("FailedScheduling") == [message]


def test_where_a_picture_lacks_nodes_pods_go_to_those_that_others_run_on() -> None:
    other = bare_pod()
    other["metadata"]["name"] = "other"
    other["spec"]["nodeName"] = "a"
    cluster = Stepped(other)
    cluster.put(bare_pod())
    cluster.pass_s(5)
    placed = cluster.get("Pod", "web")
    assert placed["spec"]["nodeName"] == "a"
    assert is_ready(placed)


def test_reasons_of_several_nodes_are_counted() -> None:
    cluster = Stepped(node("a", cpu="1"), node("b", cpu="1"), node("c", unschedulable=True))
    cluster.put(bare_pod(resources={"requests": {"cpu": "2"}}))
    assert condition(cluster.pod(), "PodScheduled")["message"] == (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: "
        "0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )


def test_a_selector_and_an_affinity_choose_the_node() -> None:
    cluster = Stepped(node("a"), node("b"), node("c"))
    expression = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["a", "c"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    one = bare_pod()
    cluster.put({**one, "spec": {**one["spec"], "affinity": affinity}})
    assert cluster.pod()["spec"]["nodeName"] == "b"


def test_a_waiting_pod_is_placed_when_its_node_is_uncordoned() -> None:
    cluster = Stepped(node("a", unschedulable=True))
    cluster.put(bare_pod())
    one = cluster.get("Node", "a", "")
    cluster.put({**one, "spec": {"podCIDR": "10.244.1.0/24"}})
    cluster.pass_s(5)
    assert is_ready(cluster.pod())


def test_an_absent_image_is_backed_off_from() -> None:
    cluster = one_node()
    cluster.put(bare_pod(image=MISSING))
    cluster.pass_s(2)
    assert waiting(cluster)[0] == "ErrImagePull"
    cluster.pass_s(3)
    reason, message = waiting(cluster)
    assert reason == "ImagePullBackOff"
    assert message.startswith(f'Back-off pulling image "{MISSING}": ErrImagePull: rpc error: code')
    assert cluster.events("BackOff") == [f'Back-off pulling image "{MISSING}"']
    assert "Error: ErrImagePull" in cluster.events("Failed")
    assert cluster.pod()["status"]["phase"] == "Pending"


@pytest.mark.parametrize(
    ("kind", "name", "key", "message"),
    [
        ("ConfigMap", "absent", "mode", 'configmap "absent" not found'),
        ("Secret", "absent", "mode", 'secret "absent" not found'),
        ("ConfigMap", "settings", "absent", "couldn't find key absent in ConfigMap shop/settings"),
    ],
)
def test_missing_configuration_stops_the_container(
    kind: str, name: str, key: str, message: str
) -> None:
    cluster = Stepped(node("a"), named("ConfigMap", "settings", data={"mode": "fast"}))
    cluster.put(bare_pod(**reading(kind, name, key)))
    cluster.pass_s(5)
    assert waiting(cluster) == ("CreateContainerConfigError", message)
    assert cluster.events("Failed") == [f"Error: {message}"]


def test_a_container_starts_once_its_configuration_is_there() -> None:
    cluster = one_node()
    cluster.put(bare_pod(**reading("ConfigMap", "settings", "mode")))
    cluster.pass_s(5)
    cluster.put(named("ConfigMap", "settings", data={"mode": "fast"}))
    cluster.pass_s(20)
    assert is_ready(cluster.pod())


def test_a_volume_of_a_missing_secret_is_not_mounted() -> None:
    cluster, one = one_node(), bare_pod()
    volumes = [{"name": "keys", "secret": {"secretName": "absent"}}]
    cluster.put({**one, "spec": {**one["spec"], "volumes": volumes}})
    cluster.pass_s(5)
    assert waiting(cluster) == ("ContainerCreating", "")
    message = 'MountVolume.SetUp failed for volume "keys" : secret "absent" not found'
    assert cluster.events("FailedMount") == [message]


def test_a_limit_below_the_working_set_ends_in_a_crash_loop() -> None:
    cluster = one_node(containers=[{"container": "app", "working_set": "300Mi"}])
    cluster.put(bare_pod(**limited("256Mi")))
    cluster.pass_s(50)
    assert waiting(cluster)[0] == "CrashLoopBackOff"
    assert waiting(cluster)[1].startswith("back-off 10s restarting failed container=app pod=web_")
    [status] = cluster.pod()["status"]["containerStatuses"]
    ended = status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert cluster.events("BackOff")[0].startswith("Back-off restarting failed container app in")


def test_a_limit_above_the_working_set_does_not() -> None:
    cluster = one_node(containers=[{"container": "app", "working_set": "300Mi"}])
    cluster.put(bare_pod(**limited("512Mi")))
    cluster.pass_s(600)
    assert is_ready(cluster.pod())
    assert restarts(cluster) == 0


def test_back_offs_double_up_to_five_minutes() -> None:
    cluster = one_node(containers=[{"exit": {"code": 1, "after_s": 2}}])
    cluster.put(bare_pod())
    seen: set[str] = set()
    for _ in range(200):
        cluster.pass_s(5)
        told = state(cluster.pod()).get("waiting", {})
        seen.add(told.get("message", "").partition(" restarting")[0])
    waits = ("10s", "20s", "40s", "1m20s", "2m40s", "5m0s")
    assert {f"back-off {wait}" for wait in waits} <= seen


def test_a_probe_on_a_port_nobody_listens_on_never_gets_ready() -> None:
    cluster = one_node()
    probe = {"httpGet": {"path": "/healthz", "port": 9090}, "periodSeconds": 5}
    cluster.put(bare_pod(**PORTS, readinessProbe=probe))
    cluster.pass_s(60)
    pod = cluster.pod()
    assert pod["status"]["phase"] == "Running"
    told = condition(pod, "Ready")
    assert told["message"] == "containers with unready status: [app]"
    ip = pod["status"]["podIP"]
    where = f"{ip}:9090"
    assert cluster.events("Unhealthy") == [
        f'Readiness probe failed: Get "http://{where}/healthz": dial tcp {where}: connect: connection refused'
    ]
    [event] = [one for one in cluster.all("Event") if one["reason"] == "Unhealthy"]
    assert event["count"] >= 3


def test_a_failing_liveness_probe_restarts_the_container() -> None:
    cluster = one_node()
    cluster.put(bare_pod(**PORTS, livenessProbe={"tcpSocket": {"port": 9090}}))
    cluster.pass_s(60)
    assert restarts(cluster) >= 1
    assert cluster.events("Killing") == ["Container app failed liveness probe, will be restarted"]


def test_init_containers_run_one_after_the_other() -> None:
    cluster, one = one_node(), bare_pod()
    first = [{"name": name, "image": "registry.example/init:1"} for name in ("one", "two")]
    cluster.put({**one, "spec": {**one["spec"], "initContainers": first}})
    cluster.pass_s(3)
    assert condition(cluster.pod(), "Initialized")["message"] == (
        "containers with incomplete status: [one two]"
    )
    assert waiting(cluster)[0] == "PodInitializing"
    cluster.pass_s(30)
    assert is_ready(cluster.pod())


def test_a_pod_that_is_deleted_stops_in_peace_and_is_gone() -> None:
    cluster = one_node()
    cluster.put(bare_pod())
    cluster.pass_s(5)
    one = cluster.pod()
    marks = {"deletionTimestamp": "2026-11-20T10:00:35Z", "deletionGracePeriodSeconds": 30}
    cluster.put({**one, "metadata": {**one["metadata"], **marks}})
    assert cluster.events("Killing") == ["Stopping container app"]
    cluster.pass_s(5)
    assert cluster.pods() == []


def test_what_crashed_in_the_picture_crashes_again_when_replaced() -> None:
    ended = {
        "exitCode": 3,
        "reason": "Error",
        "startedAt": "2026-11-20T09:58:00Z",
        "finishedAt": "2026-11-20T09:58:04Z",
    }
    looping = {
        "name": "app",
        "image": "registry.example/web:1",
        "restartCount": 9,
        "lastState": {"terminated": ended},
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    }
    old = bare_pod()
    old["metadata"]["name"] = "old"
    old["status"] = {"phase": "Running", "containerStatuses": [looping]}
    old["spec"]["nodeName"] = "a"
    cluster = Stepped(node("a"), old)
    cluster.put(bare_pod())
    cluster.pass_s(20)
    [status] = cluster.get("Pod", "web")["status"]["containerStatuses"]
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert cluster.get("Pod", "old")["status"] == old["status"]


def test_another_image_ends_what_the_picture_told() -> None:
    cluster = one_node(containers=[{"image": "*:1", "exit": {"code": 1}}])
    cluster.put(bare_pod())
    cluster.pass_s(30)
    assert restarts(cluster) > 0
    one = cluster.pod()
    containers = [{"name": "app", "image": "registry.example/web:2"}]
    cluster.put({**one, "spec": {**one["spec"], "containers": containers}})
    cluster.pass_s(30)
    assert is_ready(cluster.pod())


def unready_in_the_picture(path: str) -> dict[str, Any]:
    """A container that has run for long and is not ready, as its readiness probe says."""
    running = {"startedAt": "2026-11-20T09:00:00Z"}
    status = {
        "name": "app",
        "image": "registry.example/web:1",
        "ready": False,
        "state": {"running": running},
    }
    old = bare_pod()
    old["metadata"]["name"] = "old"
    old["spec"]["nodeName"] = "a"
    old["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"path": path, "port": 8080}}
    old["status"] = {"phase": "Running", "containerStatuses": [status]}
    return old


@pytest.mark.parametrize(("path", "becomes_ready"), [("/helthz", False), ("/healthz", True)])
def test_a_probe_that_told_of_trouble_tells_it_again_until_it_is_another(
    path: str, *, becomes_ready: bool
) -> None:
    cluster = Stepped(node("a"), unready_in_the_picture("/helthz"))
    new = bare_pod()
    new["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"path": path, "port": 8080}}
    cluster.put(new)
    cluster.pass_s(120)
    assert is_ready(cluster.get("Pod", "web")) is becomes_ready


def test_another_probe_does_not_end_what_no_probe_told() -> None:
    """A program that leaves by itself does so however it is asked."""
    old = unready_in_the_picture("/healthz")
    ended = {
        "exitCode": 3,
        "startedAt": "2026-11-20T09:58:00Z",
        "finishedAt": "2026-11-20T09:58:04Z",
    }
    loops = {"waiting": {"reason": "CrashLoopBackOff"}}
    old["status"]["containerStatuses"][0] |= {
        "lastState": {"terminated": ended},
        "state": loops,
        "restartCount": 9,
    }
    cluster = Stepped(node("a"), old)
    new = bare_pod()
    new["spec"]["containers"][0]["livenessProbe"] = {"httpGet": {"path": "/other", "port": 8080}}
    cluster.put(new)
    cluster.pass_s(20)
    [status] = cluster.get("Pod", "web")["status"]["containerStatuses"]
    assert status["lastState"]["terminated"]["exitCode"] == 3


def machine(name: str, architecture: str) -> Json:
    one = node(name)
    one["status"]["nodeInfo"] = {"architecture": architecture}
    return one


def seen_on(name: str, place: str, *, crashes: bool) -> Json:
    """A pod of the picture: it runs well there, or ends again and again."""
    one = bare_pod()
    one["metadata"]["name"] = name
    one["spec"]["nodeName"] = place
    ended = {
        "exitCode": 1,
        "startedAt": "2026-11-20T09:58:00Z",
        "finishedAt": "2026-11-20T09:58:01Z",
    }
    looping = {"waiting": {"reason": "CrashLoopBackOff"}}
    told = {"name": "app", "image": one["spec"]["containers"][0]["image"], "restartCount": 9}
    told |= {"state": looping, "lastState": {"terminated": ended}} if crashes else {}
    told |= {"ready": not crashes} if crashes else {"ready": True, "state": {"running": {}}}
    return {**one, "status": {"phase": "Running", "containerStatuses": [told]}}


@pytest.mark.parametrize(
    ("other_is_well", "place", "comes_up"),
    [(True, "amd", True), (True, "arm", False), (False, "amd", False)],
)
def test_what_is_well_on_other_machines_fails_on_these_alone(
    other_is_well: bool, place: str, comes_up: bool
) -> None:
    cluster = Stepped(
        machine("amd", "amd64"),
        machine("arm", "arm64"),
        seen_on("a", "arm", crashes=True),
        *([seen_on("b", "amd", crashes=False)] if other_is_well else []),
    )
    again = bare_pod()
    again["spec"]["nodeSelector"] = {"kubernetes.io/hostname": place}
    cluster.put(again)
    cluster.pass_s(30)
    [pod] = [one for one in cluster.pods() if one["metadata"]["name"] == "web"]
    assert is_ready(pod) is comes_up


def test_an_image_that_runs_can_be_pulled_by_its_digest() -> None:
    digest = "elsewhere.example/web@sha256:" + "a" * 64
    runs = seen_on("a", "amd", crashes=False)
    runs["spec"]["containers"][0]["image"] = "elsewhere.example/web:latest"
    runs["status"]["containerStatuses"][0]["imageID"] = f"docker-pullable://{digest}"
    cluster = Stepped(machine("amd", "amd64"), runs)
    cluster.put(bare_pod(image=digest))
    cluster.pass_s(30)
    [pod] = [one for one in cluster.pods() if one["metadata"]["name"] == "web"]
    assert is_ready(pod)
