"""What extends the API: aggregated servers, custom kinds, and versions that are about to go."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import earliest
from mcp_servers.engines.endpoints import ready_pods
from mcp_servers.engines.fields import section, text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.settling import is_terminating, is_young
from mcp_servers.engines.stamps import condition_since
from mcp_servers.engines.versions import Minor, minor_of, server_minor, written
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.facts.metrics import Series

# The annotation may hold a whole ConfigMap; kubectl writes the version before all else.
_VERSION_FIRST = re.compile(r'\s*\{\s*"apiVersion"\s*:\s*"([^"]+)"')
RESTARTS_WITHIN = timedelta(minutes=2)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
DEPRECATED_IN_USE = "apiserver_requested_deprecated_apis"

# The version in which each old API is served no more, by the deprecation guide of Kubernetes.
REMOVED_IN: dict[str, Minor] = {
    "extensions/v1beta1": (1, 22),
    "apps/v1beta1": (1, 16),
    "apps/v1beta2": (1, 16),
    "networking.k8s.io/v1beta1": (1, 22),
    "rbac.authorization.k8s.io/v1beta1": (1, 22),
    "admissionregistration.k8s.io/v1beta1": (1, 22),
    "apiextensions.k8s.io/v1beta1": (1, 22),
    "batch/v1beta1": (1, 25),
    "policy/v1beta1": (1, 25),
    "discovery.k8s.io/v1beta1": (1, 25),
    "autoscaling/v2beta1": (1, 25),
    "autoscaling/v2beta2": (1, 26),
    "storage.k8s.io/v1beta1": (1, 27),
    "flowcontrol.apiserver.k8s.io/v1beta2": (1, 29),
    "flowcontrol.apiserver.k8s.io/v1beta3": (1, 32),
}


def api_services(cluster: Cluster) -> Iterator[Finding]:
    """`apiservice.unavailable`: an aggregated API that does not answer for over two minutes."""
    for one in cluster.all("APIService"):
        condition = one.condition("Available") or {}
        since = condition_since(one, "Available")
        restarting = since is not None and cluster.now - since < RESTARTS_WITHIN
        if condition.get("status") in ("False", "Unknown") and not restarting:
            yield _unavailable(cluster, one, since)


def _unavailable(cluster: Cluster, api: Resource, since: datetime | None) -> Finding:
    condition = api.condition("Available") or {}
    group, name = text(api.spec, "group"), text(api.spec, "service", "name")
    backing = Ref("Service", text(api.spec, "service", "namespace"), name)
    said = f"{condition.get('status')} ({condition.get('reason')}: {condition.get('message')})"
    return about_object(
        api,
        "apiservice.unavailable",
        Severity.HIGH,
        [
            citing.field(api, ".status.conditions[Available].status", said, since),
            *_backing(cluster, backing),
        ],
        since=since,
        params={
            "group": group,
            "service": f"{backing.namespace}/{name}" if name else "",
            "reason": text(condition, "reason"),
            "message": citing.quoted(text(condition, "message")),
        },
        joins={"api": group, "service": f"{backing.namespace}/{name}" if name else ""},
    )


def _backing(cluster: Cluster, ref: Ref) -> list[Evidence]:
    """How many pods answer behind it, when its namespace is in sight."""
    service = cluster.get(ref)
    if service is None:
        return []
    ready, _ = ready_pods(cluster, service)
    return [citing.field(service, ".spec.selector", f"{len(ready)} ready pods behind it")]


def custom_kinds(cluster: Cluster) -> Iterator[Finding]:
    """`crd.broken`: a kind that is not established, not structural, or cannot be converted."""
    for crd in cluster.all("CustomResourceDefinition"):
        if is_terminating(crd) or is_young(cluster, crd):
            continue
        for kind, bad in (
            ("Established", "False"),
            ("NamesAccepted", "False"),
            ("NonStructuralSchema", "True"),
        ):
            if (crd.condition(kind) or {}).get("status") == bad:
                yield _broken(crd, kind, bad)
                break
        else:
            yield from _unconvertible(cluster, crd)


def _broken(crd: Resource, kind: str, status: str) -> Finding:
    condition = crd.condition(kind) or {}
    since = condition_since(crd, kind)
    said = f"{status} ({condition.get('reason')}: {condition.get('message')})"
    return about_object(
        crd,
        "crd.broken",
        Severity.HIGH,
        [citing.field(crd, f".status.conditions[{kind}].status", said, since)],
        since=since,
        params={
            "condition": f"{kind}={status}",
            "message": citing.quoted(text(condition, "message")),
            "service": "",
        },
    )


def _unconvertible(cluster: Cluster, crd: Resource) -> Iterator[Finding]:
    """A conversion webhook whose Service is gone: objects of the other version cannot be read."""
    service = section(crd.spec, "conversion", "webhook", "clientConfig", "service")
    ref = Ref("Service", text(service, "namespace"), text(service, "name"))
    if text(crd.spec, "conversion", "strategy") != "Webhook" or not ref.name:
        return
    in_sight = cluster.all("Service", ref.namespace) or cluster.all("Pod", ref.namespace)
    if in_sight and cluster.get(ref) is None:
        path = ".spec.conversion.webhook.clientConfig.service"
        name = f"{ref.namespace}/{ref.name}"
        yield about_object(
            crd,
            "crd.broken",
            Severity.HIGH,
            [citing.field(crd, path, f"{name} (no such Service)")],
            params={"condition": "", "message": "", "service": name},
            joins={"service": name},
        )


def deprecated_apis(cluster: Cluster) -> Iterator[Finding]:
    """`api.deprecated`: asked for, or applied from a manifest, in a version that the next minor
    does not serve any more. What only managed fields mention is history."""
    server = server_minor(cluster)
    if server is None:
        return
    next_minor = (server[0], server[1] + 1)
    yield from _requested(cluster, next_minor)
    for resource in cluster.resources:
        said = _VERSION_FIRST.match(text(resource.annotations, LAST_APPLIED))
        removed = REMOVED_IN.get(said.group(1)) if said else None
        if said and removed is not None and removed <= next_minor:
            yield _applied(cluster, resource, said.group(1), removed)


def _applied(cluster: Cluster, resource: Resource, version: str, removed: Minor) -> Finding:
    owner = cluster.get(top_owner(cluster, resource)) or resource
    cited = citing.field(
        resource, f".metadata.annotations[{LAST_APPLIED}]", f"apiVersion {version}"
    )
    return about_object(
        owner,
        "api.deprecated",
        Severity.MEDIUM,
        [cited],
        since=resource.created_at,
        cause_key=version,
        params={
            "version": version,
            "what_kind": resource.kind,
            "removed": written(removed),
            "now": text(resource.raw, "apiVersion"),
        },
    )


def _requested(cluster: Cluster, next_minor: Minor) -> Iterator[Finding]:
    """One finding for each old version that clients ask for, told about the API itself."""
    for one in cluster.series_for(DEPRECATED_IN_USE):
        removed = minor_of(one.label("removed_release"))
        asked = any(value > 0 for at, value in one.points if cluster.recent(at))
        if removed is not None and removed <= next_minor and asked:
            yield _asked_for(one, removed)


def _asked_for(one: Series, removed: Minor) -> Finding:
    group, version, plural = one.label("group"), one.label("version"), one.label("resource")
    api = f"{group}/{version}".lstrip("/")
    evidence = [citing.series(one, f"{plural} asked for as {api}", one.points[0][0])]
    return Finding(
        rule="api.deprecated",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=Ref("APIService", "", f"{version}.{group}"),
        since=earliest(evidence),
        evidence=tuple(evidence),
        params={"version": api, "what_kind": plural, "removed": written(removed), "now": ""},
        cause_key=f"{api} {plural}",
    )
