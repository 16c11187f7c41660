"""What services, disruption budgets and nodes make of pods that come and go."""

from typing import Any

from tests.sandbox.small_cluster import named
from tests.sandbox.stepped import Stepped, condition, deployment, is_ready, node, template

Json = dict[str, Any]
PORTS = {"ports": [{"name": "http", "containerPort": 8080}]}
LOST = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}


def service(**selector: str) -> Json:
    spec = {"selector": selector, "ports": [{"port": 80, "targetPort": "http"}]}
    return named("Service", "web", spec=spec)


def serving(replicas: int = 2, **container: Any) -> Stepped:
    cluster = Stepped(node("a"), node("b"))
    cluster.put(service(app="web"))
    cluster.put(deployment(replicas, told=template(**PORTS, **container)))
    cluster.pass_s(30)
    return cluster


def endpoints(cluster: Stepped) -> list[Json]:
    [one] = cluster.all("EndpointSlice")
    return one["endpoints"]


def budget(cluster: Stepped, **spec: Any) -> Json:
    selector = {"matchLabels": {"app": "web"}}
    one = named("PodDisruptionBudget", "web", api="policy/v1", spec={"selector": selector, **spec})
    return cluster.put(one)["status"]


def lose(cluster: Stepped, name: str, ready: Json) -> None:
    one = cluster.get("Node", name, "")
    cluster.put({**one, "status": {**one["status"], "conditions": [ready]}})


def test_ready_pods_become_the_endpoints_of_their_service() -> None:
    cluster = serving(2)
    [one] = cluster.all("EndpointSlice")
    assert one["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert one["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]
    told = {end["targetRef"]["name"]: end["conditions"]["ready"] for end in one["endpoints"]}
    assert told == {pod["metadata"]["name"]: True for pod in cluster.pods()}


def test_a_pod_that_is_not_ready_is_no_ready_endpoint() -> None:
    cluster = serving(1, readinessProbe={"tcpSocket": {"port": 9}})
    [end] = endpoints(cluster)
    assert end["conditions"] == {"ready": False, "serving": False, "terminating": False}


def test_a_selector_that_matches_nothing_leaves_no_endpoints() -> None:
    cluster = serving(2)
    cluster.put(service(app="wbe"))
    assert endpoints(cluster) == []
    cluster.put(service(app="web"))
    assert len(endpoints(cluster)) == 2


def test_a_deleted_service_takes_its_endpoints_along() -> None:
    cluster = serving(1)
    cluster.store.remove(cluster.key(cluster.get("Service", "web")))
    cluster.pass_s(1)
    assert cluster.all("EndpointSlice") == []


def test_a_budget_counts_the_pods_that_may_go() -> None:
    cluster = serving(3)
    told = budget(cluster, minAvailable=2)
    assert (told["currentHealthy"], told["desiredHealthy"], told["disruptionsAllowed"]) == (3, 2, 1)
    assert condition({"status": told}, "DisruptionAllowed")["reason"] == "SufficientPods"


def test_a_budget_in_percent_counts_the_pods_that_are_wanted() -> None:
    told = budget(serving(4), maxUnavailable="25%")
    assert (told["expectedPods"], told["desiredHealthy"], told["disruptionsAllowed"]) == (4, 3, 1)


def test_a_budget_is_used_up_while_a_pod_is_replaced() -> None:
    cluster = serving(2, readinessProbe={"tcpSocket": {"port": 8080}, "initialDelaySeconds": 20})
    cluster.pass_s(60)
    budget(cluster, minAvailable=1)
    cluster.store.remove(cluster.key(cluster.pods()[0]))
    cluster.controllers.step()
    [one] = cluster.all("PodDisruptionBudget")
    assert one["status"]["disruptionsAllowed"] == 0
    cluster.pass_s(60)
    [one] = cluster.all("PodDisruptionBudget")
    assert one["status"]["disruptionsAllowed"] == 1


def test_a_cordoned_node_gets_no_new_pods_and_keeps_its_own() -> None:
    cluster = serving(2)
    one = cluster.get("Node", "a", "")
    cluster.put({**one, "spec": {**one["spec"], "unschedulable": True}})
    cluster.edit("Deployment", "web", replicas=6)
    cluster.pass_s(30)
    placed = [pod["spec"]["nodeName"] for pod in cluster.pods()]
    assert (placed.count("a"), placed.count("b")) == (1, 5)
    [taint] = cluster.get("Node", "a", "")["spec"]["taints"]
    assert taint["key"] == "node.kubernetes.io/unschedulable"


def test_the_pods_of_a_lost_node_are_unready_and_then_replaced() -> None:
    cluster = serving(2)
    lose(cluster, "a", LOST)
    assert sum(map(is_ready, cluster.pods())) == 1
    cluster.pass_s(200)
    assert len(cluster.pods()) == 2
    cluster.pass_s(200)
    alive = [pod for pod in cluster.pods() if not pod["metadata"].get("deletionTimestamp")]
    assert [pod["spec"]["nodeName"] for pod in alive] == ["b", "b"]
    assert all(map(is_ready, alive))


def test_a_node_that_comes_back_takes_its_pods_up_again() -> None:
    cluster = serving(2)
    lose(cluster, "a", LOST)
    cluster.pass_s(60)
    lose(cluster, "a", {"type": "Ready", "status": "True", "reason": "KubeletReady"})
    cluster.pass_s(10)
    assert all(map(is_ready, cluster.pods()))
    assert not cluster.get("Node", "a", "")["spec"].get("taints")


def test_a_new_node_is_kept_free_until_it_is_heard_of() -> None:
    cluster = Stepped(node("a"))
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    told = named("Node", "new", namespace="", spec={"taints": [taint]})
    cluster.put({**told, "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}})
    assert cluster.get("Node", "new", "")["spec"]["taints"] == [taint]
    lose(cluster, "new", {"type": "Ready", "status": "True", "reason": "KubeletReady"})
    assert not cluster.get("Node", "new", "")["spec"].get("taints")
