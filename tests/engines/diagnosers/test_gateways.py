"""Gateways that are not programmed, routes that no gateway takes, backends that are not there."""

import pytest

from mcp_servers.facts.kubernetes import Json
from tests.factories import cluster, condition, found, roots, rules, thing, workload


def gateway(*conditions: Json, allowed: Json | None = None, **more: object) -> Json:
    listener = {"name": "http", "port": 80, "allowedRoutes": {"namespaces": allowed or {}}}
    made = thing("Gateway", "edge", namespace="infra", **more)
    spec = {"gatewayClassName": "open", "listeners": [listener]}
    return {**made, "spec": spec, "status": {"conditions": list(conditions)}}


CLASS = thing("GatewayClass", "open", status={"conditions": [condition("Accepted", "True")]})
GOOD = (condition("Accepted", "True"), condition("Programmed", "True"))
ALL = {"from": "All"}


def route(
    *accepted: Json, name: str = "web", port: int = 8080, parent: str = "edge", **ref: object
) -> Json:
    parents = [{"name": parent, "namespace": "infra"}]
    status = {"parents": [{"parentRef": parents[0], "conditions": list(accepted)}]}
    backend = {"name": name, "port": port, **ref}
    spec = {"parentRefs": parents, "rules": [{"backendRefs": [backend]}]}
    return {**thing("HTTPRoute", "shop"), "spec": spec, "status": status}


def test_a_gateway_that_is_not_programmed_says_why() -> None:
    failed = condition("Programmed", "False", reason="AddressNotAssigned", message="no address")
    finding = found(cluster(CLASS, gateway(failed)), "gateway.not_ready")
    assert (finding.params["reason"], finding.params["message"]) == (
        "AddressNotAssigned",
        "no address",
    )


def test_a_gateway_of_a_class_that_is_not_there_names_the_nearest() -> None:
    near = thing("GatewayClass", "opens")
    assert found(cluster(near, gateway()), "gateway.not_ready").params["near"] == "opens"


def test_a_class_that_its_controller_refuses_is_told_of_its_gateways() -> None:
    refused = condition("Accepted", "False", reason="InvalidParameters", message="no such config")
    held = thing("GatewayClass", "open", status={"conditions": [refused]})
    finding = found(cluster(held, gateway()), "gateway.not_ready")
    assert finding.params["condition"] == "GatewayClass open Accepted"


@pytest.mark.parametrize(
    "one",
    [gateway(*GOOD), gateway(), gateway(condition("Programmed", "False"), age=1)],
    ids=["programmed", "no status yet", "young"],
)
def test_a_gateway_that_is_well_or_on_its_way_is_silent(one: Json) -> None:
    assert rules(cluster(CLASS, one)) == set()


def test_a_route_kept_out_by_the_labels_of_its_namespace_shows_both() -> None:
    wanted = {"from": "Selector", "selector": {"matchLabels": {"team": "edge"}}}
    place = thing("Namespace", "shop", labels={"team": "shop"})
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=wanted), route(), place)
    finding = found(of, "httproute.unattached")
    assert finding.params["wanted"] == "team=edge"
    assert "team=shop" in finding.evidence[1].text


def test_labels_of_the_route_itself_do_not_let_it_in() -> None:
    wanted = {"from": "Selector", "selector": {"matchLabels": {"team": "edge"}}}
    labelled = route()
    labelled["metadata"]["labels"] = {"team": "edge"}
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=wanted), labelled)
    assert "httproute.unattached" in rules(of)


def test_a_route_that_is_refused_quotes_the_controller() -> None:
    refused = condition("Accepted", "False", reason="NoMatchingListenerHostname", message="none")
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=ALL), route(refused))
    message = found(of, "httproute.unattached").params["message"]
    assert message == "NoMatchingListenerHostname: none"


def test_a_route_to_a_gateway_that_is_not_there_names_the_nearest() -> None:
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=ALL), route(parent="egde"))
    assert found(of, "httproute.unattached").params["near"] == "edge"


def test_a_route_that_another_gateway_takes_is_silent() -> None:
    both = route(parent="gone")
    both["spec"]["parentRefs"].append({"name": "edge", "namespace": "infra"})
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=ALL), both)
    assert rules(of) == set()


def test_a_route_of_a_mesh_hangs_on_a_service_and_is_silent() -> None:
    meshed = route()
    meshed["spec"]["parentRefs"] = [{"kind": "Service", "name": "web"}]
    assert rules(cluster(*workload(), CLASS, gateway(*GOOD), meshed)) == set()


@pytest.mark.parametrize(
    ("one", "what", "near"),
    [
        (route(name="wbe"), "there is no such Service", "web"),
        (route(port=9), "the Service has no such port", "8080"),
    ],
)
def test_a_backend_that_is_not_there_says_what_is(one: Json, what: str, near: str) -> None:
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=ALL), one)
    finding = found(of, "httproute.backend_invalid")
    assert (finding.params["what"], finding.params["near"]) == (what, near)
    assert finding.fix is not None


def elsewhere(*grants: Json) -> list[Json]:
    one = route(namespace="store")
    return [*workload(namespace="store"), CLASS, gateway(*GOOD, allowed=ALL), one, *grants]


def test_a_backend_of_another_namespace_needs_its_grant() -> None:
    finding = found(cluster(*elsewhere()), "httproute.backend_invalid")
    assert finding.params["what"] == "no ReferenceGrant there allows it"
    spec = {"from": [{"kind": "HTTPRoute", "namespace": "shop"}], "to": [{"kind": "Service"}]}
    grant = thing("ReferenceGrant", "shop", namespace="store", spec=spec)
    assert rules(cluster(*elsewhere(grant))) == set()


def test_a_backend_without_weight_is_silent() -> None:
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=ALL), route(name="old", weight=0))
    assert rules(of) == set()


def test_references_that_the_controller_cannot_resolve_are_quoted() -> None:
    failed = condition("ResolvedRefs", "False", reason="InvalidKind", message="no such filter")
    of = cluster(*workload(), CLASS, gateway(*GOOD, allowed=ALL), route(failed))
    assert found(of, "httproute.backend_invalid").params["message"] == "no such filter"


def test_a_route_of_a_gateway_that_is_not_ready_is_only_a_symptom() -> None:
    failed = condition("Programmed", "False", reason="Invalid", message="port in use")
    refused = condition("Accepted", "False", reason="Pending", message="gateway not ready")
    of = cluster(*workload(), CLASS, gateway(failed, allowed=ALL), route(refused))
    assert roots(of) == ["gateway.not_ready"]
