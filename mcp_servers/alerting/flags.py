"""Smart functions switched off, shadow or on for some, and switched back by their figures."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from core.clock import utc_now
from core.errors import Conflict, Invalid, NotFound
from core.flags import FUNCTIONS, MEASURED, circles, decided
from core.principal import Principal
from core.sentences import Said, Sentences
from core.storage.flag_records import FlagEventRow, FlagRow
from mcp_servers.alerting.analyses import Id, existing_analysis
from mcp_servers.alerting.analysing import KIND
from mcp_servers.alerting.flag_reasons import reasons
from mcp_servers.alerting.flag_shapes import (
    Evaluated,
    EvaluatedPage,
    FlagEvent,
    FlagEvents,
    FlagLine,
    FlagPage,
    FlagTerms,
    Function,
    Judged,
    What,
    event,
    gates_of,
    line,
)
from mcp_servers.alerting.own_alerts import notes, own_way, pass_on
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.flag_health import breaches, figures, stays
from mcp_servers.facts.alert_policies import ArrivedAlert
from mcp_servers.facts.flags import Breach, Evaluation, Figures, Run, Verdict
from mcp_servers.paging import Sort

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

WORDS = Sentences("mcp_servers.alerting", "flags")
ALERT = "SmartFunctionHeld"
GUARD = "midwatch:flags"
# The longest window that is looked at, and the most runs: the newest count.
LONGEST, MOST_RUNS = timedelta(days=31), 5000
Calls = Annotated[
    list[dict[str, Any]], Field(description="Calls of models, as the usage log has them.")
]
Verdicts = Annotated[
    list[dict[str, Any]], Field(description="What people said of answers of models: at, right.")
]


async def alerting_list_flags(cursor: str = "", sort: Sort = "", *, desk: Desk) -> FlagPage:
    """List the smart functions: off, shadow or on, for whom, how they do, and which is held back and why."""
    async with desk.session() as tables:
        rows = {one.name: one for one in await tables.flags.all()}
        lines = [await _shown(tables, name, rows.get(name)) for name in FUNCTIONS]
    return FlagPage.of(lines, cursor=cursor, sort=sort)


async def alerting_flag_events(
    name: Function, what: What = "", cursor: str = "", *, desk: Desk
) -> FlagEvents:
    """List what was done with a smart function: set, evaluated, held back, released; or what it did in shadow.

    The newest first.
    """
    async with desk.session() as tables:
        rows = await tables.flags.events(name, what=what, without="" if what else "shadow")
    return FlagEvents.of([event(one) for one in rows], cursor=cursor)


async def alerting_evaluate_flags(
    key: Annotated[str, Field(max_length=500, description="User, or group of alerts.")],
    name: Annotated[str, Field(max_length=100, description="Empty: all.")] = "",
    labels: Annotated[dict[str, str], Field(max_length=100)] = {},  # noqa: B006 - read only
    *,
    desk: Desk,
) -> EvaluatedPage:
    """Say what smart functions are for one user or group of alerts, and why."""
    if name and name not in FUNCTIONS:
        raise WORDS.error(NotFound, "no_function", name=name)
    async with desk.session() as tables:
        flags = await tables.flags.by_name()
    told = {"user": key, **labels}
    rows = [(one, decided(flags, one, key, told)) for one in FUNCTIONS if name in ("", one)]
    return EvaluatedPage.of(
        [Evaluated(name=one, state=d.state, reason=d.reason, why=d.why) for one, d in rows]
    )


async def alerting_set_flag(
    name: Function, terms: FlagTerms, *, desk: Desk, caller: Principal
) -> FlagLine:
    """Switch a smart function off, to shadow or on, for a share or for labels, with what is asked of it.

    It acts at once. While its figures are bad, it is held back whatever is set here.
    """
    now = utc_now()
    if terms.gates is not None and name not in MEASURED:
        raise WORDS.error(Invalid, "no_figures", name=name)
    async with desk.session() as tables:
        # What is being judged is written whole, and would put back what it read before.
        await tables.alerts.take_turn()
        there = await tables.flags.get(name)
        row = there or FlagRow(name, {}, "", None, {}, caller.subject, now)
        row = replace(row, terms=terms.model_dump(), updated_by=caller.subject, updated_at=now)
        flags = await tables.flags.by_name() | {name: row.flag}
        if terms.needs and (terms.needs not in FUNCTIONS or circles(flags, name)):
            raise WORDS.error(Invalid, "needs_nothing", name=name, needs=terms.needs)
        await tables.flags.save(row)
        set_ = FlagEventRow.of(name, "set", caller.subject, now, terms.model_dump())
        await tables.flags.add(set_)
        return await _shown(tables, name, row)


async def alerting_record_evaluation(
    name: Function,
    suite: Annotated[str, Field(min_length=1, max_length=100, description="E.g. rca.")],
    cases: Annotated[int, Field(ge=1)],
    passed: Annotated[int, Field(ge=0)],
    *,
    desk: Desk,
    caller: Principal,
) -> FlagLine:
    """Record what a real evaluation of a smart function found; it decides with whether it may be on."""
    if passed > cases:
        raise WORDS.error(Invalid, "more_than_cases", passed=passed, cases=cases)
    detail = {"suite": suite, "cases": cases, "passed": passed}
    async with desk.session() as tables:
        made = FlagEventRow.of(name, "evaluated", caller.subject, utc_now(), detail)
        await tables.flags.add(made)
        return await _shown(tables, name, await tables.flags.get(name))


async def alerting_rate_analysis(
    analysis_id: Id, right: bool, *, desk: Desk, caller: Principal
) -> FlagEvent:
    """Say whether an analysis of alerts named the right cause; said again, the new word counts.

    Raises `Conflict` as long as it has told nothing: it waits, runs, was cancelled or failed.
    """
    async with desk.session() as tables:
        job = await existing_analysis(tables, analysis_id, caller)
        if job.state != "done":
            raise WORDS.error(Conflict, "nothing_to_rate", id=analysis_id)
        detail = {"of": analysis_id, "right": right}
        said = FlagEventRow.of(
            "analysis", "verdict", caller.subject, utc_now(), detail, mark=analysis_id
        )
        await tables.flags.add(said)
    return event(said)


async def alerting_judge_flags(calls: Calls, verdicts: Verdicts, *, desk: Desk) -> Judged:
    """Look at every flag with gates once: hold back what does badly, release what does well again. Run by the jobs."""
    now = utc_now()
    seen = {
        "models": (
            [_run(one) for one in calls],
            [Verdict(datetime.fromisoformat(one["at"]), one["right"]) for one in verdicts],
        )
    }
    async with desk.session() as tables:
        await tables.alerts.take_turn()
        way = await own_way(tables, now)
        rows = [one for one in await tables.flags.all() if one.name in FUNCTIONS]
        seen["analysis"] = await _analyses(tables, now)
        rows = [one for one in rows if one.name in seen]
        after = [await _judged(tables, one, *seen[one.name], now) for one in rows]
        begun = zip(rows, after, strict=True)
        await pass_on(way, [_alert(a, b, now) for a, b in begun if bool(a.held) != bool(b.held)])
    held = sum(bool(one.held) for one in after)
    return Judged(flags=len(rows), held=held, deliveries=len(way.deliveries))


async def _judged(
    tables: "AlertTables",
    row: FlagRow,
    runs: Sequence[Run],
    verdicts: Sequence[Verdict],
    now: datetime,
) -> FlagRow:
    gates = gates_of(FlagTerms.model_validate(row.terms))
    found, seen = list[Breach](), Figures(0, 0)
    if gates is not None:
        seen = figures(runs, verdicts, gates, now)
        evaluation = await _evaluation(tables, row.name)
        found = breaches(gates, evaluation, seen, held=bool(row.held))
    bad = bool(found) or (gates is not None and stays(gates, row.held_since, now))
    after = replace(row, figures={**asdict(seen), "why": [one.code for one in found]})
    if bad and not row.held:
        after = replace(after, held=MEASURED[row.name], held_since=now)
    elif row.held and not bad:
        after = replace(after, held="", held_since=None)
    await tables.flags.save(after)
    if bool(after.held) != bool(row.held):
        what = "held" if after.held else "released"
        detail = {**after.figures, "breaches": [asdict(one) for one in found]}
        await tables.flags.add(FlagEventRow.of(row.name, what, GUARD, now, detail))
    return after


async def _analyses(tables: "AlertTables", now: datetime) -> tuple[list[Run], list[Verdict]]:
    """Analyses that ended, and what people said of them."""
    jobs = await tables.jobs.latest(KIND, limit=MOST_RUNS)
    runs = [
        Run(
            one.finished_at or one.created_at,
            one.state == "dead",
            (one.finished_at - one.started_at).total_seconds() * 1000
            if one.finished_at and one.started_at
            else 0.0,
        )
        for one in jobs
        if one.state in ("done", "dead")
    ]
    said = await tables.flags.events(
        "analysis", what="verdict", since=now - LONGEST, limit=MOST_RUNS
    )
    return runs, [Verdict(one.at, bool(one.detail["right"])) for one in said]


async def _evaluation(tables: "AlertTables", name: str) -> Evaluation | None:
    latest = await tables.flags.events(name, what="evaluated", limit=1)
    return Evaluation(**latest[0].detail, at=latest[0].at) if latest else None


async def _shown(tables: "AlertTables", name: str, row: FlagRow | None) -> FlagLine:
    if name not in FUNCTIONS:
        raise WORDS.error(NotFound, "no_function", name=name)
    latest = await tables.flags.events(name, what="evaluated", limit=1)
    return line(name, row, latest[0] if latest else None, reasons(row).texts if row else {})


def _run(one: dict[str, Any]) -> Run:
    return Run(
        datetime.fromisoformat(one["at"]), one["failed"], one["duration_ms"], one["cost_usd"]
    )


def _alert(before: FlagRow, after: FlagRow, now: datetime) -> ArrivedAlert:
    """That a function was switched back, from then until it is released."""
    begun = after.held_since or before.held_since or now
    return ArrivedAlert(
        fingerprint=f"flag-{after.name}",
        status="firing" if after.held else "resolved",
        labels={
            "alertname": ALERT,
            "severity": "warning",
            "function": after.name,
            "job": "midwatch",
        },
        annotations=notes(summary=_summary(after)),
        starts_at=begun,
        ends_at=None if after.held else now,
    )


def _summary(row: FlagRow) -> Said:
    name = WORDS.said(f"function_{row.name}")
    if not row.held:
        return WORDS.said("released", name=name)
    return WORDS.said(f"held_{row.held}", name=name, why=reasons(row))
