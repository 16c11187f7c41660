"""Certificates that have run out, or are about to, read from the Secrets that hold them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.certificates import from_facts
from mcp_servers.engines.config_references import references
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.settling import is_terminating, live_pods
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

SOON, IN_TIME = timedelta(days=7), timedelta(days=30)
# Whoever renews certificates by itself does so with a month left, or a third of a short life.
RENEWED_BY = "cert-manager.io/"

Users = Mapping[Ref, Mapping[Ref, str]]


def ending_certificates(cluster: Cluster) -> Iterator[Finding]:
    """`tls.expiring`: expired, within a week, within a month; of Secrets that something uses."""
    held = [
        (one, facts) for one in cluster.all("Secret") if (facts := section(one.raw, "certificate"))
    ]
    users: Users = _users(cluster) if held else {}
    for secret, facts in held:
        certificate = from_facts(facts)
        used_by: Mapping[Ref, str] = users.get(secret.ref, {})
        if certificate is None:
            continue
        severity = _severity(cluster, secret, certificate.not_after, used=bool(used_by))
        if severity is not None:
            yield _finding(cluster, secret, certificate.not_after, severity, used_by)


def _users(cluster: Cluster) -> Users:
    """Who uses each Secret, with the hosts that it serves by it."""
    found: dict[Ref, dict[Ref, str]] = {}
    for secret, user, hosts in (*_ingresses(cluster), *_gateways(cluster), *_workloads(cluster)):
        found.setdefault(secret, {}).setdefault(user, hosts)
    return found


def _ingresses(cluster: Cluster) -> Iterator[tuple[Ref, Ref, str]]:
    for ingress in cluster.all("Ingress"):
        for tls in [] if is_terminating(ingress) else rows(ingress.spec, "tls"):
            secret = Ref("Secret", ingress.namespace, text(tls, "secretName"))
            yield secret, ingress.ref, ", ".join(words(tls, "hosts"))


def _gateways(cluster: Cluster) -> Iterator[tuple[Ref, Ref, str]]:
    for gateway in cluster.all("Gateway"):
        for listener in rows(gateway.spec, "listeners"):
            for ref in rows(listener, "tls", "certificateRefs"):
                place = text(ref, "namespace") or gateway.namespace
                secret = Ref("Secret", place, text(ref, "name"))
                yield secret, gateway.ref, text(listener, "hostname")


def _workloads(cluster: Cluster) -> Iterator[tuple[Ref, Ref, str]]:
    for pod in live_pods(cluster):
        for one in references(pod.namespace, pod.spec):
            if one.target.kind == "Secret":
                yield one.target, top_owner(cluster, pod), ""


def _severity(
    cluster: Cluster, secret: Resource, ends_at: datetime, *, used: bool
) -> Severity | None:
    left = ends_at - cluster.now
    if left > IN_TIME:
        return None
    if not used:
        return Severity.LOW
    if left <= timedelta():
        return Severity.CRITICAL
    if left <= SOON:
        return Severity.HIGH
    renewed = any(name.startswith(RENEWED_BY) for name in secret.annotations)
    return None if renewed else Severity.MEDIUM


def _finding(
    cluster: Cluster,
    secret: Resource,
    ends_at: datetime,
    severity: Severity,
    used_by: Mapping[Ref, str],
) -> Finding:
    over = ends_at <= cluster.now
    ended = ends_at if over else None
    hosts = sorted({host for host in used_by.values() if host})
    return about_object(
        secret,
        "tls.expiring",
        severity,
        [citing.field(secret, ".data[tls.crt]", f"notAfter {citing.clock(ends_at)}", ended)],
        confidence=Confidence.CERTAIN,
        since=ended,
        affected=sorted(used_by),
        params={
            "container": "",
            "file": "",
            "secret": secret.name,
            "host": "",
            "count": "",
            "line": "",
            "hosts": listed(hosts),
            "used_by": listed([str(one) for one in sorted(used_by)]),
            "expired_at": citing.clock(ends_at) if over else "",
            "ends_at": "" if over else citing.clock(ends_at),
        },
        joins={"secret": f"{secret.namespace}/{secret.name}"},
    )
