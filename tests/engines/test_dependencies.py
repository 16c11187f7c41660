"""The graph around something: its edges, how far they are followed, and what each rests on."""

from typing import Any

from mcp_servers.engines.dependencies import around, crosses, dependency_edges, in_order, is_absent
from mcp_servers.engines.dependency_evidence import evidence_of, kind_of
from mcp_servers.engines.measured_calls import CONVENTIONS, measured_calls
from mcp_servers.engines.topology import Edge, Relation, topology
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.facts.metrics import Series
from tests.factories import NOW, thing

WEB = Ref("Deployment", "shop", "web")
CART = Ref("Service", "shop", "cart")
LEDGER = Ref("Service", "payments", "ledger")
LABELS = {"app": "web"}


def deployment(name: str, *, namespace: str = "shop", **pod: Any) -> Resource:
    labels = {"app": name}
    pod = {"containers": [{"name": name}], **pod}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return Resource(thing("Deployment", name, namespace=namespace, spec=spec))


def service(name: str, *, namespace: str = "shop") -> Resource:
    spec = {"selector": {"app": name}}
    return Resource(thing("Service", name, namespace=namespace, spec=spec))


def pod(name: str, *, owner: Resource | None = None, labels: dict[str, str] = LABELS) -> Resource:
    made = thing("Pod", name, owner=owner.raw if owner else None, labels=labels)
    return Resource({**made, "spec": {"nodeName": "n1"}})


def cluster(*resources: Resource) -> Cluster:
    return Cluster(now=NOW, resources=resources)


def edges(seen: Cluster) -> list[Edge]:
    return dependency_edges(seen, topology(seen))


def told(seen: Cluster, edge: Edge) -> tuple[str, list[str]]:
    evidence = evidence_of(seen, edge, measured={})
    return kind_of(edge, evidence), [f"{one.ref}: {one.text}" for one in evidence]


def test_an_address_in_a_mounted_file_is_a_call_that_the_file_shows() -> None:
    data = {"nginx.conf": "worker 4;\nproxy_pass http://ledger.payments:8080/pay;\n"}
    config = Resource(thing("ConfigMap", "web-config", data=data))
    volumes = [{"name": "conf", "configMap": {"name": "web-config"}}]
    seen = cluster(
        deployment("web", volumes=volumes), config, service("ledger", namespace="payments")
    )
    call = Edge(WEB, LEDGER, Relation.CALLS)
    assert call in edges(seen)
    assert crosses(call)
    kind, evidence = told(seen, call)
    assert kind == "call"
    assert evidence[0].startswith("ConfigMap shop/web-config .data[nginx.conf]")
    assert "proxy_pass http://ledger.payments:8080/pay;" in evidence[0]


def test_a_word_in_a_file_that_is_no_address_is_no_call() -> None:
    config = Resource(thing("ConfigMap", "web-config", data={"a.txt": "the cart\nand a ledger\n"}))
    volumes = [{"name": "conf", "configMap": {"name": "web-config"}}]
    seen = cluster(deployment("web", volumes=volumes), config, service("cart"))
    assert [one for one in edges(seen) if one.relation is Relation.CALLS] == []


def test_what_is_mounted_is_told_from_what_is_only_referred_to() -> None:
    env = [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "levels", "key": "log"}}}]
    seen = cluster(
        deployment(
            "web",
            containers=[{"name": "web", "env": env}],
            volumes=[
                {"name": "conf", "configMap": {"name": "files"}},
                {"name": "data", "persistentVolumeClaim": {"claimName": "disk"}},
            ],
        )
    )
    kinds = {one.dependency.name: told(seen, one)[0] for one in edges(seen)}
    assert kinds["levels"] == kinds["default"] == "reference"
    assert kinds["files"] == kinds["disk"] == "mount"


def test_a_pod_a_replica_set_and_a_policy_are_in_the_graph() -> None:
    web = deployment("web")
    current = Resource(thing("ReplicaSet", "web-1", owner=web.raw, spec={"replicas": 1}))
    old = Resource(thing("ReplicaSet", "web-0", owner=web.raw, spec={"replicas": 0}))
    chosen = {"podSelector": {"matchLabels": LABELS}, "policyTypes": ["Ingress"]}
    policy = Resource(thing("NetworkPolicy", "callers", spec=chosen))
    seen = cluster(web, current, old, pod("web-1-a", owner=current), policy)
    found = edges(seen)
    assert Edge(Ref("Pod", "shop", "web-1-a"), current.ref, Relation.OWNED_BY) in found
    assert Edge(current.ref, WEB, Relation.OWNED_BY) in found
    assert all(one.dependent != old.ref for one in found)
    limited = Edge(WEB, policy.ref, Relation.LIMITED_BY)
    assert limited in found
    assert told(seen, limited) == (
        "network_policy",
        [
            "NetworkPolicy shop/callers .spec.podSelector: spec.podSelector = app=web",
            "NetworkPolicy shop/callers .spec.ingress: spec.ingress = nothing is admitted",
        ],
    )


def test_calls_are_followed_and_shared_nodes_and_accounts_are_not() -> None:
    url = [{"name": "CART_URL", "value": "http://cart:8080"}]
    web, cart = deployment("web", containers=[{"name": "web", "env": url}]), deployment("cart")
    other = deployment("other")
    pods = [pod(f"{one.name}-a", owner=one, labels={"app": one.name}) for one in (web, cart, other)]
    seen = cluster(web, cart, other, service("cart"), *pods)
    near = around(edges(seen), [WEB], 1)
    assert {one.dependency for one in near} >= {CART, Ref("Node", "", "n1")}
    far = around(edges(seen), [WEB], 3)
    ends = {end for one in far for end in (one.dependent, one.dependency)}
    assert cart.ref in ends
    assert other.ref not in ends


def test_every_edge_within_reach_is_told_once_calls_first() -> None:
    url = [{"name": "CART_URL", "value": "http://cart:8080"}]
    seen = cluster(
        deployment("web", containers=[{"name": "web", "env": url}]),
        deployment("cart"),
        service("cart"),
    )
    found = in_order(edges(seen))
    assert len(found) == len(set(found))
    assert found[0].relation is Relation.CALLS


def test_a_dependency_that_is_not_there_is_known_only_where_its_kind_was_seen() -> None:
    other = Resource(thing("ConfigMap", "other"))
    missing = Ref("ConfigMap", "shop", "gone")
    assert is_absent(cluster(other), missing)
    assert not is_absent(cluster(), missing)
    assert not is_absent(cluster(other), other.ref)


def measured(labels: dict[str, str], metric: str, *resources: Resource) -> Any:
    [convention] = [one for one in CONVENTIONS if one.metric == metric]
    series = Series(convention.query(60), tuple(labels.items()), ((NOW, 2.5),))
    return measured_calls(cluster(*resources), [(convention, series)])


def test_a_call_that_a_mesh_counted_leads_across_namespaces() -> None:
    labels = {
        "source_workload": "web",
        "source_workload_namespace": "shop",
        "destination_service_name": "ledger",
        "destination_service_namespace": "payments",
    }
    ends = deployment("web"), service("ledger", namespace="payments")
    found = measured(labels, "istio_requests_total", *ends)
    [(edge, evidence)] = found.calls.items()
    assert edge == Edge(WEB, LEDGER, Relation.CALLS)
    assert evidence.text == "2.5 requests a second"
    assert "istio_requests_total" in evidence.ref
    assert found.strangers == 0


def test_a_caller_that_is_no_object_in_sight_is_counted_and_not_guessed() -> None:
    labels = {"client": "user", "server": "web"}
    found = measured(labels, "traces_service_graph_request_total", deployment("web"))
    assert (found.calls, found.strangers) == ({}, 1)


def test_names_of_traces_without_namespace_are_taken_where_there_is_only_one() -> None:
    labels = {"client": "web", "server": "cart"}
    ends = deployment("web"), deployment("cart"), service("cart")
    found = measured(labels, "traces_service_graph_request_total", *ends)
    assert list(found.calls) == [Edge(WEB, CART, Relation.CALLS)]
    twice = (*ends, deployment("web", namespace="test"))
    assert measured(labels, "traces_service_graph_request_total", *twice).strangers == 1
