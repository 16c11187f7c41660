"""Plans and the decisions about them. The first decision wins; the others are told whose it was."""

from dataclasses import asdict

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, NotFound
from core.storage.fix_records import DecisionRow, PlanRow, RehearsalRow
from core.storage.models import FixDecision, FixPlan, FixRehearsal
from core.storage.sentences import SENTENCES

PROPOSED, APPROVED, DENIED, TAKEN = "proposed", "approved", "denied", "taken"


class FixPlans:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: PlanRow) -> None:
        await self._session.execute(insert(FixPlan).values(**asdict(row)))

    async def get(self, plan_id: str) -> PlanRow | None:
        found = await self._session.get(FixPlan, plan_id)
        return _plan(found) if found else None

    async def latest(self, *, limit: int) -> list[PlanRow]:
        query = select(FixPlan).order_by(FixPlan.created_at.desc(), FixPlan.id).limit(limit)
        return [_plan(one) for one in await self._session.scalars(query)]

    async def decisions(self, plan_id: str) -> list[DecisionRow]:
        query = select(FixDecision).where(FixDecision.plan_id == plan_id)
        found = await self._session.scalars(query.order_by(FixDecision.at, FixDecision.approver))
        return [_decision(one) for one in found]

    async def decide(self, row: DecisionRow, *, needed: int) -> None:
        """Keep a decision; `needed` approvals make the plan approved, one denial makes it denied.

        Raises `Conflict` when it was decided before, naming who did.
        """
        if not await self._claim(row.plan_id, PROPOSED, PROPOSED):
            raise await self._decided(row.plan_id)
        before = await self.decisions(row.plan_id)
        if any(one.approver == row.approver for one in before):
            raise SENTENCES.error(Conflict, "approved_by_you", plan=row.plan_id)
        await self._session.execute(insert(FixDecision).values(**asdict(row)))
        if not row.approved:
            await self._claim(row.plan_id, PROPOSED, DENIED)
        elif len(before) + 1 >= needed:
            await self._claim(row.plan_id, PROPOSED, APPROVED)

    async def put_rehearsal(self, row: RehearsalRow) -> None:
        """Keep it in the place of the one before."""
        one = await self._session.get(FixRehearsal, row.plan_id)
        if one is None:
            one = FixRehearsal(plan_id=row.plan_id)
            self._session.add(one)
        one.outcome, one.at, one.body, one.seal = row.outcome, row.at, row.body, row.seal

    async def rehearsal(self, plan_id: str) -> RehearsalRow | None:
        one = await self._session.get(FixRehearsal, plan_id)
        return RehearsalRow(plan_id, one.outcome, one.at, one.body, one.seal) if one else None

    async def take(self, plan_id: str, *, unattended: bool = False) -> None:
        """Use the approval up. Raises `Conflict` when it was used or there is none.

        `unattended`: policy lets this plan go without a person.
        """
        if await self._claim(plan_id, APPROVED, TAKEN):
            return
        if unattended and await self._claim(plan_id, PROPOSED, TAKEN):
            return
        raise await self._decided(plan_id)

    async def _claim(self, plan_id: str, before: str, after: str) -> bool:
        """Move a plan from one status to the next; False when it was not there."""
        moved = await self._session.execute(
            update(FixPlan)
            .where(FixPlan.id == plan_id, FixPlan.status == before)
            .values(status=after)
            .returning(FixPlan.id)
        )
        return moved.first() is not None

    async def _decided(self, plan_id: str) -> Conflict | NotFound:
        plan = await self.get(plan_id)
        if plan is None:
            return SENTENCES.error(NotFound, "no_plan", plan=plan_id)
        decisions = await self.decisions(plan_id)
        if plan.status == PROPOSED:
            return SENTENCES.error(Conflict, "not_approved", plan=plan_id)
        if plan.status == TAKEN:
            return SENTENCES.error(Conflict, "carried_out", plan=plan_id)
        who = decisions[-1].approver if decisions else SENTENCES.said("the_policy")
        return SENTENCES.error(Conflict, f"{plan.status}_by", plan=plan_id, who=who)


def _plan(one: FixPlan) -> PlanRow:
    return PlanRow(
        id=one.id,
        fix=one.fix,
        fingerprint=one.fingerprint,
        namespace=one.namespace,
        kind=one.kind,
        name=one.name,
        requester=one.requester,
        level=one.level,
        status=one.status,
        created_at=one.created_at,
        expires_at=one.expires_at,
        body=one.body,
        seal=one.seal,
    )


def _decision(one: FixDecision) -> DecisionRow:
    return DecisionRow(
        plan_id=one.plan_id,
        approver=one.approver,
        approved=one.approved,
        reason=one.reason,
        at=one.at,
        seal=one.seal,
    )
