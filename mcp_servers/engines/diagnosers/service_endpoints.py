"""A Service whose pods exist but do not, or not all, take traffic."""

from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.endpoints import is_by_hand, ready_pods, selected_pods, slices_of
from mcp_servers.engines.ownership import top_owner, workload_of
from mcp_servers.engines.settling import is_young, rolling
from mcp_servers.engines.starting import may_still_start
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

POD_LINES = 3


def service_endpoints(cluster: Cluster) -> Iterator[Finding]:
    """`service.endpoints_not_ready` (none is ready) and `service.endpoints_partial` (some)."""
    for service in cluster.all("Service"):
        if is_by_hand(service) or service.spec.get("publishNotReadyAddresses") is True:
            continue
        pods = selected_pods(cluster, service)
        ready, from_slices = ready_pods(cluster, service)
        unready = [pod for pod in pods if pod.ref not in ready]
        settled = [
            pod
            for pod in unready
            if not is_young(cluster, pod) and not may_still_start(cluster, pod)
        ]
        if settled and (not ready or not _is_rolling(cluster, settled)):
            yield _finding(cluster, service, len(ready), len(pods), settled, sure=from_slices)


def _is_rolling(cluster: Cluster, pods: list[Resource]) -> bool:
    makers = [workload_of(cluster, pod) for pod in pods]
    return any(
        one is not None and one.kind == "Deployment" and rolling(cluster, one) for one in makers
    )


def _finding(
    cluster: Cluster,
    service: Resource,
    ready: int,
    total: int,
    unready: list[Resource],
    *,
    sure: bool,
) -> Finding:
    owners = sorted({top_owner(cluster, pod) for pod in unready})
    since = [at for pod in unready if (at := moment(_ready(pod).get("lastTransitionTime")))]
    return Finding(
        rule="service.endpoints_partial" if ready else "service.endpoints_not_ready",
        severity=Severity.MEDIUM if ready else Severity.CRITICAL,
        confidence=Confidence.CERTAIN if sure else Confidence.STRONG,
        resource=service.ref,
        since=min(since, default=None) if ready else max(since, default=None),
        evidence=(*_slices(cluster, service, ready, total), *_pods(unready)),
        params={
            "ready": str(ready),
            "total": str(total),
            "pods": ", ".join(pod.name for pod in unready[:POD_LINES]),
            "workload": ", ".join(f"{owner.kind} {owner.name}" for owner in owners),
        },
        affected=tuple(pod.ref for pod in unready),
        joins={
            "service": key(service.ref),
            "workload": ",".join(str(owner) for owner in owners),
            "node": ",".join(sorted({_node(pod) for pod in unready} - {""})),
        },
    )


def _ready(pod: Resource) -> dict[str, str]:
    return pod.condition("Ready") or {}


def _node(pod: Resource) -> str:
    return str(pod.spec.get("nodeName") or "")


def _slices(cluster: Cluster, service: Resource, ready: int, total: int) -> list[Evidence]:
    slices = slices_of(cluster, service)
    if not slices:
        return [citing.field(service, ".spec.selector", f"{ready} of {total} matching pods ready")]
    said = f"{ready} of {total} ready"
    return [citing.field(one, ".endpoints[].conditions.ready", said) for one in slices[:1]]


def _pods(unready: list[Resource]) -> list[Evidence]:
    lines: list[Evidence] = []
    for pod in unready[:POD_LINES]:
        condition = _ready(pod)
        said = condition.get("message") or condition.get("reason") or ""
        value = f"{condition.get('status', 'Unknown')}{f' ({said})' if said else ''}"
        path = ".status.conditions[Ready].status"
        lines.append(citing.field(pod, path, value, moment(condition.get("lastTransitionTime"))))
    return lines
