"""CronJobs that will not run: a schedule nobody can read, or a suspension."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.cron_schedules import MACROS, RANGES, longest_gap
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.settling import suspension_is_meant
from mcp_servers.engines.stamps import last_writer
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

SUSPENDED_TOO_LONG = timedelta(hours=24)
UNKNOWN_ZONE = "UnknownTimeZone"
_NAMES = re.compile(
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat", re.IGNORECASE
)
_ENTRY = re.compile(r"(\*|\?|\d{1,2}(?:-\d{1,2})?)(?:/(\d{1,3}))?$")


def cron_jobs(cluster: Cluster) -> Iterator[Finding]:
    """`cron.invalid`, and `cron.suspended` as context: a suspension may well be meant."""
    for cron in cluster.all("CronJob"):
        if wrong := _wrong_field(cluster, cron):
            yield _finding(cron, "cron.invalid", Severity.HIGH, wrong, _said(cluster, cron))
        elif cron.spec.get("suspend") is True:
            yield from _suspended(cluster, cron)


def _wrong_field(cluster: Cluster, cron: Resource) -> str:
    """The zones that a controller knows are its own: that it does not know one, its event says, for
    as long as that zone is the one that is written."""
    zone = text(cron.spec, "timeZone")
    if zone and any(zone in one.message for one in cluster.events_about(cron, UNKNOWN_ZONE)):
        return f".spec.timeZone = {zone!r}"
    schedule = text(cron.spec, "schedule")
    if not _is_schedule(schedule):
        return f".spec.schedule = {schedule!r}"
    deadline = whole(cron.spec, "startingDeadlineSeconds")
    return f".spec.startingDeadlineSeconds = {deadline}" if deadline < 0 else ""


def _is_schedule(schedule: str) -> bool:
    plain = re.sub(r"^(?:CRON_)?TZ=\S+\s+", "", schedule.strip())
    if plain in MACROS or plain.startswith("@every "):
        return True
    fields = plain.split()
    return len(fields) == len(RANGES) and all(
        _is_field(field, *bounds) for field, bounds in zip(fields, RANGES, strict=True)
    )


def _is_field(field: str, least: int, most: int) -> bool:
    named = _NAMES.sub("1", field)
    for entry in named.split(","):
        match = _ENTRY.match(entry)
        if match is None or match.group(2) == "0":
            return False
        numbers = [int(one) for one in re.findall(r"\d+", match.group(1))]
        if any(not least <= one <= most for one in numbers) or numbers != sorted(numbers):
            return False
    return True


def _said(cluster: Cluster, cron: Resource) -> list[Evidence]:
    reasons = (
        "UnparseableCronJobSchedule",
        "UnparseableSchedule",
        "UnparsableSchedule",
        "InvalidSchedule",
        UNKNOWN_ZONE,
    )
    return citing.events(cluster.events_about(cron, *reasons), at_most=1)


def _suspended(cluster: Cluster, cron: Resource) -> Iterator[Finding]:
    since, by = last_writer(cron, "f:suspend")
    last = moment(cron.status.get("lastScheduleTime"))
    quiet_since = since or last or cron.created_at
    if suspension_is_meant(cron) or (
        quiet_since and cluster.now - quiet_since < SUSPENDED_TOO_LONG
    ):
        return
    said = f"true since {citing.clock(since)}" if since else "true"
    every = longest_gap(text(cron.spec, "schedule"))
    missed = last is not None and (every is None or cluster.now - last > every)
    ran = [citing.field(cron, ".status.lastScheduleTime", citing.clock(last), last)] if last else []
    evidence = [citing.field(cron, ".spec.suspend", said, since), *ran]
    told = _finding(cron, "cron.suspended", Severity.INFO, "", evidence, since=since, by=by)
    yield replace(told, joins={"missed_by": key(cron.ref)} if missed else {})


def _finding(
    cron: Resource,
    rule: str,
    severity: Severity,
    wrong: str,
    evidence: list[Evidence],
    *,
    since: datetime | None = None,
    by: str = "",
) -> Finding:
    schedule = text(cron.spec, "schedule")
    zone = text(cron.spec, "timeZone")
    cited = [citing.field(cron, ".spec.schedule", schedule)]
    cited += [citing.field(cron, ".spec.timeZone", zone)] if zone and "timeZone" in wrong else []
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=cron.ref,
        since=since,
        evidence=(*evidence, *cited),
        params={
            "schedule": schedule,
            "wrong": wrong,
            "by": by,
            "since_at": citing.clock(since),
            "last_run": citing.clock(moment(cron.status.get("lastScheduleTime"))),
        },
        fix=Fix("fix.cron", cron.ref),
    )
