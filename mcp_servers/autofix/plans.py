"""autofix_plan and what shows plans: a change is proposed, nothing is done."""

from dataclasses import replace
from datetime import datetime
from secrets import token_hex
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from core.clock import utc_now
from core.errors import Conflict, Invalid
from core.principal import Principal
from core.redaction import redact_fields
from core.storage.fix_records import PlanRow, RehearsalRow
from mcp_servers.autofix.amounts import asked_amounts, counted
from mcp_servers.autofix.desk import Desk, visible
from mcp_servers.autofix.packing import findings_json, plan_json
from mcp_servers.autofix.planning import Draft, Wanted, drafted
from mcp_servers.autofix.refusing import SENTENCES, Language, Reader
from mcp_servers.autofix.seals import holds, seal_of_plan, seal_of_rehearsal
from mcp_servers.autofix.shapes import (
    ApprovalView,
    PlanPage,
    PlanView,
    Told,
    plan_line,
    plan_view,
)
from mcp_servers.autofix.telling import BOTH, Telling
from mcp_servers.engines.guards import approvals_needed, names_typed, own_approval, size, unattended
from mcp_servers.engines.rule_objects import KIND
from mcp_servers.engines.verification import unseen
from mcp_servers.facts.fixes import Plan
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.paging import Sort

MOST_REPLICAS = 10_000

Finding = Annotated[str, Field(max_length=64, description="Id or fingerprint of a finding.")]
Namespace = Annotated[str, Field(max_length=63)]
Kind = Annotated[str, Field(max_length=63, description="e.g. Deployment, Node.")]
Name = Annotated[str, Field(max_length=253, description="The object to change.")]
Named = Literal[
    "", "scale", "restart", "rollback", "cordon", "uncordon", "drain", "resume", "rerun", "evict",
    "pin", "expire", "rightsize", "resources",
]  # fmt: skip
Change = Annotated[
    Named,
    Field(
        description="What a person asked for; empty: repair what is wrong. rerun a failed Job, evict"
        " a Pod, pin an image to its digest, let runs of a CronJob expire after a day,"
        " rightsize requests to two weeks of use, set resources to amounts that a person named."
    ),
]
Replicas = Annotated[int | None, Field(ge=0, le=MOST_REPLICAS, description="For scale.")]
Revision = Annotated[int, Field(ge=0, description="For rollback; 0: the one before.")]
Resources = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(
        max_length=8,
        description="For resources: amounts such as limits.memory=512Mi, requests.cpu+=200m,"
        " memory*=2 (its request and limit). For scale without replicas: one of replicas+=2,"
        " replicas-=1, replicas*=2.",
    ),
]
Container = Annotated[str, Field(max_length=63, description="For resources: which of several.")]
PlanId = Annotated[str, Field(min_length=1, max_length=64, description="fix-…")]
Limit = Annotated[int, Field(ge=1, le=200)]
Read = Annotated[Reader, Field(description="Empty: the language it was made in.")]

MOST_PLANS = 500
WORDS = {
    "en": {
        "anyone": "anyone with fixes:approve",
        "others": "anyone with fixes:approve but {requester}",
    },
    "zh": {
        "anyone": "任何拥有 fixes:approve 权限的人",
        "others": "除 {requester} 以外、拥有 fixes:approve 权限的人",
    },
}


async def autofix_plan(
    finding: Finding = "",
    namespace: Namespace = "",
    kind: Kind = "",
    name: Name = "",
    change: Change = "",
    replicas: Replicas = None,
    revision: Revision = 0,
    resources: Resources | None = None,
    container: Container = "",
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> PlanView:
    """Propose a change: repair a finding or an object, or scale, restart, roll back, set resources …

    Changes nothing. Shows target, diff, risk, checks and who has to approve.
    """
    wanted = Wanted(
        finding,
        namespace,
        kind,
        name,
        change,
        replicas,
        revision,
        language,
        tuple(resources or ()),
        container,
    )
    _check(wanted)
    draft = await drafted(desk.seen_by(caller), caller, wanted)
    return await kept_or_shown(desk, draft, wanted, caller)


async def kept_or_shown(desk: Desk, draft: Draft, wanted: Wanted, caller: Principal) -> PlanView:
    """A plan that may be approved, where nothing refuses it and there is a database."""
    if draft.refused or not isinstance(draft.repair, Plan) or desk.kept is None:
        return await _shown(desk, draft, wanted, caller, None)
    row = await _kept(desk, draft, draft.repair, wanted, caller)
    return plan_view(row, [], row.status, None)


async def autofix_get_plan(
    plan_id: PlanId, language: Read = "", *, desk: Desk, caller: Principal
) -> PlanView:
    """Show a plan again: what it changes, what was decided about it."""
    row = await desk.plan(plan_id, caller)
    decisions, rehearsal = await desk.store.decisions(row.id), await rehearsed(desk, row)
    return plan_view(row, decisions, status_of(row, utc_now()), rehearsal, language)


async def autofix_list_plans(
    limit: Limit = 20,
    cursor: str = "",
    sort: Sort = "",
    language: Read = "",
    *,
    desk: Desk,
    caller: Principal,
) -> PlanPage:
    """List plans, the newest first, with what became of them."""
    now = utc_now()
    rows = [
        one for one in await desk.store.plans(limit=MOST_PLANS) if visible(caller, one.namespace)
    ]
    lines = [plan_line(one, status_of(one, now), language) for one in rows]
    return PlanPage.of(lines, cursor=cursor, sort=sort, size=limit)


async def rehearsed(desk: Desk, row: PlanRow) -> RehearsalRow | None:
    """The last rehearsal of a plan, unless somebody altered what became of it."""
    found = await desk.store.rehearsal(row.id)
    if found is None or not holds(seal_of_rehearsal(desk.desk.key, row, found), found.seal):
        return None
    return found


def status_of(row: PlanRow, now: datetime) -> str:
    """As it is kept, or expired."""
    over = row.status in ("proposed", "approved") and now >= row.expires_at
    return "expired" if over else row.status


def _check(wanted: Wanted) -> None:
    if wanted.change == "scale":
        _check_count(wanted)
    elif (wanted.change == "resources") != bool(wanted.resources):
        raise SENTENCES.error(Invalid, "takes_resources")
    else:
        asked_amounts(wanted.resources)
    if wanted.change and not wanted.name:
        raise SENTENCES.error(Invalid, "takes_name", change=wanted.change)
    if wanted.change and wanted.finding:
        raise SENTENCES.error(Invalid, "finding_or_change")


def _check_count(wanted: Wanted) -> None:
    """How many there shall be is told in one way: as a number, or as so many more or less."""
    if (wanted.replicas is None) != bool(wanted.resources):
        raise SENTENCES.error(Invalid, "takes_replicas")
    if wanted.resources:
        counted(wanted.resources, MOST_REPLICAS)


async def _shown(
    desk: Desk, draft: Draft, wanted: Wanted, caller: Principal, expires_at: datetime | None
) -> PlanView:
    repair = draft.repair
    title = Telling(wanted.language).plan(repair) if isinstance(repair, Plan) else ""
    if draft.finding and not title:
        title = await desk.looker.title(draft.finding, wanted.language)
    return PlanView(
        plan_id="",
        finding=draft.fingerprint,
        title=title,
        fix=repair.fix,
        status="refused" if draft.refused else "proposed",
        requester=caller.subject,
        cluster=draft.cluster.name,
        risk=draft.level.value,
        steps=draft.steps,
        preflight=draft.checks,
        approval=_approval(desk, draft, repair.target, wanted, caller, expires_at),
        proposal=draft.proposal,
        refused=draft.refused,
    )


def _approval(
    desk: Desk,
    draft: Draft,
    target: Ref,
    wanted: Wanted,
    caller: Principal,
    expires_at: datetime | None,
) -> ApprovalView:
    level, now = draft.level, draft.cluster.now
    alone = unattended(draft.repair.fix, target.namespace, level, now, desk.policy)
    other = own_approval(caller.subject, caller.subject, level, desk.policy)
    words = WORDS[wanted.language]["others" if other else "anyone"]
    return ApprovalView(
        required=not alone,
        approvers=words.format(requester=caller.subject),
        needed=0 if alone else approvals_needed(level),
        given=[],
        typed_name=names_typed(level),
        expires_at=expires_at,
    )


async def _kept(desk: Desk, draft: Draft, plan: Plan, wanted: Wanted, caller: Principal) -> PlanRow:
    now = utc_now()
    expires_at = now + desk.policy.limits.approval
    view = (await _shown(desk, draft, wanted, caller, expires_at)).model_dump(mode="json")
    words = {one: _told(desk, draft, plan, replace(wanted, language=one), caller) for one in BOTH}
    body: dict[str, Any] = {
        "view": redact_fields(view),
        "told": {one: redact_fields(told.model_dump()) for one, told in words.items()},
        "plan": plan_json(plan),
        "marks": draft.marks,
        "before": findings_json(draft.sighting.findings),
        "unseen": sorted(unseen(draft.cluster)),
        "pods": size(plan, draft.cluster).pods,
        "cluster": await cluster_id(desk),
        "policy": desk.policy.version,
        "language": wanted.language,
        "wish": _wish(draft, wanted),
    }
    row = PlanRow(
        id=f"fix-{token_hex(6)}",
        fix=plan.fix,
        fingerprint=draft.fingerprint,
        namespace=plan.target.namespace,
        kind=plan.target.kind,
        name=plan.target.name,
        requester=caller.subject,
        level=draft.level.value,
        status="proposed",
        created_at=now,
        expires_at=expires_at,
        body=orjson.loads(orjson.dumps(body)),  # as it will be read again
        seal="",
    )
    sealed = replace(row, seal=seal_of_plan(desk.desk.key, row))
    await desk.store.add_plan(sealed)
    return sealed


def _told(desk: Desk, draft: Draft, plan: Plan, wanted: Wanted, caller: Principal) -> Told:
    """The plan in the words of one language."""
    about = {
        "title": Telling(wanted.language).plan(plan),
        "approvers": _approval(desk, draft, plan.target, wanted, caller, None).approvers,
    }
    return draft.told[wanted.language].model_copy(update=about)


def _wish(draft: Draft, wanted: Wanted) -> dict[str, Any] | None:
    """The arguments that make the same plan elsewhere; None: no copy of a cluster shows what comes of it."""
    target = draft.repair.target
    if target.kind == KIND:
        return None
    about: dict[str, Any] = {"namespace": target.namespace, "language": wanted.language}
    if not wanted.change:
        return {**about, "finding": draft.fingerprint}
    asked: dict[str, Any] = {
        "change": wanted.change,
        "replicas": draft.replicas,
        "revision": wanted.revision,
    }
    if wanted.change == "resources":
        asked |= {"resources": list(wanted.resources), "container": wanted.container}
    given = {name: one for name, one in asked.items() if one is not None}
    return {**about, **given, "kind": target.kind, "name": target.name}


async def cluster_id(desk: Desk) -> str:
    """The UID of kube-system, which no other cluster has. Raises `Conflict` when it is hidden."""
    found = await desk.writing.itself().found(Ref("Namespace", "", "kube-system"))
    if found is None:
        raise SENTENCES.error(Conflict, "no_kube_system")
    return found.uid
