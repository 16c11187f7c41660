"""Analyses of alerts: listed, shown, started by hand, cancelled, made again."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.principal import Principal
from core.sentences import Sentences
from core.storage.alert_records import StepRow
from core.storage.job_records import JobRow
from mcp_servers.alerting.alerts import in_sight
from mcp_servers.alerting.analysing import KIND, new_job
from mcp_servers.alerting.analysis_shapes import (
    AlertAnalysis,
    AnalysisPage,
    Language,
    shown_analysis,
)
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.paging import Sort

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

WORDS = Sentences("mcp_servers.alerting", "analysis")
Id = Annotated[str, Field(max_length=32, description="As alerting_list_analyses shows it.")]
AlertId = Annotated[str, Field(max_length=32, description="As alerting_list shows it.")]
State = Literal["", "waiting", "running", "done", "dead", "cancelled"]
# Somebody waits for it.
BY_HAND = 5


async def alerting_list_analyses(
    state: State = "",
    language: Language = "en",
    cursor: str = "",
    sort: Sort = "",
    *,
    desk: Desk,
    caller: Principal,
) -> AnalysisPage:
    """List what investigations of alerts found, by themselves or started by hand; the newest first."""
    async with desk.session() as tables:
        jobs = await tables.jobs.latest(KIND, state=state)
        seen = [one for one in jobs if await _is_seen(tables, one, caller)]
    return AnalysisPage.of(
        [shown_analysis(one, language, caller) for one in seen], cursor=cursor, sort=sort
    )


async def alerting_show_analysis(
    analysis_id: Id, language: Language = "en", *, desk: Desk, caller: Principal
) -> AlertAnalysis:
    """Show one analysis of alerts: causes, confidence, what to do, similar past alerts."""
    async with desk.session() as tables:
        job = await existing_analysis(tables, analysis_id, caller)
    return shown_analysis(job, language, caller)


async def alerting_analyse(
    alert_id: AlertId, language: Language = "en", *, desk: Desk, caller: Principal
) -> AlertAnalysis:
    """Have an alert investigated now. What is found stands at the alert; channels are not told."""
    now = utc_now()
    async with desk.session() as tables:
        await tables.alerts.take_turn()
        row = (await tables.alerts.episodes([alert_id])).get(alert_id)
        if row is None or not in_sight(caller, row.labels):
            raise SENTENCES.error(NotFound, "no_alert", alert_id=alert_id)
        known = await tables.jobs.get(row.analysis_id) if row.analysis_id else None
        if known and known.state in ("waiting", "running"):
            await tables.jobs.hurry(known.id, BY_HAND)
            return shown_analysis(known, language, caller)
        job = new_job(
            f"alert-{alert_id}"[:64],
            mark=f"{alert_id} {now.isoformat()}",
            by=caller.subject,
            now=now,
            run_after=now,
            priority=BY_HAND,
            tells=False,
        )
        await tables.jobs.put([job])
        await tables.alerts.set_analysis(alert_id, job.id)
        detail = {"analysis": job.id, "by": caller.subject}
        await tables.alerts.note([StepRow(alert_id, now, "analysis", "asked", detail)])
    return shown_analysis(job, language, caller)


async def alerting_cancel_analysis(
    analysis_id: Id, language: Language = "en", *, desk: Desk, caller: Principal
) -> AlertAnalysis:
    """Cancel an analysis that waits or runs; what it finds meanwhile is not kept."""
    async with desk.session() as tables:
        await existing_analysis(tables, analysis_id, caller)
        why = WORDS.said("cancelled", who=caller.subject).told(language)
        if not await tables.jobs.cancel(analysis_id, utc_now(), why):
            raise WORDS.error(Conflict, "analysis_over")
        job = await existing_analysis(tables, analysis_id, caller)
    return shown_analysis(job, language, caller)


async def alerting_retry_analysis(
    analysis_id: Id, language: Language = "en", *, desk: Desk, caller: Principal
) -> AlertAnalysis:
    """Make an analysis again from the start, whatever came of it before."""
    async with desk.session() as tables:
        await existing_analysis(tables, analysis_id, caller)
        if not await tables.jobs.again(analysis_id, utc_now() - timedelta(microseconds=1)):
            raise WORDS.error(Conflict, "analysis_runs")
        job = await existing_analysis(tables, analysis_id, caller)
    return shown_analysis(job, language, caller)


async def existing_analysis(tables: "AlertTables", analysis_id: str, caller: Principal) -> JobRow:
    """Raises `NotFound` for what is not there, or is not to be seen."""
    job = await tables.jobs.get(analysis_id)
    if job is None or job.kind != KIND or not await _is_seen(tables, job, caller):
        raise WORDS.error(NotFound, "no_analysis", id=analysis_id)
    return job


async def _is_seen(tables: "AlertTables", job: JobRow, caller: Principal) -> bool:
    """By who may see one of its alerts, which belong to a later analysis perhaps."""
    if caller.namespaces is None:
        return True
    rows = await tables.alerts.analysed_by(job.id, limit=100)
    return any(in_sight(caller, one.labels) for one in rows)
