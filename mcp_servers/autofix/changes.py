"""autofix_apply, autofix_rollback and what shows changes."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Conflict, Forbidden, NotFound
from core.principal import Principal
from core.storage.fix_records import Admission, ChangeRow, PlanRow
from mcp_servers.autofix.approvals import check_decisions, check_seal
from mcp_servers.autofix.change_shapes import (
    ChangePage,
    ChangeView,
    Report,
    change_line,
    change_view,
)
from mcp_servers.autofix.desk import Desk, acting, past_of, visible
from mcp_servers.autofix.executing import begin, ended, kept_why, subject_of
from mcp_servers.autofix.packing import plan_of
from mcp_servers.autofix.plans import Limit, PlanId, cluster_id, status_of
from mcp_servers.autofix.refusing import SENTENCES, Language, refuse
from mcp_servers.autofix.reporting import report
from mcp_servers.autofix.switches import refuse_if_stopped
from mcp_servers.autofix.verifying import longest
from mcp_servers.engines.guards import approvals_needed, own_approval, too_soon, unattended
from mcp_servers.facts.fixes import Level
from mcp_servers.facts.guards import Size
from mcp_servers.paging import Sort

ChangeId = Annotated[str, Field(min_length=1, max_length=64, description="chg-…")]
Wait = Annotated[float, Field(ge=0, le=900, description="Seconds to wait for its end.")]
UNFINISHED = frozenset({"running", "undoing"})
MOST_CHANGES = 500


class Recovered(BaseModel):
    changes: list[str] = Field(description="Those this process goes on with now.")


async def autofix_apply(
    plan_id: PlanId, wait_s: Wait = 45, *, desk: Desk, caller: Principal
) -> ChangeView:
    """Carry out an approved plan: write, wait, verify; roll back by itself when it does not hold.

    Takes an approval up. Ask with autofix_get_change when it has not ended yet.
    """
    row = await desk.plan(plan_id, caller)
    known = await desk.store.change_of(row.id)
    if known is None:
        known = await started(desk, row, caller)
        await begin(desk, known, row)
    elif known.status in UNFINISHED:
        await carry_on(desk, known, row)
    else:
        ended = SENTENCES.said(f"status_{known.status}")
        raise SENTENCES.error(Conflict, "carried_out", plan=row.id, status=ended, change=known.id)
    return await _shown(desk, known.id, wait_s)


async def autofix_rollback(
    change_id: ChangeId, wait_s: Wait = 45, *, desk: Desk, caller: Principal
) -> ChangeView:
    """Take a verified change back by the way that was stored and approved with it."""
    row = await desk.change(change_id, caller)
    plan = await desk.plan(row.plan_id, caller)
    check_seal(desk, plan)
    await refuse_if_stopped(desk)
    await _same_cluster(desk, plan)
    if not any(step.inverse for step in plan_of(plan.body["plan"]).steps):
        raise SENTENCES.error(Conflict, "no_way_back", change=change_id)
    why = SENTENCES.said("asked_back", who=caller.subject)
    body = {**row.body, **acting(caller), **kept_why(why), "asked_back": True}
    asked = replace(row, body=body, status="undoing")
    now, lease = utc_now(), desk.lease()
    taken = await desk.store.reopen(
        row.id,
        desk.desk.runner,
        subject=subject_of(row),
        now=now,
        lease_until=lease,
        body=asked.body,
    )
    if not taken:
        stands = SENTENCES.said(f"status_{row.status}")
        raise SENTENCES.error(Conflict, "not_verified", change=change_id, status=stands)
    await begin(desk, asked, plan)
    return await _shown(desk, row.id, wait_s)


async def autofix_get_change(
    change_id: ChangeId, wait_s: Wait = 0, *, desk: Desk, caller: Principal
) -> ChangeView:
    """Show a change: how far it is, how it ended, what to look at."""
    row = await desk.change(change_id, caller)
    return await _shown(desk, row.id, wait_s)


async def autofix_list_changes(
    limit: Limit = 20, cursor: str = "", sort: Sort = "", *, desk: Desk, caller: Principal
) -> ChangePage:
    """List changes that were carried out, the latest first: who asked, who approved, the result."""
    rows = [
        one
        for one in await desk.store.changes(limit=MOST_CHANGES)
        if visible(caller, one.namespace)
    ]
    return ChangePage.of([change_line(one) for one in rows], cursor=cursor, sort=sort, size=limit)


async def autofix_report_change(
    change_id: ChangeId, language: Language = "en", *, desk: Desk, caller: Principal
) -> Report:
    """Write a change down as a Markdown report."""
    row = await desk.change(change_id, caller)
    plan = await desk.plan(row.plan_id, caller)
    steps = await desk.store.steps(row.id)
    return Report(change_id=row.id, markdown=report(row, steps, plan, language))


async def autofix_recover(*, desk: Desk, caller: Principal) -> Recovered:
    """Go on with changes whose process died, from their last recorded step."""
    found: list[str] = []
    for row in await desk.store.unfinished():
        plan = await desk.store.plan(row.plan_id)
        if plan and visible(caller, row.namespace) and await _taken_over(desk, row, plan):
            found.append(row.id)
    return Recovered(changes=found)


async def started(desk: Desk, row: PlanRow, caller: Principal) -> ChangeRow:
    """The change, with its approval used up and its workload locked; or why not."""
    approvers = await admitted(desk, row, caller.subject)
    now = utc_now()
    change = ChangeRow(
        id=f"chg-{token_hex(6)}",
        plan_id=row.id,
        fix=row.fix,
        fingerprint=row.fingerprint,
        namespace=row.namespace,
        kind=row.kind,
        name=row.name,
        requester=row.requester,
        approvers=", ".join(approvers),
        applier=caller.subject,
        status="running",
        started_at=now,
        updated_at=now,
        finished_at=None,
        runner=desk.desk.runner,
        lease_until=desk.lease(),
        body={
            **acting(caller),
            "size": asdict(size_of(row)),
            "latest": f"{now + longest(plan_of(row.body['plan']), desk.policy.limits):%H:%M} UTC",
        },
    )
    await desk.trail.record(
        subject=caller.subject, action="autofix.apply", target=subject_of(row), outcome="taken",
        detail={"plan": row.id, "change": change.id, "approvers": approvers, "seal": row.seal},
    )  # fmt: skip
    await desk.store.start(
        change,
        subject=subject_of(row),
        unattended=not approvers,
        admission=Admission(desk.memory, partial(_refuse_too_soon, desk, row, caller.subject)),
    )
    return change


def _refuse_too_soon(desk: Desk, row: PlanRow, who: str, changes: Sequence[ChangeRow]) -> None:
    """Raises why no more may be made now: after what was made of this object, or in this hour."""
    plan, past = plan_of(row.body["plan"]), [past_of(one) for one in changes]
    wanted, now = size_of(row), utc_now()
    refuse(too_soon(plan, row.fingerprint, wanted, past, now, desk.policy, who=who))


async def admitted(desk: Desk, row: PlanRow, who: str) -> list[str]:
    """Who approved it, none where policy lets it go. Raises the error that says why `who` may not
    carry it out."""
    await refuse_if_stopped(desk)
    check_seal(desk, row)
    now, level = utc_now(), Level(row.level)
    if status_of(row, now) == "expired":
        raise SENTENCES.error(Conflict, "expired", plan=row.id)
    if row.body["policy"] != desk.policy.version:
        raise SENTENCES.error(Conflict, "policy_changed", plan=row.id)
    await _same_cluster(desk, row)
    _refuse_too_soon(desk, row, who, await desk.store.changes_since(now - desk.memory))
    decisions = await desk.store.decisions(row.id)
    approvers = check_decisions(desk, row, decisions)
    if no := next((one for one in decisions if not one.approved), None):
        raise SENTENCES.error(Conflict, "denied", plan=row.id, who=no.approver, why=no.reason)
    for one in approvers:
        refuse(own_approval(row.requester, one, level, desk.policy))
    alone = unattended(row.fix, row.namespace, level, now, desk.policy)
    if len(approvers) < approvals_needed(level) and not alone:
        raise SENTENCES.error(Conflict, "not_approved", plan=row.id)
    return approvers


async def _same_cluster(desk: Desk, row: PlanRow) -> None:
    if row.body["cluster"] != await cluster_id(desk):
        raise SENTENCES.error(Forbidden, "other_cluster", plan=row.id)


def size_of(row: PlanRow) -> Size:
    """How much a kept plan is, by what was seen when it was made."""
    targets = [step.write.target for step in plan_of(row.body["plan"]).steps]
    return Size(len(targets), len(set(targets)), int(row.body.get("pods") or 0))


async def carry_on(desk: Desk, row: ChangeRow, plan: PlanRow) -> None:
    """Take over what no living process carries out. Another's is left to it."""
    if row.id not in desk.desk.tasks:
        await _taken_over(desk, row, plan)


async def _taken_over(desk: Desk, row: ChangeRow, plan: PlanRow) -> bool:
    if row.id in desk.desk.tasks:
        return False
    check_seal(desk, plan)
    now, lease = utc_now(), desk.lease()
    taken = await desk.store.take_over(
        row.id, desk.desk.runner, subject=subject_of(row), now=now, lease_until=lease
    )
    if taken:
        await begin(desk, row, plan)
    return taken


async def _shown(desk: Desk, change_id: str, wait_s: float) -> ChangeView:
    row = await ended(desk, change_id, within=timedelta(seconds=wait_s))
    if row is None:
        raise SENTENCES.error(NotFound, "no_change", change=change_id)
    return change_view(row, await desk.store.steps(row.id))
