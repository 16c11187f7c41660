"""Which containers' logs are worth reading: the broken first, then one of each neighbour."""

from collections.abc import Iterator

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

# Each log costs a request of some milliseconds; beyond this a person waits.
AT_MOST = 60

Wanted = tuple[Resource, str, bool]  # pod, container, previous instance


def containers_worth_reading(
    cluster: Cluster, *, near: str = "", at_most: int = AT_MOST
) -> list[Wanted]:
    """(pod, container, previous) in the order of how much they may tell, the asked namespace first.

    Every container that restarted or is not ready is read, both instances where there are two;
    of healthy workloads one pod each, because callers log what they cannot reach. Where there is
    time left, the other pods of the asked namespace: one of several may be alone in its trouble.
    """
    pods = sorted(cluster.all("Pod"), key=lambda pod: (pod.namespace != near, pod.ref))
    broken = [pod for pod in pods if is_suspect(pod)]
    owners = {top_owner(cluster, pod) for pod in broken}
    healthy = list(_one_each(cluster, [pod for pod in pods if not is_suspect(pod)], owners))
    wanted = [one for pod in (*broken, *healthy) for one in _logs_of(pod)]
    read = {one.ref for one in (*broken, *healthy)}
    others = [pod for pod in pods if near and pod.namespace == near and pod.ref not in read]
    left = [one for pod in others if not _is_done(pod) for one in _logs_of(pod)]
    return [*sorted(wanted, key=lambda one: one[0].namespace != near), *left][:at_most]


def _is_done(pod: Resource) -> bool:
    return pod.status.get("phase") == "Succeeded"


def _one_each(cluster: Cluster, pods: list[Resource], known: set[Ref]) -> Iterator[Resource]:
    seen = set(known)
    for pod in pods:
        owner = top_owner(cluster, pod)
        if owner not in seen:
            seen.add(owner)
            yield pod


def is_suspect(pod: Resource) -> bool:
    """Whether a container of it restarted or is not ready."""
    if _is_done(pod):
        return False
    return any(
        not status.get("ready") or _restarted(status)
        for status in rows(pod.status, "containerStatuses")
    )


def _logs_of(pod: Resource) -> Iterator[Wanted]:
    for status in _statuses(pod):
        if not section(status, "state", "waiting") or _restarted(status):
            yield pod, text(status, "name"), False
        if _restarted(status):
            yield pod, text(status, "name"), True


def _statuses(pod: Resource) -> list[Json]:
    return [*rows(pod.status, "initContainerStatuses"), *rows(pod.status, "containerStatuses")]


def _restarted(status: Json) -> bool:
    return bool(section(status, "lastState", "terminated"))
