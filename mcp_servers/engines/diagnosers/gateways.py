"""The Gateway API: gateways that are not programmed, routes that hang on none or lead nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.endpoints import ports_of
from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.engines.network_policies import namespace_labels
from mcp_servers.engines.selectors import matches, written
from mcp_servers.engines.settling import is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment
from mcp_servers.facts.nearest import nearest_names

LOOSE = {
    "absent": "does not exist",
    "namespace": "takes no routes of this namespace",
    "refused": "refuses it",
}
WRONG = {
    "absent": "there is no such Service",
    "port": "the Service has no such port",
    "grant": "no ReferenceGrant there allows it",
    "refused": "the controller cannot resolve it",
}


def _conditions(holder: Json) -> dict[str, Json]:
    return {text(one, "type"): one for one in rows(holder, "conditions")}


def _is_false(condition: Json | None) -> bool:
    return text(condition, "status") == "False"


def gateways(cluster: Cluster) -> Iterator[Finding]:
    """`gateway.not_ready`: its class is absent or refused, or it is not accepted or programmed.

    A status that nobody wrote yet counts only where the class is absent, so that no controller
    can be expected to write one.
    """
    classes = {one.name: one for one in cluster.all("GatewayClass")}
    for gateway in cluster.all("Gateway"):
        if is_terminating(gateway) or is_young(cluster, gateway):
            continue
        named = text(gateway.spec, "gatewayClassName")
        held = classes.get(named)
        if held is None and classes:
            yield _no_class(gateway, named, sorted(classes))
        elif held is not None and _is_false(held.condition("Accepted")):
            yield _refused(gateway, held, "Accepted")
        elif failed := _failed(gateway):
            yield _refused(gateway, gateway, failed)


def _failed(gateway: Resource) -> str:
    conditions = _conditions(gateway.status)
    return next(
        (kind for kind in ("Accepted", "Programmed") if _is_false(conditions.get(kind))), ""
    )


def _no_class(gateway: Resource, named: str, classes: list[str]) -> Finding:
    said = f"{named} (no such GatewayClass)"
    return _not_ready(
        gateway,
        [citing.field(gateway, ".spec.gatewayClassName", said)],
        gateway.created_at,
        {
            "absent": named,
            "classes": ", ".join(classes),
            "near": ", ".join(nearest_names(named, classes)),
            "condition": "",
            "reason": "",
            "message": "",
        },
    )


def _refused(gateway: Resource, holder: Resource, kind: str) -> Finding:
    condition = holder.condition(kind) or {}
    since = moment(condition.get("lastTransitionTime"))
    said = f"False ({text(condition, 'reason')}: {text(condition, 'message')})"
    return _not_ready(
        gateway,
        [citing.field(holder, f".status.conditions[{kind}].status", said, since)],
        since,
        {
            "absent": "",
            "classes": "",
            "near": "",
            "condition": f"{holder.kind} {holder.name} {kind}",
            "reason": text(condition, "reason"),
            "message": citing.quoted(text(condition, "message")),
        },
    )


def _not_ready(
    gateway: Resource, evidence: list[Evidence], since: datetime | None, params: dict[str, str]
) -> Finding:
    return about_object(
        gateway,
        "gateway.not_ready",
        Severity.HIGH,
        evidence,
        since=since,
        params=params,
        joins={"gateway": key(gateway.ref)},
    )


@dataclass(frozen=True, slots=True)
class _Loose:
    """A parent that does not take the route, and how that is known."""

    parent: Ref
    evidence: tuple[Evidence, ...]
    since: datetime | None
    what: str
    message: str = ""
    wanted: str = ""


def loose_routes(cluster: Cluster) -> Iterator[Finding]:
    """`httproute.unattached`: no parent takes the route; one that does is enough."""
    for route in cluster.all("HTTPRoute"):
        if is_terminating(route) or is_young(cluster, route):
            continue
        parents = rows(route.spec, "parentRefs")
        loose = [_loose(cluster, route, one) for one in parents]
        told = [one for one in loose if one is not None]
        if told and len(told) == len(parents):
            yield _unattached(cluster, route, told[0])


def _loose(cluster: Cluster, route: Resource, ref: Json) -> _Loose | None:
    place = text(ref, "namespace") or route.namespace
    parent = Ref(text(ref, "kind") or "Gateway", place, text(ref, "name"))
    if parent.kind != "Gateway":
        return None  # a mesh takes routes at Services
    gateway = cluster.get(parent)
    if gateway is None:
        cited = citing.field(route, ".spec.parentRefs[].name", f"{key(parent)} (no such Gateway)")
        seen = cluster.all("Gateway")
        return _Loose(parent, (cited,), route.created_at, "absent") if seen else None
    if shut := _shut_out(cluster, route, gateway, ref):
        return shut
    return _not_accepted(route, parent, ref)


def _shut_out(cluster: Cluster, route: Resource, gateway: Resource, ref: Json) -> _Loose | None:
    """Whether every listener that is meant keeps out the route's namespace, judged by its labels."""
    meant = [
        one
        for one in rows(gateway.spec, "listeners")
        if text(ref, "sectionName") in ("", text(one, "name"))
        and text(ref, "port") in ("", text(one, "port"))
    ]
    if not meant or any(_lets_in(cluster, one, gateway, route) for one in meant):
        return None
    allowed = section(meant[0], "allowedRoutes", "namespaces")
    wanted = written(section(allowed, "selector", "matchLabels")) or text(allowed, "from") or "Same"
    labels = written(namespace_labels(cluster, route.namespace))
    path = ".spec.listeners[].allowedRoutes.namespaces"
    evidence = (
        citing.field(gateway, path, wanted),
        citing.field(route, ".metadata.namespace", f"{route.namespace} ({labels})"),
    )
    return _Loose(gateway.ref, evidence, route.created_at, "namespace", wanted=wanted)


def _lets_in(cluster: Cluster, listener: Json, gateway: Resource, route: Resource) -> bool:
    allowed = section(listener, "allowedRoutes", "namespaces")
    match text(allowed, "from") or "Same":
        case "All":
            return True
        case "Selector":
            labels = namespace_labels(cluster, route.namespace)
            return matches(section(allowed, "selector"), labels)
        case _:
            return route.namespace == gateway.namespace


def _not_accepted(route: Resource, parent: Ref, ref: Json) -> _Loose | None:
    for status in _statuses(route, parent, ref):
        condition = _conditions(status).get("Accepted")
        if condition is None or not _is_false(condition):
            continue
        since = moment(condition.get("lastTransitionTime"))
        said = f"False ({text(condition, 'reason')}: {text(condition, 'message')})"
        path = f".status.parents[{parent.name}].conditions[Accepted].status"
        cited = citing.field(route, path, said, since)
        message = citing.quoted(f"{text(condition, 'reason')}: {text(condition, 'message')}")
        return _Loose(parent, (cited,), since, "refused", message)
    return None


def _statuses(route: Resource, parent: Ref, ref: Json) -> list[Json]:
    return [
        one
        for one in rows(route.status, "parents")
        if text(one, "parentRef", "name") == parent.name
        and (text(one, "parentRef", "namespace") or route.namespace) == parent.namespace
        and text(one, "parentRef", "sectionName") == text(ref, "sectionName")
    ]


def _unattached(cluster: Cluster, route: Resource, loose: _Loose) -> Finding:
    known = [one.name for one in cluster.all("Gateway")]
    absent = loose.what == "absent"
    return about_object(
        route,
        "httproute.unattached",
        Severity.HIGH,
        loose.evidence,
        since=loose.since,
        cause_key=key(loose.parent),
        params={
            "parent": key(loose.parent),
            "what": LOOSE[loose.what],
            "message": loose.message,
            "wanted": loose.wanted,
            "near": ", ".join(nearest_names(loose.parent.name, known)) if absent else "",
        },
        joins={"gateway": key(loose.parent)},
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """One backend of a route that is meant to get traffic."""

    path: str
    service: Ref
    port: str


def route_backends(cluster: Cluster) -> Iterator[Finding]:
    """`httproute.backend_invalid`: a Service, port or grant that is not there.

    What the controller says of references counts only where nothing sharper is seen.
    """
    for route in cluster.all("HTTPRoute"):
        if is_terminating(route) or is_young(cluster, route):
            continue
        wrong = [
            (one, what)
            for one in _targets(route)
            if (what := _wrong_with(cluster, route, one)) != ""
        ]
        for target, what in wrong:
            yield _invalid(cluster, route, target, what)
        if not wrong and (refused := _unresolved(route)):
            yield refused


def _targets(route: Resource) -> Iterator[_Target]:
    for n, rule in enumerate(rows(route.spec, "rules")):
        for m, ref in enumerate(rows(rule, "backendRefs")):
            if text(ref, "kind") in ("", "Service") and whole(ref, "weight", default=1) > 0:
                place = text(ref, "namespace") or route.namespace
                service = Ref("Service", place, text(ref, "name"))
                yield _Target(f".spec.rules[{n}].backendRefs[{m}]", service, text(ref, "port"))


def _wrong_with(cluster: Cluster, route: Resource, target: _Target) -> str:
    """absent | port | grant, or "" when it leads somewhere."""
    if not cluster.all("Service", target.service.namespace):
        return ""  # Services that were not listed say nothing
    service = cluster.get(target.service)
    if service is None:
        return "absent"
    if target.service.namespace != route.namespace and not _granted(cluster, route, target):
        return "grant"
    external = text(service.spec, "type") == "ExternalName"
    ports = {text(one, "port") for one in ports_of(service)}
    return "" if external or not target.port or target.port in ports else "port"


def _granted(cluster: Cluster, route: Resource, target: _Target) -> bool:
    return any(
        text(one, "kind") == "HTTPRoute" and text(one, "namespace") == route.namespace
        for grant in cluster.all("ReferenceGrant", target.service.namespace)
        if _is_for(grant, target.service.name)
        for one in rows(grant.spec, "from")
    )


def _is_for(grant: Resource, service: str) -> bool:
    return any(
        text(one, "kind") == "Service" and text(one, "name") in ("", service)
        for one in rows(grant.spec, "to")
    )


def _invalid(cluster: Cluster, route: Resource, target: _Target, what: str) -> Finding:
    service = cluster.get(target.service)
    ports = [text(one, "port") for one in ports_of(service)] if service else []
    near = nearest_names(
        target.service.name, [one.name for one in cluster.all("Service", target.service.namespace)]
    )
    value = f"{key(target.service)}:{target.port}".rstrip(":")
    evidence = [citing.field(route, target.path, value)]
    if service is not None and what == "port":
        evidence.append(citing.field(service, ".spec.ports", ", ".join(ports)))
    fixable = (what == "absent" and len(near) == 1) or (what == "port" and len(ports) == 1)
    return about_object(
        route,
        "httproute.backend_invalid",
        Severity.HIGH,
        evidence,
        since=route.created_at,
        cause_key=value,
        fix="fix.ingress" if fixable else "",
        params={
            "backend": value,
            "what": WRONG[what],
            "near": ", ".join(near if what == "absent" else ports if what == "port" else []),
            "message": "",
        },
        joins={"service": key(target.service)},
    )


def _unresolved(route: Resource) -> Finding | None:
    for parent in rows(route.status, "parents"):
        condition = _conditions(parent).get("ResolvedRefs")
        if condition is not None and _is_false(condition):
            since = moment(condition.get("lastTransitionTime"))
            said = f"False ({text(condition, 'reason')}: {text(condition, 'message')})"
            path = ".status.parents[].conditions[ResolvedRefs].status"
            return about_object(
                route,
                "httproute.backend_invalid",
                Severity.HIGH,
                [citing.field(route, path, said, since)],
                confidence=Confidence.CERTAIN,
                since=since,
                cause_key="ResolvedRefs",
                params={
                    "backend": "",
                    "what": WRONG["refused"],
                    "near": "",
                    "message": citing.quoted(text(condition, "message")),
                },
            )
    return None
