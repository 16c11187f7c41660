"""autofix_apply_batch and what shows batches: approved plans one after the other.

Up to the first that does not verify. A batch is what its plans are, in their order: asked for
again it is the same one, which goes on where it stopped, and begins nothing twice. A process that
dies leaves the change under way to whoever takes it over, and the rest not begun.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from core.clock import utc_now
from core.errors import NotFound, OpsError
from core.principal import Principal
from core.sentences import Said
from core.storage.fix_records import BatchRow, ChangeRow, PlanRow
from core.telemetry import logger
from mcp_servers.autofix.batch_shapes import (
    RUNNING,
    STOPPED,
    BatchPage,
    BatchReport,
    BatchView,
    batch_line,
    batch_report,
    batch_view,
)
from mcp_servers.autofix.changes import UNFINISHED, Wait, admitted, carry_on, started
from mcp_servers.autofix.desk import Desk, visible
from mcp_servers.autofix.executing import begin, ended, kept_why
from mcp_servers.autofix.plans import Limit, PlanId
from mcp_servers.autofix.refusing import SENTENCES, Language
from mcp_servers.paging import Sort

PlanIds = Annotated[list[PlanId], Field(min_length=1, max_length=20, description="In this order.")]
BatchId = Annotated[str, Field(min_length=1, max_length=64, description="bat-…")]

VERIFIED, DONE = "verified", "done"
MOST_BATCHES = 500
log = logger("midwatch.autofix")


async def autofix_apply_batch(
    plan_ids: PlanIds, wait_s: Wait = 45, *, desk: Desk, caller: Principal
) -> BatchView:
    """Carry approved plans out one by one; stop at the first that does not verify.

    Begins nothing unless each of them may be carried out. Call it again to wait for its end.
    """
    rows = [await desk.plan(one, caller) for one in dict.fromkeys(plan_ids)]
    batch = _batch(desk, rows, caller)
    if batch.id not in desk.desk.tasks and await _next(desk, rows):
        for row in rows:
            if await desk.store.change_of(row.id) is None:
                await admitted(desk, row, caller.subject)
        if await desk.store.claim_batch(batch):
            await _tell(desk, batch, "taken")
            task = asyncio.create_task(_in_turn(desk, batch, rows, caller), name=batch.id)
            desk.desk.tasks[batch.id] = task
            task.add_done_callback(lambda _: desk.desk.tasks.pop(batch.id, None))
    return await _shown(desk, await _kept(desk, batch), rows, wait_s)


async def autofix_get_batch(
    batch_id: BatchId, wait_s: Wait = 0, *, desk: Desk, caller: Principal
) -> BatchView:
    """Show a batch: which plans, how far it is, where it stopped and why."""
    row, plans = await _found(desk, batch_id, caller)
    return await _shown(desk, row, plans, wait_s)


async def autofix_list_batches(
    limit: Limit = 20, cursor: str = "", sort: Sort = "", *, desk: Desk, caller: Principal
) -> BatchPage:
    """List batches that were carried out, the latest first."""
    rows = [
        one
        for one in await desk.store.batches(limit=MOST_BATCHES)
        if all(visible(caller, each) for each in one.body.get("namespaces") or [""])
    ]
    now = utc_now()
    return BatchPage.of(
        [batch_line(one, now) for one in rows], cursor=cursor, sort=sort, size=limit
    )


async def autofix_report_batch(
    batch_id: BatchId, language: Language = "en", *, desk: Desk, caller: Principal
) -> BatchReport:
    """Write a batch down as a Markdown report."""
    row, plans = await _found(desk, batch_id, caller)
    view = await _shown(desk, row, plans, 0)
    return BatchReport(batch_id=row.id, markdown=batch_report(view, language))


def _batch(desk: Desk, rows: Sequence[PlanRow], caller: Principal) -> BatchRow:
    plans, now = [row.id for row in rows], utc_now()
    name = hashlib.sha256(" ".join(plans).encode()).hexdigest()[:12]
    body = {"namespaces": sorted({row.namespace for row in rows})}
    runner, lease = desk.desk.runner, desk.lease()
    return BatchRow(
        f"bat-{name}", plans, caller.subject, RUNNING, now, now, None, runner, lease, body
    )


async def _kept(desk: Desk, batch: BatchRow) -> BatchRow:
    """As it is kept; plans that were all carried out before, each by itself, were never a batch."""
    kept = await desk.store.batch(batch.id)
    return kept or replace(batch, status=STOPPED, finished_at=batch.started_at)


async def _found(desk: Desk, batch_id: str, caller: Principal) -> tuple[BatchRow, list[PlanRow]]:
    """Raises `NotFound`, the same for what there is not and what the caller may not see."""
    row = await desk.store.batch(batch_id)
    if row is None:
        raise SENTENCES.error(NotFound, "no_batch", batch=batch_id)
    try:
        return row, [await desk.plan(one, caller) for one in row.plans]
    except NotFound as error:
        raise SENTENCES.error(NotFound, "no_batch", batch=batch_id) from error


async def _next(desk: Desk, rows: Sequence[PlanRow]) -> PlanRow | None:
    """The first that has not verified yet; None when there is none, or a change went wrong."""
    for row in rows:
        change = await desk.store.change_of(row.id)
        if change is None or change.status in UNFINISHED:
            return row
        if change.status != VERIFIED:
            return None
    return None


async def _in_turn(desk: Desk, batch: BatchRow, rows: Sequence[PlanRow], caller: Principal) -> None:
    """To its end, or as far as it may go; where and why is kept."""
    at = ""
    try:
        for row in rows:
            at = row.id
            change = await _carried_out(desk, batch, row, caller)
            if change.status != VERIFIED:
                status = SENTENCES.said(f"status_{change.status}")
                why = SENTENCES.said("batch_stopped", change=change.id, status=status)
                await _end(desk, batch, STOPPED, at, why)
                return
        await _end(desk, batch, DONE, "", Said())
    except OpsError as error:  # it may not be begun any more, or the database is away
        log.warning("batch.left", batch=batch.id, why=str(error))
        await _end(desk, batch, STOPPED, at, Said.of(error))


async def _end(desk: Desk, batch: BatchRow, status: str, at: str, why: Said) -> None:
    now = utc_now()
    body = {**batch.body, **kept_why(why), "stopped_at": at}
    row = replace(batch, status=status, updated_at=now, finished_at=now, lease_until=now, body=body)
    try:
        await desk.store.keep_batch(row)
        await _tell(desk, row, status)
    except OpsError as error:  # its lease runs out, which tells the same
        log.warning("batch.unkept", batch=batch.id, why=str(error))


async def _carried_out(desk: Desk, batch: BatchRow, row: PlanRow, caller: Principal) -> ChangeRow:
    """The change of a plan, once it has ended, whoever carries it out."""
    change = await desk.store.change_of(row.id)
    if change is None:
        change = await started(desk, row, caller)
        await begin(desk, change, row)
    while change.status in UNFINISHED:
        await desk.store.keep_batch(replace(batch, updated_at=utc_now(), lease_until=desk.lease()))
        await carry_on(desk, change, row)
        change = await ended(desk, change.id, within=_a_while(desk)) or change
        if change.status in UNFINISHED:  # another process has it
            await asyncio.sleep(desk.policy.limits.poll.total_seconds())
    return change


def _a_while(desk: Desk) -> timedelta:
    """How long one look for the end of a change waits: less than it takes to be thought gone."""
    return desk.policy.limits.lease / 3


async def _shown(desk: Desk, row: BatchRow, plans: Sequence[PlanRow], wait_s: float) -> BatchView:
    if (task := desk.desk.tasks.get(row.id)) is not None:
        await asyncio.wait([task], timeout=wait_s)
    changes = {one.id: await desk.store.change_of(one.id) for one in plans}
    made = {name: one for name, one in changes.items() if one}
    return batch_view(await _kept(desk, row), plans, made, utc_now())


async def _tell(desk: Desk, batch: BatchRow, outcome: str) -> None:
    detail = {"batch": batch.id, "plans": batch.plans, "applier": batch.applier}
    if at := batch.body.get("stopped_at"):
        detail |= {"stopped_at": at, "why": batch.body.get("why", "")}
    await desk.trail.record(
        subject=batch.applier,
        action="autofix.batch",
        target=batch.id,
        outcome=outcome,
        detail=detail,
    )
