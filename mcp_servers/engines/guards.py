"""What a change may touch, how often, and who may decide about it. Each answers None, or why not."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from mcp_servers.engines.fields import has, section, text
from mcp_servers.engines.namespaces import SYSTEM
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.fixes import Level, Plan, Step, Verb, Write
from mcp_servers.facts.guards import Asked, Grant, Past, Policy, Refusal, Size
from mcp_servers.facts.kubernetes import Cluster, Json

# The parts of each kind that may ever be written; whatever is not here is left to people.
WRITABLE: dict[str, frozenset[str]] = {
    "Deployment": frozenset({"spec"}),
    "StatefulSet": frozenset({"spec"}),
    "DaemonSet": frozenset({"spec"}),
    "CronJob": frozenset({"spec"}),
    "Job": frozenset({"spec"}),
    "Service": frozenset({"spec"}),
    "HorizontalPodAutoscaler": frozenset({"spec"}),
    "PersistentVolumeClaim": frozenset({"spec.resources"}),
    "Node": frozenset({"spec.unschedulable"}),
    "PrometheusRule": frozenset({"spec.groups", "metadata.labels", "metadata.annotations"}),
    "Pod": frozenset(),  # only the Eviction API
}
CREATABLE = frozenset({"Job", "PrometheusRule"})
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
UNDONE = frozenset({"failed", "rolled_back", "unknown"})
HOUR = timedelta(hours=1)


def out_of_bounds(plan: Plan, cluster: Cluster, policy: Policy) -> Refusal | None:
    """Whether a plan touches what it may not, or more than it may."""
    refusals = (
        never(plan, plan.base, policy),
        *(_step_refusal(step, policy) for step in plan.steps),
        _over_budget(plan, cluster, policy),
    )
    return next((one for one in refusals if one), None)


def never(plan: Plan, level: Level, policy: Policy) -> Refusal | None:
    """Whether the policy never wants this; `level` is the base risk, or what it came out as."""
    namespace = plan.target.namespace
    if any(_covers(one, plan.fix, namespace, level, None) for one in policy.never):
        return Refusal("never", {"fix": plan.fix, "namespace": namespace})
    return None


def size(plan: Plan, cluster: Cluster) -> Size:
    """How much a plan writes, touches and restarts."""
    pods = sum(_pods_touched(step.write, cluster) for step in plan.steps)
    return Size(len(plan.steps), len({step.write.target for step in plan.steps}), pods)


def too_soon(
    plan: Plan,
    fingerprint: str,
    wanted: Size,
    past: Sequence[Past],
    now: datetime,
    policy: Policy,
    *,
    who: str = "",
) -> Refusal | None:
    """Whether the object, the hour, or the hour of who carries it out has had enough.

    `past` is in any order.
    """
    limits = policy.limits
    here = [one for one in past if one.target == plan.target]
    for one in here:
        if (
            one.status == "rolled_back"
            and not one.asked_back
            and _since(one, now) < limits.after_rollback
        ):
            minutes = f"{limits.after_rollback.total_seconds() / 60:g}"
            return Refusal("after_rollback", {"object": str(plan.target), "minutes": minutes})
    same = [
        one
        for one in here
        if one.fix == plan.fix
        and one.fingerprint == fingerprint
        and now - one.started_at < limits.repeats_within
    ]
    if len(same) >= limits.repeats:
        return Refusal("repeated", {"object": str(plan.target), "count": str(len(same))})
    lately = [one for one in past if now - one.started_at < HOUR]
    for name, most in (
        ("writes", limits.writes_per_hour),
        ("objects", limits.objects_per_hour),
        ("pods", limits.pods_per_hour),
    ):
        spent = sum(int(getattr(one, name)) for one in lately)
        more = int(getattr(wanted, name))
        if more and spent + more > most:
            told = {"spent": str(spent), "more": str(more), "most": str(most)}
            return Refusal(f"{name}_per_hour", told)
    return _own_share(plan, wanted, [one for one in lately if one.by == who], who, policy)


def _own_share(
    plan: Plan, wanted: Size, theirs: Sequence[Past], who: str, policy: Policy
) -> Refusal | None:
    share = policy.share_of(who)
    for name in ("writes", "objects", "pods"):
        most, more = getattr(share, f"{name}_per_hour"), int(getattr(wanted, name))
        spent = sum(int(getattr(one, name)) for one in theirs)
        if most is not None and more and spent + more > most:
            return _spent(f"own_{name}", who, spent, more, most)
    before = {one.target.namespace for one in theirs if one.target.namespace}
    new = {step.write.target.namespace for step in plan.steps} - before - {""}
    most = share.namespaces_per_hour
    if most is not None and new and len(before) + len(new) > most:
        return _spent("own_namespaces", who, len(before), len(new), most)
    return None


def _spent(key: str, who: str, spent: int, more: int, most: int) -> Refusal:
    told = {"who": who, "spent": str(spent), "more": str(more), "most": str(most)}
    return Refusal(key, told)


def api_failing(calls: Sequence[Asked], now: datetime, policy: Policy) -> Refusal | None:
    """Whether the API server leaves too many requests of changes without an answer."""
    limits = policy.limits
    lately = [one for one in calls if now - one.at < limits.api_errors_within]
    failed = sum(not one.answered for one in lately)
    if len(lately) < limits.api_errors_of_at_least:
        return None
    if failed <= limits.api_error_share * len(lately):
        return None
    return Refusal("api_errors", {"failed": str(failed), "count": str(len(lately))})


def should_stop(
    past: Sequence[Past], resumed_at: datetime | None, policy: Policy
) -> Refusal | None:
    """Whether the changes since writing was last resumed went wrong too often. Latest first."""
    ended = sorted(
        (
            one
            for one in past
            if one.finished_at and (resumed_at is None or one.finished_at > resumed_at)
        ),
        key=lambda one: one.finished_at or one.started_at,
        reverse=True,
    )
    in_a_row = 0
    while in_a_row < len(ended) and _went_wrong(ended[in_a_row]):
        in_a_row += 1
    if in_a_row >= policy.limits.failures_in_a_row:
        return Refusal("failed_in_a_row", {"count": str(in_a_row)})
    latest = ended[0].finished_at if ended else None
    failed = [
        one
        for one in ended
        if _went_wrong(one) and latest and one.finished_at and latest - one.finished_at < HOUR
    ]
    if len(failed) >= policy.limits.failures_per_hour:
        return Refusal("failed_in_an_hour", {"count": str(len(failed))})
    return None


def approvals_needed(level: Level) -> int:
    """How many people must say yes."""
    return 2 if level is Level.CRITICAL else 1


def names_typed(level: Level) -> bool:
    """Whether an approver has to type the name of what is changed."""
    return level.weight >= Level.HIGH.weight


def own_approval(requester: str, approver: str, level: Level, policy: Policy) -> Refusal | None:
    """Whether somebody may approve what they asked for themselves."""
    if requester != approver:
        return None
    if policy.own is not None and level.weight <= policy.own.weight:
        return None
    return Refusal("own_approval", {"level": level.value})


def unattended(fix: str, namespace: str, level: Level, now: datetime, policy: Policy) -> bool:
    """Whether policy lets a change go without a person; high risk never does."""
    if level.weight >= Level.HIGH.weight:
        return False
    return any(_covers(one, fix, namespace, level, now) for one in policy.unattended)


def paths(body: Json, under: str = "") -> Iterator[str]:
    """The dotted paths of all that a patch sets; a list counts as one value."""
    for key, value in body.items():
        path = f"{under}.{key}" if under else key
        if isinstance(value, dict) and value:
            yield from paths(cast("Json", value), path)
        else:
            yield path


def _covers(grant: Grant, fix: str, namespace: str, level: Level, now: datetime | None) -> bool:
    hours = grant.hours
    in_time = hours is None or now is None or _between(hours, now.hour)
    return (
        in_time
        and (not grant.fixes or fix in grant.fixes)
        and (not grant.namespaces or namespace in grant.namespaces)
        and (not grant.levels or level in grant.levels)
    )


def _between(hours: tuple[int, int], hour: int) -> bool:
    """From the first hour up to the second, over midnight where that is the smaller."""
    start, end = hours
    return start <= hour < end if start <= end else hour >= start or hour < end


def _step_refusal(step: Step, policy: Policy) -> Refusal | None:
    writes = [step.write, *([step.inverse] if step.inverse else [])]
    refusals = [_write_refusal(one, policy) for one in writes]
    if step.write.verb is Verb.DELETE:
        refusals.append(Refusal("kind_protected", {"kind": step.write.target.kind}))
    return next((one for one in refusals if one), None)


def _write_refusal(write: Write, policy: Policy) -> Refusal | None:
    namespace, kind = write.target.namespace, write.target.kind
    if namespace in SYSTEM or namespace in policy.protected:
        return Refusal("namespace_protected", {"namespace": namespace})
    if namespace and policy.allowed and namespace not in policy.allowed:
        return Refusal("namespace_not_allowed", {"namespace": namespace})
    if kind not in WRITABLE or (write.verb is Verb.CREATE and kind not in CREATABLE):
        return Refusal("kind_protected", {"kind": kind})
    if write.verb in (Verb.EVICT, Verb.CREATE, Verb.DELETE, Verb.SCALE):
        fits = write.verb is not Verb.EVICT or kind == "Pod"
        return None if fits else Refusal("kind_protected", {"kind": kind})
    for path in paths(write.body):
        if not _may_set(path, kind):
            return Refusal("field_protected", {"kind": kind, "path": path})
    return None


def _may_set(path: str, kind: str) -> bool:
    if path in ("apiVersion", "kind", "metadata.name", "metadata.namespace"):
        return True
    return any(path == part or path.startswith(f"{part}.") for part in WRITABLE[kind])


def _over_budget(plan: Plan, cluster: Cluster, policy: Policy) -> Refusal | None:
    limits = policy.limits
    targets = {step.write.target for step in plan.steps}
    if len(targets) > limits.objects:
        return Refusal("objects", {"count": str(len(targets)), "most": str(limits.objects)})
    namespaces = {one.namespace for one in targets if one.namespace}
    if len(namespaces) > limits.namespaces:
        return Refusal("namespaces", {"count": str(len(namespaces))})
    pods = size(plan, cluster).pods
    if pods > limits.pods:
        return Refusal("pods", {"count": str(pods), "most": str(limits.pods)})
    return next((one for step in plan.steps if (one := _grows(step.write, cluster, policy))), None)


def _pods_touched(write: Write, cluster: Cluster) -> int:
    live = cluster.get(write.target)
    if write.verb is Verb.EVICT:
        return 1
    if live is None or write.target.kind not in WORKLOADS:
        return 0
    wanted = _replicas(write)
    if wanted is not None:
        return abs(wanted - desired_replicas(live))
    if not has(section(write.body, "spec"), "template"):
        return 0
    if write.target.kind == "DaemonSet":
        return int(live.status.get("desiredNumberScheduled") or 0)
    return desired_replicas(live)


def _grows(write: Write, cluster: Cluster, policy: Policy) -> Refusal | None:
    """Replicas may be doubled, or five added, whichever is more."""
    wanted, live = _replicas(write), cluster.get(write.target)
    if wanted is None or live is None:
        return None
    limits, now = policy.limits, desired_replicas(live)
    most = max(int(now * limits.replica_factor), now + limits.replica_delta)
    if wanted <= most:
        return None
    return Refusal("replicas", {"count": str(wanted), "now": str(now), "most": str(most)})


def _replicas(write: Write) -> int | None:
    spec = section(write.body, "spec")
    if write.verb not in (Verb.SCALE, Verb.STRATEGIC, Verb.MERGE) or not has(spec, "replicas"):
        return None
    told = text(spec, "replicas")
    return int(told) if told.isdecimal() else None


def _went_wrong(one: Past) -> bool:
    return one.status in UNDONE and not one.asked_back


def _since(one: Past, now: datetime) -> timedelta:
    return now - (one.finished_at or one.started_at)
