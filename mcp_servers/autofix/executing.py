"""Carrying out a change: write, wait, verify, or take back. Every step is recorded around its effect.

A process that dies leaves the records; whoever takes over goes on from the last of them.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.clock import utc_now
from core.errors import Conflict, OpsError
from core.sentences import Said
from core.storage.fix_records import ChangeRow, PlanRow, StepRow
from core.telemetry import logger
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.packing import findings_of, plan_of
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.autofix.switches import trip
from mcp_servers.autofix.verifying import Before, Verdict, settled, sight_of, verified
from mcp_servers.autofix.writing import (
    WRITTEN,
    Declined,
    Doing,
    Doubtful,
    audited,
    carry_out,
)
from mcp_servers.engines.fixes.watching import span
from mcp_servers.engines.marks import ABSENT, PRESENT
from mcp_servers.facts.fixes import Plan, Step, Verb, Write

LOOKED_AT_EVERY_S = 0.5
FORWARD, BACK = "forward", "back"
# A restart leaves nothing behind that could be taken back.
LEAVES_NOTHING = frozenset({"fix.restart", "fix.evict_pod"})
# What was grown stays so; whether that helped is measured later.
GROWS = "fix.expand_pvc"
log = logger("midwatch.autofix")


@dataclass(slots=True)
class Execution:
    """One change, as this process carries it out."""

    desk: Desk
    change: ChangeRow
    plan: Plan
    marks: Sequence[dict[str, str]]
    before: Before
    steps: dict[tuple[str, int], StepRow]
    lines: list[str] = field(default_factory=list[str])
    verdict: Verdict | None = None

    @classmethod
    async def of(cls, desk: Desk, change: ChangeRow, row: PlanRow) -> "Execution":
        kept = await desk.store.steps(change.id)
        return cls(
            desk.seen_by(sight_of(change)).counted(),
            change,
            plan_of(row.body["plan"]),
            row.body["marks"],
            Before(findings_of(row.body["before"]), frozenset(row.body.get("unseen") or ())),
            {(one.direction, one.n): one for one in kept},
        )

    @property
    def _deadline(self) -> timedelta:
        return self.desk.policy.limits.deadline or self.plan.deadline

    async def run(self) -> None:
        """To one of the end states. Raises `Conflict` when another process has taken over."""
        try:
            if self.change.status == "undoing":
                await self._undo(why_of(self.change))
                return
            await self._forward()
        except Doubtful as doubt:
            await self._finish("unknown", doubt.why)

    async def without_verdict(self) -> None:
        """After an error of our own: what cannot be verified is taken back, as far as it was written."""
        why = SENTENCES.said("broke_off")
        try:
            if await self._written(FORWARD):
                await self._undo(why)
            else:
                await self.given_up()
        except Doubtful as doubt:
            await self._finish("unknown", why + doubt.why)

    async def given_up(self) -> None:
        """Nothing more is tried: what there is, a person must see."""
        look = SENTENCES.said("look_at", object=self._objects)
        await self._finish("unknown", SENTENCES.said("broke_off") + look)

    async def _forward(self) -> None:
        try:
            for n, step in enumerate(self.plan.steps, 1):
                await self._do(FORWARD, n, step.write, self.marks[n - 1])
                if n < len(self.plan.steps) and step.waits:
                    await settled(self.desk, self.change, self.plan, within=self._deadline)
        except Declined as declined:
            await self._declined(declined)
            return
        self.verdict = await verified(
            self.desk, self.change, self.plan, self.before, await self._last_written()
        )
        if self.verdict.good:
            await self._finish("verified", self._unproven())
        else:
            await self._undo(self.verdict.why)

    def _unproven(self) -> Said:
        """What a good end does not show: that it stays so for as long as it did before."""
        if self.plan.outlasts:
            return Said()
        watched, life = (span(one) for one in (self.plan.settle, self.plan.life))
        return SENTENCES.said("watched_too_briefly", watched=watched, life=life)

    async def _declined(self, declined: Declined) -> None:
        """Nothing came of this step; what came of those before it is taken back."""
        if await self._written(FORWARD):
            await self._undo(declined.why)
        else:
            await self._finish("refused" if declined.refused else "failed", declined.why)

    async def _undo(self, why: Said) -> None:
        self.change = replace(self.change, body={**self.change.body, **kept_why(why)})
        await self._keep("undoing")
        await self._account("autofix.undo", "started", {"why": str(why)})
        try:
            undone = await self._take_back()
        except Declined as declined:
            failed = SENTENCES.said(
                "not_taken_back", why=why, failure=declined.why, object=self._objects
            )
            await self._finish("unknown", failed)
            return
        if not undone:
            await self._left(why)
            return
        well = await settled(self.desk, self.change, self.plan, within=self._deadline)
        more = Said() if well else SENTENCES.said("taken_back_incomplete")
        await self._finish("rolled_back", why + more)

    async def _take_back(self) -> int:
        """How many steps were taken back, the last first."""
        undone = 0
        for n, step in reversed(list(enumerate(self.plan.steps, 1))):
            if step.inverse is None or n not in await self._written(FORWARD):
                continue
            inverse, marks = self._way_back(n, step)
            await self._do(BACK, n, inverse, marks)
            undone += 1
        return undone

    def _way_back(self, n: int, step: Step) -> tuple[Write, dict[str, str]]:
        inverse = step.inverse or step.write
        if inverse.verb is Verb.DELETE:
            made = self.steps[FORWARD, n].body.get("uid") or ""
            return replace(inverse, uid=str(made)), {"before": PRESENT, "after": ABSENT}
        marks = self.marks[n - 1]
        return inverse, {"before": marks["after"], "after": marks["before"]}

    async def _left(self, why: Said) -> None:
        """There is no way back: say whether anything of it stays."""
        if self.plan.fix in LEAVES_NOTHING:
            await self._finish("failed", why + SENTENCES.said("leaves_nothing"))
        else:
            key = "irreversible_claim" if self.plan.fix == GROWS else "irreversible"
            more = SENTENCES.said(key, object=self._objects)
            await self._finish("unknown", why + more)

    @property
    def _objects(self) -> str:
        return ", ".join(dict.fromkeys(str(step.write.target) for step in self.plan.steps))

    async def _do(self, direction: str, n: int, write: Write, marks: dict[str, str]) -> None:
        known = self.steps.get((direction, n))
        doing = Doing(
            self.change, direction, n, write, marks["before"], marks["after"], known, self.lines
        )
        try:
            await carry_out(self.desk, doing)
        except Conflict:
            raise
        except OpsError as error:
            raise Declined(Said.of(error), refused=True) from error
        finally:
            kept = await self.desk.store.steps(self.change.id)
            self.steps = {(one.direction, one.n): one for one in kept}

    async def _written(self, direction: str) -> set[int]:
        return {
            n for (way, n), row in self.steps.items() if way == direction and row.state == WRITTEN
        }

    async def _last_written(self) -> datetime:
        times = [row.at for (way, _), row in self.steps.items() if way == FORWARD]
        return max(times, default=utc_now())

    async def _keep(self, status: str) -> None:
        await self.desk.store.keep(
            self.change.id,
            self.desk.desk.runner,
            status=status,
            now=utc_now(),
            lease_until=self.desk.lease(),
            body=self.change.body,
        )

    async def _finish(self, status: str, why: Said) -> None:
        verdict = self.verdict
        earlier: list[str] = list(self.change.body.get("audit") or [])
        body: dict[str, Any] = {
            **self.change.body,
            **kept_why(why),
            "finding_cleared": bool(verdict and verdict.cleared),
            "new_findings": list(verdict.new) if verdict else [],
            "audit": [*earlier, *self.lines, f"{utc_now():%H:%M:%S} {status}"],
        }
        await self._account("autofix.change", status, {"why": str(why)})
        await self.desk.store.finish(
            self.change.id, self.desk.desk.runner, status=status, now=utc_now(), body=body
        )
        await trip(self.desk)

    async def _account(self, action: str, outcome: str, more: dict[str, Any]) -> None:
        target = f"{self.change.kind}/{self.change.namespace}/{self.change.name}"
        await audited(self.desk, self.change, action, target, outcome, more)


def kept_why(why: Said) -> dict[str, Any]:
    """Why a change ended so, as it is kept: in English, and in each language."""
    return {"why": str(why), "why_in": dict(why.texts)}


def why_of(change: ChangeRow) -> Said:
    return Said.kept(change.body.get("why_in"))


def subject_of(row: PlanRow | ChangeRow) -> str:
    """What is locked while a change is at work on it."""
    return f"{row.kind}/{row.namespace}/{row.name}"


async def begin(desk: Desk, change: ChangeRow, row: PlanRow) -> None:
    """Carry a change out beside whatever else this process does."""
    tasks = desk.desk.tasks
    task = asyncio.create_task(_run(desk, change, row), name=f"change {change.id}")
    tasks[change.id] = task
    task.add_done_callback(lambda _: tasks.pop(change.id, None))


async def _run(desk: Desk, change: ChangeRow, row: PlanRow) -> None:
    execution = await Execution.of(desk, change, row)
    try:
        for way in (execution.run, execution.without_verdict, execution.given_up):
            bug = await _bug_in(way())
            if bug is None:
                return
            log.error("change.broke_off", change=change.id, exc_info=bug)
    except OpsError as error:
        # Another process has it now, or the database is away: the records tell how far it came.
        log.warning("change.left", change=change.id, why=str(error))


async def _bug_in(work: Coroutine[Any, Any, None]) -> BaseException | None:
    """What ended it that should not be. A change must come to an end whatever breaks on the way, as
    whoever took it over would break at the same place. Raises what is an answer."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        await asyncio.wait([task])
    error = task.exception()
    if isinstance(error, OpsError):
        raise error
    return error


async def ended(desk: Desk, change_id: str, *, within: timedelta) -> ChangeRow | None:
    """The change once it has ended, or as it stands when the time is over, whichever process it is
    that carries it out."""
    end = utc_now() + within
    if (task := desk.desk.tasks.get(change_id)) is not None:
        await asyncio.wait([task], timeout=within.total_seconds())
    while (row := await desk.store.change(change_id)) and row.finished_at is None:
        if utc_now() >= end:
            break
        await asyncio.sleep(min(LOOKED_AT_EVERY_S, (end - utc_now()).total_seconds()))
    return row
