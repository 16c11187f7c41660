"""The cluster's own name servers: down, or answering with failures."""

import itertools
import re
from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import earliest, key
from mcp_servers.engines.containers import containers
from mcp_servers.engines.dns_servers import dns_pods, dns_services
from mcp_servers.engines.endpoints import endpoints, slices_of
from mcp_servers.engines.log_signals import Line, Speaker, final_words, lately, speakers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.settling import is_finished, is_ready, is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment

FAILURES = "coredns_dns_responses_total"
CACHE = "node-local-dns"

# A name server that gives less than this share of answers as failures is an ordinary one: clients
# ask for names that do not exist all the time, but SERVFAIL is always somebody's fault.
FAILING_SHARE = 0.05
FEWEST_FAILURES = 20

_COMPLAINT = re.compile(
    r"plugin/(?!ready|reload|health|kubernetes: Watching)\w+:?.*|Error during parsing.*"
    r"|Corefile:\d+.*|SERVFAIL.*|Loop \(.*detected.*|(?:read|write) udp .*(?:timeout|refused).*",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"error|fail|loop|timeout|refused|unknown directive|no such|panic|fatal", re.IGNORECASE
)


def cluster_dns(cluster: Cluster) -> Iterator[Finding]:
    """`dns.server_unhealthy`: no name server is ready, some are not, or answers are failures."""
    servers = [
        pod
        for pod in dns_pods(cluster)
        if not is_finished(pod) and not is_terminating(pod) and not _is_cache(pod)
    ]
    if not servers:
        return
    down = [pod for pod in servers if not is_ready(pod) and not is_young(cluster, pod)]
    ready = [pod for pod in servers if is_ready(pod)]
    failing = _failing_share(cluster)
    unserved = _services_without_endpoints(cluster)
    if down or failing or unserved:
        severe = not ready or failing or unserved
        severity = Severity.CRITICAL if severe else Severity.MEDIUM
        yield _finding(cluster, servers, down, severity, failing, unserved)


def _is_cache(pod: Resource) -> bool:
    return CACHE in pod.name


def _services_without_endpoints(cluster: Cluster) -> list[Resource]:
    return [
        one
        for one in dns_services(cluster)
        if slices_of(cluster, one) and not any(held.ready for held in endpoints(cluster, one))
    ]


def _failing_share(cluster: Cluster) -> float:
    """The share of SERVFAIL in the answers of the window; 0 when it is small or not known."""
    answers, failures = 0.0, 0.0
    for one in cluster.series_for(FAILURES):
        lately_seen = [value for at, value in one.points if cluster.recent(at)]
        risen = sum(max(after - before, 0) for before, after in itertools.pairwise(lately_seen))
        answers += risen
        failures += risen if one.label("rcode") == "SERVFAIL" else 0
    share = failures / answers if answers else 0.0
    return share if share >= FAILING_SHARE and failures >= FEWEST_FAILURES else 0.0


def _finding(
    cluster: Cluster,
    servers: list[Resource],
    down: list[Resource],
    severity: Severity,
    failing: float,
    unserved: list[Resource],
) -> Finding:
    owner = top_owner(cluster, (down or servers)[0])
    complaint = _complaint(cluster, owner, down)
    said = [complaint.cited] if complaint else []
    evidence = [*(_cited(pod) for pod in down[:2]), *said, *_served(cluster, unserved)]
    evidence += _measured(cluster, failing)
    ready = sum(is_ready(pod) for pod in servers)
    return Finding(
        rule="dns.server_unhealthy",
        severity=severity,
        confidence=Confidence.CERTAIN if down or unserved else Confidence.STRONG,
        resource=owner,
        since=_since(cluster, down) or earliest(evidence),
        evidence=tuple(evidence),
        params={
            "ready": str(ready),
            "total": str(len(servers)),
            "failing": f"{failing:.0%}" if failing else "",
            "line": citing.quoted(complaint.text) if complaint else "",
            "service": ", ".join(one.name for one in unserved),
        },
        affected=tuple(pod.ref for pod in down),
        joins={
            "workload": str(owner),
            "service": ",".join(sorted(key(one.ref) for one in dns_services(cluster))),
        },
    )


def _since(cluster: Cluster, down: list[Resource]) -> datetime | None:
    """When the last of them stopped to answer; a crashing one was ill since its pod was made."""
    times = [moment((pod.condition("Ready") or {}).get("lastTransitionTime")) for pod in down]
    return max((at for at in times if at is not None), default=None)


def _cited(pod: Resource) -> Evidence:
    condition = pod.condition("Ready") or {}
    waiting = next((one.waiting_reason for one in containers(pod) if one.waiting_reason), "")
    said = f"{condition.get('status', 'Unknown')}{f' ({waiting})' if waiting else ''}"
    at = moment(condition.get("lastTransitionTime"))
    return citing.field(pod, ".status.conditions[Ready].status", said, at)


def _complaint(cluster: Cluster, owner: Ref, down: list[Resource]) -> Line | None:
    """The newest line in which a server says what is wrong with its configuration or upstream; of
    one that does not run, else its last words."""
    own = [one for one in speakers(cluster) if top_owner(cluster, one.container.pod) == owner]
    found = [line for speaker in own for line in _complaints(cluster, speaker)]
    dead = [one.container for one in own if one.container.pod in down]
    last = [line for one in dead if (line := final_words(cluster, one)) is not None]
    return found[-1] if found else next(iter(last), None)


def _complaints(cluster: Cluster, speaker: Speaker) -> list[Line]:
    return [
        line
        for line in lately(cluster, speaker.lines)
        if _COMPLAINT.search(line.text) and _BAD.search(line.text)
    ]


def _served(cluster: Cluster, unserved: list[Resource]) -> list[Evidence]:
    slices = [held for one in unserved for held in slices_of(cluster, one)]
    return [citing.field(one, ".endpoints", "none ready") for one in slices[:1]]


def _measured(cluster: Cluster, failing: float) -> list[Evidence]:
    found = [one for one in cluster.series_for(FAILURES) if one.label("rcode") == "SERVFAIL"]
    if not failing or not found:
        return []
    return [citing.series(found[0], f"{failing:.0%} of the answers were SERVFAIL")]
