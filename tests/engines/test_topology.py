"""Who depends on whom, read from objects."""

from datetime import UTC, datetime
from typing import Any

from mcp_servers.engines.topology import Relation, service_named, topology
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)

CHECKOUT = Ref("Deployment", "shop", "checkout")
FRONTEND = Ref("Deployment", "shop", "frontend")
CHECKOUT_SERVICE = Ref("Service", "shop", "checkout")


def deployment(name: str, *, env: dict[str, str] | None = None, **pod_spec: Any) -> Resource:
    variables = [{"name": key, "value": value} for key, value in (env or {}).items()]
    container = {"name": name, "image": f"{name}:1", "env": variables}
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], **pod_spec},
    }
    return Resource(
        {
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"replicas": 1, "template": template},
        }
    )


def service(name: str, selector: dict[str, str]) -> Resource:
    metadata = {"name": name, "namespace": "shop"}
    return Resource({"kind": "Service", "metadata": metadata, "spec": {"selector": selector}})


def seen(*resources: Resource) -> Cluster:
    return Cluster(now=NOW, resources=resources)


def test_a_service_depends_on_the_workload_its_selector_takes() -> None:
    edges = topology(seen(deployment("checkout"), service("checkout", {"app": "checkout"})))
    assert edges.dependencies(CHECKOUT_SERVICE, Relation.SELECTS) == [CHECKOUT]


def test_a_service_without_selector_selects_nothing() -> None:
    edges = topology(seen(deployment("checkout"), service("checkout", {})))
    assert edges.dependencies(CHECKOUT_SERVICE) == []


def test_an_address_in_the_environment_is_a_call() -> None:
    caller = deployment("frontend", env={"CHECKOUT_URL": "http://checkout.shop.svc:8080/pay"})
    edges = topology(seen(caller, deployment("checkout"), service("checkout", {"app": "checkout"})))
    assert edges.dependencies(FRONTEND, Relation.CALLS) == [CHECKOUT_SERVICE]
    assert edges.path(FRONTEND, CHECKOUT) == [FRONTEND, CHECKOUT_SERVICE, CHECKOUT]


def test_a_word_that_is_no_address_is_not_a_call() -> None:
    caller = deployment("frontend", env={"GREETING": "the checkout is open"})
    edges = topology(seen(caller, deployment("checkout"), service("checkout", {"app": "checkout"})))
    assert edges.dependencies(FRONTEND, Relation.CALLS) == []


def test_references_to_configuration_and_claims_are_edges() -> None:
    volumes = [
        {"configMap": {"name": "settings"}},
        {"projected": {"sources": [{"secret": {"name": "keys"}}]}},
        {"persistentVolumeClaim": {"claimName": "data"}},
    ]
    edges = topology(seen(deployment("checkout", volumes=volumes, serviceAccountName="till")))
    assert {ref.kind: ref.name for ref in edges.dependencies(CHECKOUT, Relation.REFERS_TO)} == {
        "ConfigMap": "settings",
        "Secret": "keys",
        "PersistentVolumeClaim": "data",
        "ServiceAccount": "till",
    }


def test_an_ingress_routes_to_every_backend_it_names() -> None:
    paths = [{"path": "/", "backend": {"service": {"name": "checkout", "port": {"number": 80}}}}]
    ingress = Resource(
        {
            "kind": "Ingress",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {
                "defaultBackend": {"service": {"name": "fallback"}},
                "rules": [{"http": {"paths": paths}}],
            },
        }
    )
    routed = topology(seen(ingress)).dependencies(ingress.ref, Relation.ROUTES_TO)
    assert [ref.name for ref in routed] == ["checkout", "fallback"]


def test_cluster_internal_names_mean_services() -> None:
    assert service_named("checkout", "shop") == CHECKOUT_SERVICE
    assert service_named("checkout.shop.svc.cluster.local.", "web") == CHECKOUT_SERVICE
    assert service_named("checkout:8080", "shop") == CHECKOUT_SERVICE
