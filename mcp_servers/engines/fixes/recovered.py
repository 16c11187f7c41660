"""Whether what a failed run could not reach has come back since."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from mcp_servers.engines.call_failures import kind_of_failure, targets
from mcp_servers.engines.endpoints import Addresses, ready_pods, selected_pods
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment

# Nobody listened, so that nothing of the run was done there; a connection that broke is another thing.
_NOBODY_LISTENED = re.compile(
    r"connection (?:to \S{1,80} )?(?:was )?refused|ECONNREFUSED|连接(?:被|遭到?)?拒绝|拒绝连接",
    re.IGNORECASE,
)


def come_back(cluster: Cluster, failed: Resource) -> list[Ref]:
    """The Services whose refusals made a Job fail and whose pods all became ready after it had;
    none unless that is so of every failed call in its logs."""
    ended = moment((failed.condition("Failed") or {}).get("lastTransitionTime"))
    calls = list(_failed_calls(cluster, failed))
    if ended is None or not calls:
        return []
    addresses = Addresses(cluster)
    found: dict[Ref, None] = {}
    for line in calls:
        hosts = targets(line) if _NOBODY_LISTENED.search(line) else []
        services = [addresses.service(one.host, seen_from=failed.namespace) for one in hosts]
        if not services:
            return []
        for service in services:
            if service is None or not _ready_since(cluster, service, ended):
                return []
            found[service.ref] = None
    return list(found)


def _failed_calls(cluster: Cluster, failed: Resource) -> Iterator[str]:
    pods = {one.ref for one in cluster.all("Pod", failed.namespace)
            if failed.ref in owner_chain(cluster, one)}  # fmt: skip
    for log in cluster.logs:
        if log.pod in pods:
            yield from (line for _, line in log.lines if kind_of_failure(line))


def _ready_since(cluster: Cluster, service: Resource, ended: datetime) -> bool:
    ready, _ = ready_pods(cluster, service)
    pods = selected_pods(cluster, service)
    return bool(pods) and all(one.ref in ready and _became_ready(one) > ended for one in pods)


def _became_ready(pod: Resource) -> datetime:
    since = moment((pod.condition("Ready") or {}).get("lastTransitionTime"))
    return since or datetime.min.replace(tzinfo=UTC)
