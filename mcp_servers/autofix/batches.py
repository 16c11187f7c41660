"""autofix_apply_batch: approved plans one after the other, up to the first that does not verify.

There is no record of a batch: its plans and their changes say how far it is. A process that dies
leaves the change under way to whoever takes it over, and the rest not begun.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from core.errors import OpsError
from core.principal import Principal
from core.sentences import Said
from core.storage.fix_records import ChangeRow, PlanRow
from core.telemetry import logger
from mcp_servers.autofix.changes import UNFINISHED, Wait, admitted, carry_on, started
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.executing import begin, ended
from mcp_servers.autofix.plans import PlanId
from mcp_servers.autofix.refusing import SENTENCES

PlanIds = Annotated[list[PlanId], Field(min_length=1, max_length=20, description="In this order.")]

VERIFIED, WAITING = "verified", "waiting"
# How long one look for the end of a change waits for it.
A_WHILE = timedelta(seconds=30)
log = logger("midwatch.autofix")


class BatchItem(BaseModel):
    plan_id: str
    change_id: str = ""
    status: str = Field(description="waiting, or as its change stands.")


class BatchView(BaseModel):
    items: list[BatchItem]
    ended: bool = Field(description="Nothing of it is carried out now.")
    stopped: str = Field(default="", description="Why what waits is not carried out.")
    stopped_in: dict[str, str] = Field(default={}, description="The same by language.")

    def as_text(self) -> str:
        lines = [f"{one.plan_id} {one.change_id or '-'} {one.status}" for one in self.items]
        state = self.stopped or ("" if self.ended else "under way; call it again with these plans")
        return "\n".join([*lines, *([state] if state else [])])


async def autofix_apply_batch(
    plan_ids: PlanIds, wait_s: Wait = 45, *, desk: Desk, caller: Principal
) -> BatchView:
    """Carry approved plans out one by one; stop at the first that does not verify.

    Begins nothing unless each of them may be carried out. Call it again to wait for its end.
    """
    rows = [await desk.plan(one, caller) for one in dict.fromkeys(plan_ids)]
    name = f"batch {' '.join(row.id for row in rows)}"
    task = desk.desk.tasks.get(name)
    if task is None and await _next(desk, rows):
        for row in rows:
            if await desk.store.change_of(row.id) is None:
                await admitted(desk, row, caller.subject)
        task = asyncio.create_task(_in_turn(desk, rows, caller), name=name)
        desk.desk.tasks[name] = task
        task.add_done_callback(lambda _: desk.desk.tasks.pop(name, None))
    if task:
        await asyncio.wait([task], timeout=wait_s)
    return await _shown(desk, rows, is_running=name in desk.desk.tasks)


async def _next(desk: Desk, rows: Sequence[PlanRow]) -> PlanRow | None:
    """The first that has not verified yet; None when there is none, or a change went wrong."""
    for row in rows:
        change = await desk.store.change_of(row.id)
        if change is None or change.status in UNFINISHED:
            return row
        if change.status != VERIFIED:
            return None
    return None


async def _in_turn(desk: Desk, rows: Sequence[PlanRow], caller: Principal) -> None:
    try:
        for row in rows:
            if (await _carried_out(desk, row, caller)).status != VERIFIED:
                return
    except OpsError as error:  # it may not be begun any more; what is shown says why
        log.warning("batch.left", why=str(error))


async def _carried_out(desk: Desk, row: PlanRow, caller: Principal) -> ChangeRow:
    """The change of a plan, once it has ended, whoever carries it out."""
    change = await desk.store.change_of(row.id)
    if change is None:
        change = await started(desk, row, caller)
        await begin(desk, change, row)
    while change.status in UNFINISHED:
        await carry_on(desk, change, row)
        change = await ended(desk, change.id, within=A_WHILE) or change
        if change.status in UNFINISHED:  # another process has it
            await asyncio.sleep(desk.policy.limits.poll.total_seconds())
    return change


async def _shown(desk: Desk, rows: Sequence[PlanRow], *, is_running: bool) -> BatchView:
    changes = [await desk.store.change_of(row.id) for row in rows]
    items = [
        BatchItem(plan_id=row.id, change_id=one.id, status=one.status)
        if one
        else BatchItem(plan_id=row.id, status=WAITING)
        for row, one in zip(rows, changes, strict=True)
    ]
    why = Said() if is_running else await _why_stopped(desk, rows, changes)
    return BatchView(
        items=items, ended=not is_running, stopped=str(why), stopped_in=dict(why.texts)
    )


async def _why_stopped(
    desk: Desk, rows: Sequence[PlanRow], changes: Sequence[ChangeRow | None]
) -> Said:
    for row, change in zip(rows, changes, strict=True):
        if change is None:
            try:
                await admitted(desk, row)
            except OpsError as error:
                return Said.of(error)
            return SENTENCES.said("not_begun", plan=row.id)
        if change.status != VERIFIED:
            status = SENTENCES.said(f"status_{change.status}")
            return SENTENCES.said("batch_stopped", change=change.id, status=status)
    return Said()
