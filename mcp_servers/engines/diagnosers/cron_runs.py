"""CronJobs whose runs do not come, and whose runs pile up."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.cron_schedules import longest_gap
from mcp_servers.engines.fields import has, rows, section, text, whole
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment, refs

# The slot that is due, and two before it: fewer may be a controller that restarts.
MISSED_AT_LEAST = 3
# The controller looks every ten seconds; a deadline below that can pass between two looks.
CONTROLLER_LOOKS_EVERY_S = 10
PILED_UP = 3
TOO_MANY = ("TooManyMissedTimes", "MissSchedule", "FailedNeedsStart")


def cron_runs(cluster: Cluster) -> Iterator[Finding]:
    """`cron.missed` and `cron.overlap`; a suspended CronJob is told elsewhere."""
    jobs = _jobs_by_owner(cluster)
    for cron in cluster.all("CronJob"):
        gap = longest_gap(text(cron.spec, "schedule"))
        if gap is None or cron.spec.get("suspend") is True or is_terminating(cron):
            continue
        made = jobs.get(cron.ref, [])
        yield from _missed(cluster, cron, gap, made)
        yield from _overlap(cluster, cron, gap, made)


def _jobs_by_owner(cluster: Cluster) -> dict[Ref, list[Resource]]:
    found: dict[Ref, list[Resource]] = {}
    for job in cluster.all("Job"):
        for above in owner_chain(cluster, job)[:1]:
            found.setdefault(above, []).append(job)
    return found


def _missed(
    cluster: Cluster, cron: Resource, gap: timedelta, jobs: Sequence[Resource]
) -> Iterator[Finding]:
    """Counted in whole gaps of the schedule since it last ran, was made, or was changed.

    One that came without any status says nothing about its runs.
    """
    last = moment(cron.status.get("lastScheduleTime"))
    times = (last, cron.created_at, _changed_at(cron), *(one.created_at for one in jobs))
    known = [at for at in times if at is not None]
    if not known or "status" not in cron.raw:
        return
    missed = int((cluster.now - max(known)) / gap)
    deadline_s = whole(cron.spec, "startingDeadlineSeconds", default=CONTROLLER_LOOKS_EVERY_S)
    if missed >= MISSED_AT_LEAST:
        yield _unrun(cluster, cron, Severity.HIGH, missed, max(known) + gap)
    elif 0 <= deadline_s < CONTROLLER_LOOKS_EVERY_S:
        yield _unrun(cluster, cron, Severity.LOW, 0, None)


def _changed_at(cron: Resource) -> datetime | None:
    """When its spec was last written: before that another schedule held, or a suspension."""
    writers = rows(cron.metadata, "managedFields")
    times = [moment(one.get("time")) for one in writers if has(section(one, "fieldsV1"), "f:spec")]
    return max((at for at in times if at is not None), default=None)


def _unrun(
    cluster: Cluster, cron: Resource, severity: Severity, missed: int, since: datetime | None
) -> Finding:
    last = moment(cron.status.get("lastScheduleTime"))
    deadline_s = text(cron.spec, "startingDeadlineSeconds")
    short = bool(deadline_s) and whole(cron.spec, "startingDeadlineSeconds") < (
        CONTROLLER_LOOKS_EVERY_S
    )
    ran = citing.clock(last) if last else "never"
    deadline = [citing.field(cron, ".spec.startingDeadlineSeconds", deadline_s)] if short else []
    return Finding(
        rule="cron.missed",
        severity=severity,
        confidence=Confidence.CERTAIN if missed else Confidence.INFERRED,
        resource=cron.ref,
        since=since,
        evidence=(
            citing.field(cron, ".status.lastScheduleTime", ran, last),
            citing.field(cron, ".spec.schedule", text(cron.spec, "schedule")),
            *deadline,
            *citing.events(cluster.events_about(cron, *TOO_MANY), at_most=1),
        ),
        params={
            "schedule": text(cron.spec, "schedule"),
            "last_run": citing.clock(last),
            "count": str(missed) if missed else "",
            "deadline_s": deadline_s if short else "",
        },
        cause_key="missed" if missed else "deadline",
    )


def _overlap(
    cluster: Cluster, cron: Resource, gap: timedelta, jobs: Sequence[Resource]
) -> Iterator[Finding]:
    policy = text(cron.spec, "concurrencyPolicy") or "Allow"
    active = sorted((one for one in jobs if _is_active(one)), key=_began)
    if not active:
        return
    oldest = active[0]
    age = cluster.now - (_started(oldest) or cluster.now)
    if policy == "Forbid" and age > gap:
        yield _piled_up(cron, policy, active, (_started(oldest) or cluster.now) + gap)
    elif policy == "Allow" and len(active) >= PILED_UP:
        yield _piled_up(cron, policy, active, _started(active[PILED_UP - 1]))


def _is_active(job: Resource) -> bool:
    ended = any((job.condition(kind) or {}).get("status") == "True" for kind in ENDS)
    suspended = job.spec.get("suspend") is True
    return whole(job.status, "active") > 0 and not ended and not suspended


ENDS = ("Complete", "SuccessCriteriaMet", "Failed", "FailureTarget")


def _started(job: Resource) -> datetime | None:
    return moment(job.status.get("startTime")) or job.created_at


def _began(job: Resource) -> tuple[str, str]:
    return citing.clock(_started(job)), job.name


def _piled_up(
    cron: Resource, policy: str, active: Sequence[Resource], since: datetime | None
) -> Finding:
    cited: list[Evidence] = [
        citing.field(one, ".status.startTime", citing.clock(_started(one)), _started(one))
        for one in active[:3]
    ]
    return Finding(
        rule="cron.overlap",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=cron.ref,
        since=since,
        evidence=(
            *cited,
            citing.field(cron, ".spec.concurrencyPolicy", policy),
            citing.field(cron, ".spec.schedule", text(cron.spec, "schedule")),
        ),
        params={
            "schedule": text(cron.spec, "schedule"),
            "policy": policy,
            "count": str(len(active)),
            "jobs": ", ".join(one.name for one in active[:3]),
            "started_at": citing.clock(_started(active[0])),
            "waits": policy if policy == "Forbid" else "",
        },
        affected=refs(active),
        joins={"job": ",".join(sorted(key(one.ref) for one in active))},
    )
