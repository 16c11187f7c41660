"""autofix_approve and autofix_deny: what a person decides, with their own hand."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from core.clock import utc_now
from core.errors import Conflict, Forbidden, Invalid
from core.principal import Principal
from core.storage.fix_records import DecisionRow, PlanRow
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.plans import PlanId, autofix_get_plan, status_of
from mcp_servers.autofix.refusing import SENTENCES, refuse
from mcp_servers.autofix.seals import holds, seal_of_decision, seal_of_plan
from mcp_servers.autofix.shapes import PlanView
from mcp_servers.engines.guards import approvals_needed, names_typed, own_approval
from mcp_servers.facts.fixes import Level

Reason = Annotated[str, Field(max_length=500)]
TypedName = Annotated[
    str, Field(max_length=253, description="The object's name, typed; high risk asks for it.")
]


async def autofix_approve(
    plan_id: PlanId,
    typed_name: TypedName = "",
    reason: Reason = "",
    *,
    desk: Desk,
    caller: Principal,
) -> PlanView:
    """Approve a plan, by hand. It is good for this very change, once, until it expires."""
    row = await _open(desk, plan_id, caller)
    level = Level(row.level)
    refuse(own_approval(row.requester, caller.subject, level, desk.policy))
    if names_typed(level) and typed_name != row.name:
        risk = SENTENCES.said(f"level_{row.level}")
        raise SENTENCES.error(Invalid, "type_name", level=risk, kind=row.kind)
    await _decide(desk, row, caller, approved=True, reason=reason)
    return await autofix_get_plan(plan_id, desk=desk, caller=caller)


async def autofix_deny(
    plan_id: PlanId, reason: Reason = "", *, desk: Desk, caller: Principal
) -> PlanView:
    """Deny a plan, by hand. The reason is kept."""
    row = await _open(desk, plan_id, caller)
    await _decide(desk, row, caller, approved=False, reason=reason)
    return await autofix_get_plan(plan_id, desk=desk, caller=caller)


async def _open(desk: Desk, plan_id: str, caller: Principal) -> PlanRow:
    """The plan, while it can be decided about."""
    row = await desk.plan(plan_id, caller)
    check_seal(desk, row)
    if status_of(row, utc_now()) == "expired":
        raise SENTENCES.error(Conflict, "expired", plan=plan_id)
    return row


async def _decide(
    desk: Desk, row: PlanRow, caller: Principal, *, approved: bool, reason: str
) -> None:
    decision = DecisionRow(row.id, caller.subject, approved, reason, utc_now(), "")
    sealed = replace(decision, seal=seal_of_decision(desk.desk.key, row, decision))
    await desk.store.decide(sealed, needed=approvals_needed(Level(row.level)))
    await desk.trail.record(
        subject=caller.subject,
        action="autofix.decide",
        target=f"{row.kind}/{row.namespace}/{row.name}",
        outcome="approved" if approved else "denied",
        detail={"plan": row.id, "requester": row.requester, "reason": reason, "seal": row.seal},
    )


def check_seal(desk: Desk, row: PlanRow) -> None:
    """Raises `Forbidden` when anything of the plan is not as this server wrote it."""
    if not holds(seal_of_plan(desk.desk.key, row), row.seal):
        raise SENTENCES.error(Forbidden, "plan_altered", plan=row.id)


def check_decisions(desk: Desk, row: PlanRow, decisions: list[DecisionRow]) -> list[str]:
    """Who approved. Raises `Forbidden` when an approval was not given by this server's door."""
    for one in decisions:
        if not holds(seal_of_decision(desk.desk.key, row, one), one.seal):
            raise SENTENCES.error(Forbidden, "approval_altered", plan=row.id, who=one.approver)
    return [one.approver for one in decisions if one.approved]
