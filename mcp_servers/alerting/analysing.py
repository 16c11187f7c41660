"""Alerts that arrive are put together to be investigated; nobody's page waits for that."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.flags import Decision, Flag, decided, weaker
from core.storage.alert_records import EpisodeRow, StepRow
from core.storage.job_records import JobRow
from mcp_servers.alerting.policies import switch_of
from mcp_servers.engines.alert_analysis import analysis_group, is_analysed, urgency
from mcp_servers.engines.alert_grouping import muting
from mcp_servers.engines.alert_routing import routes_for
from mcp_servers.facts.alert_policies import Policy

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

KIND = "analysis"
GATEWAY = "midwatch:gateway"


@dataclass
class Asked:
    """What was read already in a transaction that several requests share."""

    jobs: dict[str, JobRow] = field(default_factory=dict[str, JobRow])
    flags: Mapping[str, Flag] | None = None


@dataclass
class Analysing:
    """What one request adds: steps for the records, and the analysis that each alert belongs to."""

    tables: "AlertTables"
    policy: Policy
    now: datetime
    asked: Asked = field(default_factory=Asked)
    steps: list[StepRow] = field(default_factory=list[StepRow])
    joined: dict[str, JobRow] = field(default_factory=dict[str, JobRow])

    async def add(self, rows: Sequence[EpisodeRow], firing: Sequence[Mapping[str, str]]) -> None:
        """`rows` began to fire just now; `firing` are the labels of all that fires."""
        if self.policy.switches.analysis == "off":
            return
        together: dict[str, list[EpisodeRow]] = defaultdict(list)
        for row in rows:
            if is_analysed(self.policy.analysis, row.labels) and self._is_heard(row, firing):
                together[analysis_group(self.policy.analysis, row.labels)].append(row)
        flags = await self._flags() if together else dict[str, Flag]()
        for group, members in together.items():
            decision = decided(flags, KIND, group, members[0].labels)
            state = weaker(switch_of(self.policy, "analysis"), decision.state)
            if state == "off":
                self._leave(members, decision)
            else:
                await self._join(group, members, tells=state == "on")

    async def _flags(self) -> Mapping[str, Flag]:
        if self.asked.flags is None:
            self.asked.flags = await self.tables.flags.by_name()
        return self.asked.flags

    def _leave(self, rows: Sequence[EpisodeRow], decision: Decision) -> None:
        """Noted where a flag is what keeps it from being looked into."""
        if decision.state == "off":
            detail = {"flag": KIND, "why": decision.why}
            self.steps += [StepRow(row.id, self.now, "analysis", "off", detail) for row in rows]

    def _is_heard(self, row: EpisodeRow, firing: Sequence[Mapping[str, str]]) -> bool:
        """What nobody is told of, because something keeps it quiet, is not investigated either."""
        return any(
            muting(self.policy, route, row.labels, firing, self.now).tell
            for route in routes_for(self.policy.root, row.labels)
        )

    async def _join(self, group: str, rows: Sequence[EpisodeRow], *, tells: bool) -> None:
        job, outcome = await self._job(group), "joined"
        if job is None:
            outcome = "queued"
            job = self._new(group, rows, tells=tells)
            await self.tables.jobs.put([job])
        elif job.state == "waiting" and job.priority > _urgency(rows):
            job = replace(job, priority=_urgency(rows))
            await self.tables.jobs.hurry(job.id, job.priority)
        self.asked.jobs[group] = job
        detail: dict[str, Any] = {"analysis": job.id}
        for row in rows:
            self.joined[row.id] = job
            self.steps.append(StepRow(row.id, self.now, "analysis", outcome, detail))

    async def _job(self, group: str) -> JobRow | None:
        """The one that answers for the group: not yet ended, or ended within the cool-down."""
        latest = self.asked.jobs.get(group) or await self.tables.jobs.last(KIND, group)
        if latest is None:
            return None
        ended = latest.finished_at
        over = ended is not None and self.now - ended >= self.policy.analysis.cool_down
        return None if over else latest

    def _new(self, group: str, rows: Sequence[EpisodeRow], *, tells: bool) -> JobRow:
        return new_job(
            group,
            mark=f"{group} {self.now.isoformat()}",
            by=GATEWAY,
            now=self.now,
            run_after=self.now + self.policy.analysis.wait,
            priority=_urgency(rows),
            tells=tells,
        )


def new_job(
    group: str,
    *,
    mark: str,
    by: str,
    now: datetime,
    run_after: datetime,
    priority: int,
    tells: bool,
) -> JobRow:
    """`tells`: what is found is told where the alerts were told."""
    return JobRow.of(
        KIND,
        mark,
        {"tells": tells},
        by=by,
        now=now,
        run_after=run_after,
        about=group,
        priority=priority,
    )


def _urgency(rows: Sequence[EpisodeRow]) -> int:
    return urgency(str(row.labels.get("severity", "")) for row in rows)
