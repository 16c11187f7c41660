"""Ingresses that no controller takes up, or that two claim for one address."""

from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.ingress_classes import CLASS_BEFORE, is_default, is_served
from mcp_servers.engines.settling import is_terminating, is_young
from mcp_servers.engines.stamps import written_at
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.facts.nearest import nearest_names

# Two Ingresses with one address on purpose: canaries, merged ones, and what issues certificates.
SHARING = (
    "nginx.ingress.kubernetes.io/canary",
    "nginx.org/mergeable-ingress-type",
    "acme.cert-manager.io/http01-solver",
)


def ingress_classes(cluster: Cluster) -> Iterator[Finding]:
    """`ingress.class_missing`: the class named is not there, or none is named and none is default.

    An Ingress that was given an address has been taken up by somebody, whatever it names, and so
    has one whose class stands in an annotation: such controllers need no class object.
    """
    if any(one.what == "IngressClass" for one in cluster.not_checked):
        return
    classes = {one.name: one for one in cluster.all("IngressClass")}
    default = any(is_default(one) for one in classes.values())
    for ingress in cluster.all("Ingress"):
        named = text(ingress.spec, "ingressClassName")
        if is_terminating(ingress) or is_young(cluster, ingress) or is_served(ingress):
            continue
        nobody_else = classes and not default and not text(ingress.annotations, CLASS_BEFORE)
        if (named and named not in classes) or (not named and nobody_else):
            yield _no_class(ingress, named, sorted(classes))


def _no_class(ingress: Resource, named: str, classes: list[str]) -> Finding:
    said = f"{named} (no such IngressClass)" if named else "null (and no default IngressClass)"
    return about_object(
        ingress,
        "ingress.class_missing",
        Severity.CRITICAL,
        [
            citing.field(ingress, ".spec.ingressClassName", said),
            citing.field(ingress, ".status.loadBalancer.ingress", "empty"),
        ],
        confidence=Confidence.CERTAIN if named and classes else Confidence.STRONG,
        since=written_at(ingress, "f:ingressClassName"),
        cause_key=named,
        fix="fix.ingress" if named and len(nearest_names(named, classes)) == 1 else "",
        params={
            "class": named,
            "classes": ", ".join(classes),
            "near": ", ".join(nearest_names(named, classes)),
        },
        joins={"ingress": key(ingress.ref)},
    )


def host_conflicts(cluster: Cluster) -> Iterator[Finding]:
    """`ingress.host_conflict`: one class, host, path and path type in two Ingresses."""
    claimed: dict[tuple[str, ...], dict[Ref, Resource]] = {}
    for ingress in cluster.all("Ingress"):
        if is_terminating(ingress) or any(name in ingress.annotations for name in SHARING):
            continue
        named = text(ingress.spec, "ingressClassName") or text(ingress.annotations, CLASS_BEFORE)
        for place in _places(ingress):
            claimed.setdefault((named, *place), {})[ingress.ref] = ingress
    for (_, host, path, _), holders in sorted(claimed.items(), key=lambda one: one[0]):
        if len(holders) > 1:
            yield _conflict(sorted(holders.values(), key=_age), host, path)


def _places(ingress: Resource) -> Iterator[tuple[str, str, str]]:
    for rule in rows(ingress.spec, "rules"):
        for path in rows(rule, "http", "paths"):
            yield text(rule, "host"), text(path, "path") or "/", text(path, "pathType")


def _age(ingress: Resource) -> tuple[str, Ref]:
    return text(ingress.metadata, "creationTimestamp"), ingress.ref


def _conflict(holders: list[Resource], host: str, path: str) -> Finding:
    """Told about the younger: controllers give the address to the older."""
    older, *_, younger = holders
    url = f"{host or '*'}{path}"
    return about_object(
        younger,
        "ingress.host_conflict",
        Severity.MEDIUM,
        [
            citing.field(younger, ".spec.rules[].http.paths[].path", url, younger.created_at),
            citing.field(older, ".spec.rules[].http.paths[].path", url, older.created_at),
        ],
        since=younger.created_at,
        affected=[one.ref for one in holders],
        cause_key=url,
        params={"url": url, "other": key(older.ref)},
        joins={"ingress": key(younger.ref)},
    )
