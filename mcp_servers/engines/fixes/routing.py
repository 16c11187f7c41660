"""`fix.ingress`: a class, Service or port that a route names wrongly. Only ever proposed."""

import copy
from collections.abc import Iterator

from mcp_servers.engines.endpoints import ports_of
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.fixes.drafting import Case, Outcome
from mcp_servers.engines.fixes.editing import subsection
from mcp_servers.facts.kubernetes import Json, Ref, Resource
from mcp_servers.facts.nearest import nearest_names


def mend_route(case: Case) -> Outcome:
    """The one near name, or the only port, of what is there."""
    route = case.cluster.get(case.target)
    if route is None:
        return case.advice("not_in_sight")
    if case.rule == "ingress.class_missing":
        return _class(case, route)
    if case.rule == "httproute.backend_invalid":
        return _gateway_backend(case, route)
    return _backend(case, route)


def _class(case: Case, ingress: Resource) -> Outcome:
    asked = text(ingress.spec, "ingressClassName")
    classes = [one.name for one in case.cluster.all("IngressClass")]
    near = nearest_names(asked, classes) if asked else classes
    if len(near) != 1:
        return case.advice("value_unknown", missing=f"IngressClass {asked}", near=", ".join(near))
    after = copy.deepcopy(ingress.raw)
    subsection(after, "spec")["ingressClassName"] = near[0]
    return case.proposal(ingress, after, "always_proposed", old=asked, new=near[0])


def _backend(case: Case, ingress: Resource) -> Outcome:
    asked, port = case.told("service"), case.told("port")
    after = copy.deepcopy(ingress.raw)
    if case.rule == "ingress.backend_port_missing":
        service = case.cluster.get(Ref("Service", ingress.namespace, asked))
        ports = ports_of(service) if service else []
        if len(ports) != 1:
            return case.advice("several_ports", target=port, ports=case.told("ports"))
        for held in _services(after):
            if text(held, "name") == asked and port in _named(held):
                held["port"] = {"number": ports[0]["port"]}
        return case.proposal(ingress, after, "always_proposed", old=port, new=ports[0]["port"])
    near = nearest_names(
        asked, [one.name for one in case.cluster.all("Service", ingress.namespace)]
    )
    if len(near) != 1:
        return case.advice("value_unknown", missing=f"Service {asked}", near=", ".join(near))
    for held in _services(after):
        if text(held, "name") == asked:
            held["name"] = near[0]
    return case.proposal(ingress, after, "always_proposed", old=asked, new=near[0])


def _services(ingress: Json) -> Iterator[Json]:
    backends = [section(ingress, "spec", "defaultBackend")]
    for rule in rows(ingress, "spec", "rules"):
        backends += [section(path, "backend") for path in rows(rule, "http", "paths")]
    yield from (held for one in backends if (held := section(one, "service")))


def _named(service: Json) -> tuple[str, str]:
    return text(service, "port", "name"), text(service, "port", "number")


def _gateway_backend(case: Case, route: Resource) -> Outcome:
    """`backend` of the finding is `namespace/name:port`; `near` the Service or the port that is there."""
    near = [one for one in case.told("near").split(", ") if one]
    if len(near) != 1:
        return case.advice("value_unknown", missing=case.told("backend"), near=", ".join(near))
    place, _, port = case.told("backend").partition(":")
    namespace, _, name = place.rpartition("/")
    after = copy.deepcopy(route.raw)
    for rule in rows(after, "spec", "rules"):
        for held in rows(rule, "backendRefs"):
            same = text(held, "name") == name and text(held, "port") == port
            if same and (text(held, "namespace") or route.namespace) == namespace:
                _renamed(held, near[0])
    return case.proposal(route, after, "always_proposed", old=case.told("backend"), new=near[0])


def _renamed(held: Json, near: str) -> None:
    if near.isdigit():
        held["port"] = int(near)
    else:
        held["name"] = near
