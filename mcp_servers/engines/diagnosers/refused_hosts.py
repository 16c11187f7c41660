"""Certificates that clients refuse because they are for another host, as the clients tell it."""

import re
from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.endpoints import Addresses
from mcp_servers.engines.fields import rows, text, words
from mcp_servers.engines.log_signals import Line, Speaker, lately, speakers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource

RULE = "tls.host_mismatch"
FEWEST_LINES = 3

# Go; Node; Java; curl and Python. Each says the host, the first two also what the certificate is for.
_SAID = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        r"certificate is (?:not )?valid for (?P<names>[\w.*, -]+?), not (?P<host>[\w.-]+)",
        r"Host: (?P<host>[\w.-]+?)\.? is not in the cert's altnames: (?P<names>[\w.*:, -]+)",
        r"No subject alternative DNS name matching (?P<host>[\w.-]+) found(?P<names>)",
        r"(?:matches|match) (?:target )?host ?name '(?P<host>[\w.-]+)'(?P<names>)",
        r"certificate is not valid for '(?P<host>[\w.-]+)'(?P<names>)",
    )
)
# A line without one of these is not looked at further; most lines have none.
_HINTS = ("ertificate", "alternative", "altnames")


def refused_hosts(cluster: Cluster) -> Iterator[Finding]:
    """`tls.host_mismatch`, from the lines of those who were shown the wrong certificate."""
    addresses: Addresses | None = None
    for speaker in speakers(cluster):
        by_host: dict[str, list[tuple[Line, str]]] = {}
        for line in lately(cluster, speaker.lines):
            if match := _mismatch(line.text):
                by_host.setdefault(match["host"], []).append((line, match["names"]))
        for host, said in sorted(by_host.items()):
            if len(said) >= FEWEST_LINES or not speaker.container.ready:
                addresses = addresses or Addresses(cluster)
                yield _finding(cluster, speaker, host, said, addresses)


def _mismatch(line: str) -> re.Match[str] | None:
    if not any(hint in line for hint in _HINTS):
        return None
    return next((match for shape in _SAID if (match := shape.search(line))), None)


def _finding(
    cluster: Cluster,
    speaker: Speaker,
    host: str,
    said: list[tuple[Line, str]],
    addresses: Addresses,
) -> Finding:
    """Told about the Ingress that serves the host, else about the program that is refused."""
    line, names = said[0]
    pod = speaker.container.pod
    service = addresses.service(host, seen_from=pod.namespace)
    ingress = _ingress_of(cluster, host)
    secret = _secret_of(ingress, host)
    params = {
        "host": host,
        "secret": secret,
        "names": names.replace("DNS:", "").strip(" ,"),
        "line": citing.quoted(line.text),
    }
    joins = {"host": host, **({"service": key(service.ref)} if service else {})}
    if ingress is None:
        return about_pod(
            cluster,
            pod,
            RULE,
            Severity.HIGH,
            [line.cited],
            confidence=Confidence.STRONG,
            container=speaker.container.name,
            cause_key=host,
            params=params,
            joins=joins,
        )
    return about_object(
        ingress,
        RULE,
        Severity.HIGH,
        [line.cited, citing.field(ingress, ".spec.tls[].hosts", f"{host}: {secret}")],
        confidence=Confidence.STRONG,
        affected=[top_owner(cluster, pod), pod.ref],
        cause_key=host,
        params=params,
        joins=joins,
    )


def _ingress_of(cluster: Cluster, host: str) -> Resource | None:
    """The Ingress that serves this host itself, if one does."""
    return next(
        (
            one
            for one in cluster.all("Ingress")
            if any(host in words(tls, "hosts") for tls in rows(one.spec, "tls"))
        ),
        None,
    )


def _secret_of(ingress: Resource | None, host: str) -> str:
    held = rows(ingress.spec, "tls") if ingress else []
    return next((text(one, "secretName") for one in held if host in words(one, "hosts")), "")
