"""The certificates of Ingresses and Gateways: absent, malformed, or for another host."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.certificates import TLS_KEYS, TLS_TYPE, Certificate, covers, from_facts
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.settling import is_terminating
from mcp_servers.engines.stamps import written_at
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.facts.nearest import nearest_names

# An issuer proves that the host is ours before the Secret comes to be.
ISSUED_WITHIN = timedelta(minutes=10)
WRONG = {
    "absent": "does not exist",
    "keys": "lacks tls.crt or tls.key",
    "type": "is not of type kubernetes.io/tls",
}


@dataclass(frozen=True, slots=True)
class _Use:
    """One Secret that an object serves hosts with; `path` is where it is named."""

    holder: Resource
    path: str
    secret: Ref
    hosts: tuple[str, ...]


def ingress_certificates(cluster: Cluster) -> Iterator[Finding]:
    """`ingress.tls_secret` and `tls.host_mismatch`."""
    seen = cluster.all("Secret") and not any(one.what == "Secret" for one in cluster.not_checked)
    if not seen:
        return  # Secrets that were not listed say nothing
    uses = [*_of_ingresses(cluster), *_of_gateways(cluster)]
    for use in uses:
        secret = cluster.get(use.secret)
        if wrong := _wrong_with(secret):
            if use.holder.kind == "Ingress" and _settled(cluster, use.holder, secret):
                yield _bad_secret(cluster, use, secret, wrong)
        elif secret is not None:
            yield from _mismatch(cluster, use, secret, uses)


def _settled(cluster: Cluster, ingress: Resource, secret: Resource | None) -> bool:
    return secret is not None or cluster.age(ingress) >= ISSUED_WITHIN


def _of_ingresses(cluster: Cluster) -> Iterator[_Use]:
    for ingress in cluster.all("Ingress"):
        for n, tls in enumerate(rows(ingress.spec, "tls")):
            name = text(tls, "secretName")
            if name and not is_terminating(ingress):
                ref = Ref("Secret", ingress.namespace, name)
                yield _Use(ingress, f".spec.tls[{n}].secretName", ref, tuple(words(tls, "hosts")))


def _of_gateways(cluster: Cluster) -> Iterator[_Use]:
    """Listeners that end TLS themselves; one without a host name serves any."""
    for gateway in cluster.all("Gateway"):
        for n, listener in enumerate(rows(gateway.spec, "listeners")):
            host, mode = text(listener, "hostname"), text(listener, "tls", "mode")
            for m, ref in enumerate(rows(listener, "tls", "certificateRefs")):
                if mode != "Passthrough" and text(ref, "kind") in ("", "Secret"):
                    place = text(ref, "namespace") or gateway.namespace
                    path = f".spec.listeners[{n}].tls.certificateRefs[{m}]"
                    secret = Ref("Secret", place, text(ref, "name"))
                    yield _Use(gateway, path, secret, (host,) if host else ())


def _wrong_with(secret: Resource | None) -> str:
    """absent | type | keys, or "" when it is what it should be.

    The API takes no Secret of the right type without its keys: where they are not seen, whoever
    copied it left them out.
    """
    if secret is None:
        return "absent"
    if text(secret.raw, "type") == TLS_TYPE:
        return ""
    return "type" if set(TLS_KEYS) <= section(secret.raw, "data").keys() else "keys"


def _bad_secret(cluster: Cluster, use: _Use, secret: Resource | None, wrong: str) -> Finding:
    here = [
        one.name
        for one in cluster.all("Secret", use.secret.namespace)
        if text(one.raw, "type") == TLS_TYPE
    ]
    held = sorted(section(secret.raw, "data")) if secret else []
    kind = text(secret.raw, "type") if secret else ""
    return about_object(
        use.holder,
        "ingress.tls_secret",
        Severity.LOW if wrong == "type" else Severity.HIGH,  # most controllers look at keys only
        _cited(use, secret, wrong),
        since=secret.created_at if secret else written_at(use.holder, "f:tls"),
        cause_key=use.secret.name,
        params={
            "secret": use.secret.name,
            "what": WRONG[wrong],
            "hosts": ", ".join(use.hosts),
            "type": kind if wrong == "type" else "",
            "keys": ", ".join(held),
            "near": ", ".join(nearest_names(use.secret.name, here)) if secret is None else "",
        },
        joins={"secret": f"{use.secret.namespace}/{use.secret.name}"},
    )


def _cited(use: _Use, secret: Resource | None, wrong: str) -> list[Evidence]:
    if secret is None:
        return [citing.field(use.holder, use.path, f"{use.secret.name} (no such Secret)")]
    named = citing.field(use.holder, use.path, use.secret.name)
    if wrong == "type":
        return [named, citing.field(secret, ".type", text(secret.raw, "type"))]
    keys = ", ".join(sorted(section(secret.raw, "data"))) or "none"
    return [named, citing.field(secret, ".data", f"keys: {keys}")]


def _mismatch(cluster: Cluster, use: _Use, secret: Resource, uses: list[_Use]) -> Iterator[Finding]:
    certificate = from_facts(section(secret.raw, "certificate"))
    if certificate is None:
        return
    for host in use.hosts:
        if not certificate.covers(host) and not _served_by_another(cluster, host, use, uses):
            yield _uncovered(use, secret, host, certificate)


def _served_by_another(cluster: Cluster, host: str, use: _Use, uses: list[_Use]) -> bool:
    for other in uses:
        if other.secret == use.secret or not any(covers(one, host) for one in other.hosts):
            continue
        secret = cluster.get(other.secret)
        certificate = from_facts(section(secret.raw, "certificate")) if secret else None
        if certificate is not None and certificate.covers(host):
            return True
    return False


def _uncovered(use: _Use, secret: Resource, host: str, certificate: Certificate) -> Finding:
    names = ", ".join(certificate.names) or certificate.subject
    return about_object(
        use.holder,
        "tls.host_mismatch",
        Severity.HIGH,
        [
            citing.field(use.holder, use.path, f"{use.secret.name} for {host}"),
            citing.field(secret, ".data[tls.crt]", f"a certificate for {names}"),
        ],
        confidence=Confidence.CERTAIN,
        since=written_at(use.holder, "f:tls"),
        cause_key=host,
        params={
            "host": host,
            "secret": use.secret.name,
            "names": names,
            "line": "",
        },
        joins={"secret": f"{use.secret.namespace}/{use.secret.name}"},
    )
