"""Services that a program names in its complaints: whom it calls, where no setting says so."""

import re
from collections.abc import Iterable, Iterator, Sequence

from mcp_servers.engines.call_failures import targets, words_of
from mcp_servers.engines.causal_graph import services_called
from mcp_servers.engines.endpoints import Addresses, selector_of
from mcp_servers.engines.log_entries import level_in
from mcp_servers.engines.log_signals import Speaker, lately, speakers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.rule_families import DEGRADED
from mcp_servers.engines.selectors import matches_equality
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# Fields of structured logs that hold the other side's name.
_PEER = re.compile(
    r"[\"']?\b(?:upstream|backend|target|peer(?:[._]service)?|remote|callee|dependency|downstream|dest(?:ination)?"
    r"|(?:server|upstream|target|remote|called)[._]?(?:service|host|name|app)|host)[\"']?\s*[:=]\s*[\"']?"
    r"(?P<name>[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(r"\b50\d\b|fail|error|exception|timeout|失败|异常|超时|错误", re.IGNORECASE)
# So many lines of the window tell as much as all of them.
_LINES = 400


def calls_told(cluster: Cluster, findings: Sequence[Finding]) -> list[tuple[Ref, Ref]]:
    """(workload, Service) pairs that logs gave away. Of those whose requests fail, all complaints are
    read: their callees may tell why."""
    failing = [one.resource for one in findings if one.rule in DEGRADED]
    called = [(one.resource, service) for one in findings for service in services_called(one)]
    return [*called, *logged_calls(cluster, failing)]


def logged_calls(cluster: Cluster, callers: Iterable[Ref]) -> list[tuple[Ref, Ref]]:
    """(workload, Service) for the Services that error lines of these workloads name."""
    wanted = set(callers)
    if not wanted:
        return []
    addresses = Addresses(cluster)
    found: dict[tuple[Ref, Ref], None] = {}
    for speaker in speakers(cluster):
        owner = top_owner(cluster, speaker.container.pod)
        if owner in wanted:
            found.update(((owner, one), None) for one in _named(cluster, speaker, addresses))
    return list(found)


def _named(cluster: Cluster, speaker: Speaker, addresses: Addresses) -> Iterator[Ref]:
    pod = speaker.container.pod
    for line in lately(cluster, speaker.lines)[-_LINES:]:
        if level_in(line.text) in ("info", "debug") or not _COMPLAINT.search(line.text):
            continue
        for host in _hosts(line.text, addresses.names(pod.namespace)):
            service = addresses.service(host, seen_from=pod.namespace)
            if service is not None and not _serves_itself(service, pod):
                yield service.ref


def _hosts(line: str, names: Iterable[str]) -> Iterator[str]:
    """Hosts with a port or a scheme, values of such fields, and names of several words: a single word
    may be one of the sentence."""
    yield from (one.host for one in targets(line))
    yield from (match["name"] for match in _PEER.finditer(line))
    said = words_of(line)
    yield from (name for name in names if "-" in name and name in said)


def _serves_itself(service: Resource, pod: Resource) -> bool:
    same = service.namespace == pod.namespace
    return same and matches_equality(selector_of(service), pod.labels)
