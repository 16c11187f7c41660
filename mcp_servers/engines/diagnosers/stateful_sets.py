"""StatefulSets that stand still: a Service that is missing, an ordinal or a revision that blocks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.call_failures import may_tell_of_a_failed_call, unresolved_name
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.settling import (
    GRACE,
    desired_replicas,
    is_ready,
    is_terminating,
    is_young,
)
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment
from mcp_servers.facts.nearest import nearest_names

REVISION = "controller-revision-hash"
CANARY_FOR = timedelta(hours=24)
_ORDINAL = re.compile(r"-(\d+)$")

Members = Mapping[int, Resource]


def stateful_sets(cluster: Cluster) -> Iterator[Finding]:
    """`sts.service_missing`, `sts.ordinal_blocked` and `sts.revision_stuck`."""
    owned = pods_by_owner(cluster)
    for stateful in cluster.all("StatefulSet"):
        if is_terminating(stateful) or is_young(cluster, stateful):
            continue
        members = {_ordinal(pod): pod for pod in owned.get(stateful.ref, [])}
        if _service_is_missing(cluster, stateful):
            yield _without_service(cluster, stateful, members)
        if blocking := _blocking_revision(cluster, stateful, members):
            yield _stuck(stateful, blocking)
        elif (ordinal := _blocking_ordinal(cluster, stateful, members)) is not None:
            yield _blocked(stateful, members, ordinal)
        yield from _held_back(cluster, stateful, members)


def _ordinal(pod: Resource) -> int:
    found = _ORDINAL.search(pod.name)
    return int(found.group(1)) if found else -1


def _service_is_missing(cluster: Cluster, stateful: Resource) -> bool:
    """Without a single Service in sight nobody can say that one is missing."""
    name = text(stateful.spec, "serviceName")
    absent = bool(name) and cluster.get(Ref("Service", stateful.namespace, name)) is None
    return absent and bool(cluster.all("Service")) and desired_replicas(stateful) > 0


def _without_service(cluster: Cluster, stateful: Resource, members: Members) -> Finding:
    """A risk while nobody asks for the pods by name; a fault once somebody does."""
    name = text(stateful.spec, "serviceName")
    asked = [one for one in _unknown_names(cluster) if _is_under(name, stateful.namespace, one)]
    services = [one.name for one in cluster.all("Service", stateful.namespace)]
    said = f"{name} (no such Service in {stateful.namespace})"
    return Finding(
        rule="sts.service_missing",
        severity=Severity.HIGH if asked else Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=stateful.ref,
        since=stateful.created_at,
        evidence=(
            citing.field(stateful, ".spec.serviceName", said),
            *(one.line for one in asked[:2]),
        ),
        params={
            "service": name,
            "near": ", ".join(nearest_names(name, services)),
            "hosts": ", ".join(sorted({one.host for one in asked})[:3]),
        },
        affected=tuple(pod.ref for pod in members.values()),
        cause_key=name,
        joins={
            "service": f"{stateful.namespace}/{name}",
            **({"host": ",".join(sorted({one.host for one in asked}))} if asked else {}),
        },
    )


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A host that could not be resolved, and the line that says so."""

    host: str
    namespace: str
    line: Evidence


def _unknown_names(cluster: Cluster) -> list[_Unknown]:
    return cluster.derived("hosts that did not resolve", lambda: list(_unresolved(cluster)))


def _unresolved(cluster: Cluster) -> Iterator[_Unknown]:
    for log in cluster.logs:
        for at, line in log.lines:
            if may_tell_of_a_failed_call(line) and (host := unresolved_name(line)):
                yield _Unknown(host, log.pod.namespace, citing.log_line(log, at, line))


def _is_under(service: str, namespace: str, unknown: _Unknown) -> bool:
    """`web-0.SERVICE`, `SERVICE.namespace.svc…`: asked of this namespace."""
    parts = unknown.host.split(".")
    if service not in parts[:2]:
        return False
    rest = parts[parts.index(service) + 1 :]
    return (rest[0] if rest else unknown.namespace) == namespace


def _in_order(stateful: Resource) -> bool:
    return text(stateful.spec, "podManagementPolicy") != "Parallel"


def _is_broken(cluster: Cluster, pod: Resource) -> bool:
    """Not ready for longer than a pod of a rolling update may be.

    One that crashes is ready for a moment after each start, so its last turn says nothing.
    """
    if is_ready(pod) or is_terminating(pod) or is_young(cluster, pod):
        return False
    if any(one.waiting_reason == "CrashLoopBackOff" for one in containers(pod)):
        return True
    since = _unready_since(pod)
    return since is None or cluster.now - since >= GRACE


def _unready_since(pod: Resource) -> datetime | None:
    return moment((pod.condition("Ready") or {}).get("lastTransitionTime")) or pod.created_at


def _blocking_revision(cluster: Cluster, stateful: Resource, members: Members) -> Resource | None:
    """A broken pod of a revision that is wanted no more, for which the update waits for ever.

    The controller goes on only when every pod is ready; it does not replace a broken one by
    itself, also when the template has long been repaired.
    """
    wanted = text(stateful.status, "updateRevision")
    rolls = text(stateful.spec, "updateStrategy", "type") in ("", "RollingUpdate")
    if not wanted or not rolls or not _in_order(stateful):
        return None
    for ordinal, pod in sorted(members.items()):
        runs = text(pod.labels, REVISION)
        updated = ordinal >= _partition(stateful)
        if runs and runs != wanted and updated and _is_broken(cluster, pod):
            return pod
    return None


def _partition(stateful: Resource) -> int:
    return whole(stateful.spec, "updateStrategy", "rollingUpdate", "partition")


def _stuck(stateful: Resource, pod: Resource) -> Finding:
    runs, wanted = text(pod.labels, REVISION), text(stateful.status, "updateRevision")
    since = _unready_since(pod)
    return Finding(
        rule="sts.revision_stuck",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=stateful.ref,
        since=since,
        evidence=(
            citing.field(pod, f".metadata.labels[{REVISION}]", runs),
            citing.field(stateful, ".status.updateRevision", wanted),
            citing.field(pod, ".status.conditions[Ready].status", "False", since),
        ),
        params={
            "pod": pod.name,
            "runs": runs,
            "wanted": wanted,
            "partition": "",
            "updated": str(whole(stateful.status, "updatedReplicas")),
            "desired": str(desired_replicas(stateful)),
        },
        affected=(pod.ref,),
        cause_key=wanted,
        fix=Fix("fix.evict_pod", pod.ref),
        joins={"pod": key(pod.ref), "revision": runs},
    )


def _held_back(cluster: Cluster, stateful: Resource, members: Members) -> Iterator[Finding]:
    """An update that a partition stopped half-way, a day ago or longer."""
    partition, status = _partition(stateful), stateful.status
    before, after = text(status, "currentRevision"), text(status, "updateRevision")
    if not partition or not before or before == after or partition >= desired_replicas(stateful):
        return
    updated = [pod for pod in members.values() if text(pod.labels, REVISION) == after]
    times = [pod.created_at for pod in updated if pod.created_at]
    since = _partition_set_at(stateful) or min(times, default=None)
    if since is None or cluster.now - since <= CANARY_FOR:
        return
    path = ".spec.updateStrategy.rollingUpdate.partition"
    yield Finding(
        rule="sts.revision_stuck",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=stateful.ref,
        since=since,
        evidence=(
            citing.field(stateful, path, partition, since),
            citing.field(stateful, ".status.updateRevision", f"{after} (current {before})"),
        ),
        params={
            "pod": "",
            "runs": before,
            "wanted": after,
            "partition": str(partition),
            "updated": str(len(updated)),
            "desired": str(desired_replicas(stateful)),
        },
        affected=tuple(pod.ref for pod in members.values() if pod not in updated),
        cause_key=f"partition {partition}",
    )


def _partition_set_at(stateful: Resource) -> datetime | None:
    """When somebody last wrote the update strategy, as managedFields remember it."""
    path = ("fieldsV1", "f:spec", "f:updateStrategy", "f:rollingUpdate")
    writers = rows(stateful.metadata, "managedFields")
    times = [moment(one.get("time")) for one in writers if "f:partition" in section(one, *path)]
    return max((at for at in times if at is not None), default=None)


def _blocking_ordinal(cluster: Cluster, stateful: Resource, members: Members) -> int | None:
    """The lowest ordinal that is not ready while later ones were never made."""
    if not _in_order(stateful):
        return None
    first = whole(stateful.spec, "ordinals", "start")
    wanted = range(first, first + desired_replicas(stateful))
    lowest = next((n for n in wanted if n not in members or not is_ready(members[n])), None)
    if lowest is None or not any(n not in members for n in wanted if n > lowest):
        return None
    pod = members.get(lowest)
    return lowest if pod is None or _is_broken(cluster, pod) else None


def _blocked(stateful: Resource, members: Members, ordinal: int) -> Finding:
    first = whole(stateful.spec, "ordinals", "start")
    wanted = range(first, first + desired_replicas(stateful))
    missing = [f"{stateful.name}-{n}" for n in wanted if n > ordinal and n not in members]
    pod, name = members.get(ordinal), f"{stateful.name}-{ordinal}"
    ready = whole(stateful.status, "readyReplicas")
    return Finding(
        rule="sts.ordinal_blocked",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=stateful.ref,
        since=_unready_since(pod) if pod else stateful.created_at,
        evidence=(
            *([_unready(pod)] if pod else []),
            citing.field(stateful, ".status.readyReplicas", f"{ready} of {len(wanted)} wanted"),
            citing.field(stateful, ".spec.podManagementPolicy", "OrderedReady"),
        ),
        params={
            "pod": name,
            "state": "" if pod else "absent",
            "missing": ", ".join(missing[:5]),
            "ready": str(ready),
            "desired": str(len(wanted)),
        },
        affected=(pod.ref,) if pod else (),
        joins={
            "pod": f"{stateful.namespace}/{name}",
            "claim": ",".join(f"{stateful.namespace}/{one}" for one in _claims(stateful, ordinal)),
        },
    )


def _claims(stateful: Resource, ordinal: int) -> list[str]:
    """The claims that the controller makes for this ordinal, whether or not its pod is there."""
    made = rows(stateful.spec, "volumeClaimTemplates")
    return [f"{text(one, 'metadata', 'name')}-{stateful.name}-{ordinal}" for one in made]


def _unready(pod: Resource) -> Evidence:
    condition: Json = pod.condition("Ready") or {}
    said = f"{condition.get('status')} ({text(condition, 'reason')})"
    return citing.field(pod, ".status.conditions[Ready]", said, _unready_since(pod))
