"""Patrols: set up, listed, sent out at once, removed; and the reports of their rounds."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Forbidden, Invalid, NotFound
from core.principal import Principal
from core.sentences import Sentences
from core.storage.job_records import JobRow
from core.storage.patrol_records import PatrolRow, PatrolRunRow
from mcp_servers.access import span_of
from mcp_servers.alerting.analysis_shapes import Language
from mcp_servers.alerting.patrol_reports import report_of
from mcp_servers.alerting.patrol_rounds import KIND
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.paging import Page, Sort

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

WORDS = Sentences("mcp_servers.alerting", "patrol")
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=100)]
Namespaces = Annotated[
    list[str] | None, Field(max_length=200, description="Where it looks; empty: everywhere.")
]
Every = Annotated[str, Field(description="ISO 8601, from PT5M on, e.g. PT1H, P1D.")]
# More often than this, a round would hardly be over when the next one begins.
OFTENEST = timedelta(minutes=5)
SOONEST = 10
HISTORY = 10


class PatrolLine(BaseModel):
    name: str
    namespaces: list[str] = Field(description="Where it looks; none: everywhere.")
    every_s: int
    enabled: bool
    next_at: datetime
    last_at: datetime | None
    score: int | None = Field(description="Of the last round: 100 is without a fault.")
    faults: int | None
    created_by: str


class PatrolPage(Page[PatrolLine]):
    sorts_by = ("name", "every_s", "enabled", "next_at", "last_at", "score", "faults", "created_by")

    def as_text(self) -> str:
        return self.told(f"patrols: {self.shown}", map(_told, self.rows))


class RoundLine(BaseModel):
    id: str
    at: datetime
    score: int | None = Field(description="100 is without a fault; none: nothing was looked at.")
    new: int
    standing: int
    cleared: int


class RoundPage(Page[RoundLine]):
    def as_text(self) -> str:
        told = (
            f"{one.id} {one.at:%Y-%m-%d %H:%M} score {_score(one.score)}: {one.new} new, "
            f"{one.standing} standing, {one.cleared} cleared"
            for one in self.rows
        )
        return self.told(f"rounds: {self.shown}", told)


class PatrolReport(RoundLine):
    patrol: str
    markdown: str

    def as_text(self) -> str:
        return self.markdown


class SentOut(BaseModel):
    run_id: str = Field(description="Of the round, for alerting_patrol_report once it is over.")
    patrol: str

    def as_text(self) -> str:
        return f"patrol {self.patrol} goes out as round {self.run_id}"


async def alerting_list_patrols(
    cursor: str = "", sort: Sort = "", *, desk: Desk, caller: Principal
) -> PatrolPage:
    """List patrols: diagnoses that are made by themselves, on a schedule, over chosen namespaces."""
    async with desk.session() as tables:
        rows = [one for one in await tables.patrols.all() if _sees(caller, one)]
        last = {one.name: await tables.patrols.runs(one.name, limit=1) for one in rows}
    return PatrolPage.of([_line(one, last[one.name]) for one in rows], cursor=cursor, sort=sort)


async def alerting_set_patrol(
    name: Name,
    every: Every = "",
    namespaces: Namespaces = None,
    enabled: bool | None = None,
    *,
    desk: Desk,
    caller: Principal,
) -> PatrolLine:
    """Set up a patrol or change what is given of it. New faults it finds go the way of alerts."""
    step, now = span_of(every) if every else None, utc_now()
    if step is not None and step < OFTENEST:
        raise WORDS.error(Invalid, "too_often")
    async with desk.session() as tables:
        there = await tables.patrols.get(name)
        if there and not _sees(caller, there):
            raise WORDS.error(Forbidden, "not_yours")
        row = there or _fresh(name, step or timedelta(hours=1), caller, now)
        row = replace(
            row,
            namespaces=row.namespaces if namespaces is None else sorted(set(namespaces)),
            enabled=row.enabled if enabled is None else enabled,
            every_s=int(step.total_seconds()) if step else row.every_s,
            updated_at=now,
        )
        if not _sees(caller, row):
            raise WORDS.error(Forbidden, "not_yours")
        if there and step and row.every_s != there.every_s:
            row = replace(row, next_at=now)
        await tables.patrols.save(row)
        last = await tables.patrols.runs(name, limit=1)
    return _line(row, last)


async def alerting_remove_patrol(name: Name, *, desk: Desk, caller: Principal) -> PatrolLine:
    """Remove a patrol. What it found stands until another one sees that it is gone."""
    async with desk.session() as tables:
        row = await _existing(tables, name, caller)
        last = await tables.patrols.runs(name, limit=1)
        await tables.patrols.remove(name)
    return _line(row, last)


async def alerting_run_patrol(name: Name, *, desk: Desk, caller: Principal) -> SentOut:
    """Send a patrol out now, whenever it would go next."""
    now = utc_now()
    async with desk.session() as tables:
        row = await _existing(tables, name, caller)
        for state in ("waiting", "running"):
            if under_way := await tables.jobs.latest(KIND, about=name, state=state, limit=1):
                return SentOut(run_id=under_way[0].id, patrol=name)
        job = round_of(row, f"{name} by hand {now.isoformat()}", caller.subject, now)
        await tables.jobs.put([replace(job, priority=SOONEST)])
    return SentOut(run_id=job.id, patrol=name)


async def alerting_patrol_rounds(
    name: Name, cursor: str = "", *, desk: Desk, caller: Principal
) -> RoundPage:
    """List the rounds of a patrol, the newest first: scores, and what was new, stood and was cleared."""
    async with desk.session() as tables:
        await _existing(tables, name, caller)
        runs = await tables.patrols.runs(name, limit=500)
    return RoundPage.of([_round(one) for one in runs], cursor=cursor)


async def alerting_patrol_report(
    name: Annotated[str, Field(max_length=100, description="Empty: the only patrol.")] = "",
    run_id: Annotated[str, Field(max_length=32, description="Empty: the last round.")] = "",
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> PatrolReport:
    """The report of a round of a patrol in Markdown: score, trend, what is new, stands and cleared."""
    async with desk.session() as tables:
        row = await _existing(tables, name or await _only(tables, caller), caller)
        runs = await tables.patrols.runs(row.name, limit=500)
    place = next((n for n, one in enumerate(runs) if run_id in ("", one.id)), None)
    if place is None:
        raise WORDS.error(NotFound, "no_round", name=row.name)
    text = report_of(row, runs[place], runs[place + 1 : place + 1 + HISTORY], language)
    told = _round(runs[place]).model_dump()
    return PatrolReport(**told, patrol=row.name, markdown=text)


def round_of(row: PatrolRow, mark: str, by: str, now: datetime) -> JobRow:
    return JobRow.of(KIND, mark, {"patrol": row.name}, by=by, now=now, about=row.name[:64])


async def _existing(tables: "AlertTables", name: str, caller: Principal) -> PatrolRow:
    row = await tables.patrols.get(name)
    if row is None or not _sees(caller, row):
        raise WORDS.error(NotFound, "no_patrol", name=name)
    return row


async def _only(tables: "AlertTables", caller: Principal) -> str:
    """The patrol that is meant where none is named: the one that went out last."""
    seen = [one.name for one in await tables.patrols.all() if _sees(caller, one)]
    last = [run for name in seen for run in await tables.patrols.runs(name, limit=1)]
    if last:
        return max(last, key=lambda one: one.at).patrol
    if seen:
        return seen[0]
    raise WORDS.error(NotFound, "none_yet")


def _sees(caller: Principal, row: PatrolRow) -> bool:
    """One that looks everywhere is for those who see everything."""
    if caller.namespaces is None:
        return True
    return bool(row.namespaces) and set(row.namespaces) <= caller.namespaces


def _fresh(name: str, step: timedelta, caller: Principal, now: datetime) -> PatrolRow:
    return PatrolRow(
        name=name,
        namespaces=[],
        every_s=int(step.total_seconds()),
        enabled=True,
        created_by=caller.subject,
        created_at=now,
        updated_at=now,
        next_at=now,
    )


def _line(row: PatrolRow, runs: list[PatrolRunRow]) -> PatrolLine:
    last = _round(runs[0]) if runs else None
    return PatrolLine(
        name=row.name,
        namespaces=[str(one) for one in row.namespaces],
        every_s=row.every_s,
        enabled=row.enabled,
        next_at=row.next_at,
        last_at=last.at if last else None,
        score=last.score if last else None,
        faults=last.new + last.standing if last else None,
        created_by=row.created_by,
    )


def _round(row: PatrolRunRow) -> RoundLine:
    counts = {part: len(row.body[part]) for part in ("new", "standing", "cleared")}
    return RoundLine(id=row.id, at=row.at, score=row.score, **counts)


def _score(score: int | None) -> str:
    return "none" if score is None else str(score)


def _told(one: PatrolLine) -> str:
    where = ", ".join(one.namespaces) or "everywhere"
    last = f", last score {one.score}" if one.score is not None else ", never went out yet"
    off = "" if one.enabled else ", off"
    return f"{one.name} every {one.every_s // 60} min in {where}{off}{last}"
