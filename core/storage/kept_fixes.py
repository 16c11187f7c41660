"""Repairs over a database, one short session a call: what the autofix server is handed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.storage.database import Database
from core.storage.fix_records import (
    Admission,
    BatchRow,
    BreakerRow,
    ChangeRow,
    DecisionRow,
    PlanRow,
    RehearsalRow,
    StepRow,
)
from core.storage.repositories.fix_batches import FixBatches
from core.storage.repositories.fix_changes import FixChanges
from core.storage.repositories.fix_plans import FixPlans


class KeptFixes:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def add_plan(self, row: PlanRow) -> None:
        async with self.database.session() as session:
            await FixPlans(session).add(row)

    async def plan(self, plan_id: str) -> PlanRow | None:
        async with self.database.session() as session:
            return await FixPlans(session).get(plan_id)

    async def plans(self, *, limit: int) -> list[PlanRow]:
        async with self.database.session() as session:
            return await FixPlans(session).latest(limit=limit)

    async def decisions(self, plan_id: str) -> list[DecisionRow]:
        async with self.database.session() as session:
            return await FixPlans(session).decisions(plan_id)

    async def decide(self, row: DecisionRow, *, needed: int) -> None:
        """Raises `Conflict` when it was decided before, naming who did."""
        async with self.database.session() as session:
            await FixPlans(session).decide(row, needed=needed)

    async def put_rehearsal(self, row: RehearsalRow) -> None:
        async with self.database.session() as session:
            await FixPlans(session).put_rehearsal(row)

    async def rehearsal(self, plan_id: str) -> RehearsalRow | None:
        """The last one; None: it was never tried."""
        async with self.database.session() as session:
            return await FixPlans(session).rehearsal(plan_id)

    async def start(
        self, row: ChangeRow, *, subject: str, unattended: bool, admission: Admission | None = None
    ) -> None:
        """Use the approval up, write the change down and take its workload's lock: all or nothing.

        `admission` judges by the changes before it, and nobody else begins one in between.
        """
        async with self.database.session() as session:
            changes = FixChanges(session)
            await changes.begin_in_turn()
            await FixPlans(session).take(row.plan_id, unattended=unattended)
            if admission:
                admission.judge(await changes.since(row.started_at - admission.within))
            await changes.lock(subject, row.id, now=row.started_at, expires_at=row.lease_until)
            await changes.add(row)

    async def take_over(
        self, change_id: str, runner: str, *, subject: str, now: datetime, lease_until: datetime
    ) -> bool:
        """Go on with a change whose runner is gone; False when it is not to be had."""
        async with self.database.session() as session:
            changes = FixChanges(session)
            if not await changes.claim(change_id, runner, now=now, lease_until=lease_until):
                return False
            await changes.lock(subject, change_id, now=now, expires_at=lease_until)
            return True

    async def reopen(
        self,
        change_id: str,
        runner: str,
        *,
        subject: str,
        now: datetime,
        lease_until: datetime,
        body: Mapping[str, Any],
    ) -> bool:
        """Begin to undo a verified change; False when somebody was first or it is not verified.

        `body` says who asked, which whoever takes over after a crash has to know as well.
        """
        async with self.database.session() as session:
            changes = FixChanges(session)
            told: dict[str, Any] = {"now": now, "lease_until": lease_until, "body": dict(body)}
            if not await changes.reopen(change_id, runner, **told):
                return False
            await changes.lock(subject, change_id, now=now, expires_at=lease_until)
            return True

    async def put_step(self, row: StepRow, *, runner: str, lease_until: datetime) -> None:
        """Raises `Conflict` when another process carries the change out now."""
        async with self.database.session() as session:
            changes = FixChanges(session)
            await changes.keep(row.change_id, runner, lease_until=lease_until, updated_at=row.at)
            await changes.prolong(row.change_id, lease_until)
            await changes.put_step(row)

    async def keep(
        self,
        change_id: str,
        runner: str,
        *,
        status: str,
        now: datetime,
        lease_until: datetime,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        """`body` None: it stays as it is."""
        async with self.database.session() as session:
            changes = FixChanges(session)
            values: dict[str, Any] = {
                "status": status, "updated_at": now, "lease_until": lease_until,
            }  # fmt: skip
            if body is not None:
                values["body"] = dict(body)
            await changes.keep(change_id, runner, **values)
            await changes.prolong(change_id, lease_until)

    async def finish(
        self, change_id: str, runner: str, *, status: str, now: datetime, body: Mapping[str, Any]
    ) -> None:
        async with self.database.session() as session:
            changes = FixChanges(session)
            values = {"status": status, "updated_at": now, "finished_at": now, "lease_until": now}
            await changes.keep(change_id, runner, **values, body=dict(body))
            await changes.unlock(change_id)

    async def change(self, change_id: str) -> ChangeRow | None:
        async with self.database.session() as session:
            return await FixChanges(session).get(change_id)

    async def change_of(self, plan_id: str) -> ChangeRow | None:
        async with self.database.session() as session:
            return await FixChanges(session).of_plan(plan_id)

    async def changes(self, *, limit: int) -> list[ChangeRow]:
        async with self.database.session() as session:
            return await FixChanges(session).latest(limit=limit)

    async def unfinished(self) -> list[ChangeRow]:
        async with self.database.session() as session:
            return await FixChanges(session).unfinished()

    async def changes_since(self, moment: datetime) -> list[ChangeRow]:
        async with self.database.session() as session:
            return await FixChanges(session).since(moment)

    async def steps(self, change_id: str) -> list[StepRow]:
        async with self.database.session() as session:
            return await FixChanges(session).steps(change_id)

    async def claim_batch(self, row: BatchRow) -> bool:
        """Begin a batch or go on with it; False while another is at it or when it is done."""
        async with self.database.session() as session:
            return await FixBatches(session).claim(row)

    async def keep_batch(self, row: BatchRow) -> None:
        """Raises `Conflict` when another process carries it out now."""
        values = {
            "status": row.status, "updated_at": row.updated_at, "finished_at": row.finished_at,
            "lease_until": row.lease_until, "body": row.body,
        }  # fmt: skip
        async with self.database.session() as session:
            await FixBatches(session).keep(row.id, row.runner, **values)

    async def batch(self, batch_id: str) -> BatchRow | None:
        async with self.database.session() as session:
            return await FixBatches(session).get(batch_id)

    async def batches(self, *, limit: int) -> list[BatchRow]:
        async with self.database.session() as session:
            return await FixBatches(session).latest(limit=limit)

    async def breaker(self) -> BreakerRow | None:
        async with self.database.session() as session:
            return await FixChanges(session).breaker()

    async def set_breaker(self, row: BreakerRow) -> None:
        async with self.database.session() as session:
            await FixChanges(session).set_breaker(row)
