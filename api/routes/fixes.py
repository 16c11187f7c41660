"""Repairs: proposed, decided by a person, carried out, taken back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from api.dependencies import CallerTools, HandTools, Reads, takes
from api.listing import sort_by
from api.routes.findings import Language, Scope
from api.routes.markdown import Markdown
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/autofix", tags=["repairs"])

Id = Annotated[str, Field(min_length=1, max_length=64)]
Wait = Annotated[float, Field(ge=0, le=900, description="Seconds to wait for its end.")]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=200)]
Body = dict[str, Any]


class PlanRequest(Scope):
    """A finding, an object that something is wrong with, or a change by its name."""

    finding: str = Field(default="", max_length=64)
    change: Literal[
        "", "scale", "restart", "rollback", "cordon", "uncordon", "drain", "resume", "rerun",
        "evict", "pin", "expire", "rightsize", "resources",
    ] = ""  # fmt: skip
    replicas: int | None = Field(default=None, ge=0, le=10_000)
    revision: int = Field(default=0, ge=0)
    resources: list[Annotated[str, Field(max_length=100)]] = Field(
        default_factory=list[str],
        max_length=8,
        description="For resources, e.g. limits.memory=512Mi, requests.cpu+=200m, memory*=2.",
    )
    container: str = Field(default="", max_length=63)


class Approval(Sent):
    plan_id: Id
    typed_name: str = Field(
        default="", max_length=253, description="The object's name; high risk asks for it."
    )
    reason: str = Field(default="", max_length=500)


class Denial(Sent):
    plan_id: Id
    reason: str = Field(default="", max_length=500)


class Application(Sent):
    plan_id: Id
    wait_s: Wait = 45


class Batch(Sent):
    plan_ids: list[Id] = Field(min_length=1, max_length=20, description="In this order.")
    wait_s: Wait = 45


class Rollback(Sent):
    change_id: Id
    wait_s: Wait = 45


class Reason(Sent):
    reason: str = Field(default="", max_length=500, description="It is asked for, and kept.")


@router.post(
    "/diagnose", operation_id="findingsToFix", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def diagnose(tools: CallerTools, body: Scope) -> Body:
    """What is wrong in scope, and which of it has a class of repair."""
    return (await tools.call("rca_list_findings", **_given(body))).data


@router.post("/plan", operation_id="planFix", dependencies=[takes(Permission.FIXES_PLAN)])
async def plan(tools: CallerTools, reads: Reads, body: PlanRequest) -> Body:
    """Propose a change: target, diff, risk, checks, who has to approve. Nothing is changed."""
    language = body.language if "language" in body.model_fields_set else reads
    return (await tools.call("autofix_plan", **{**_given(body), "language": language})).data


@router.get("/plans", operation_id="listFixPlans", dependencies=[takes(Permission.FIXES_PLAN)])
async def list_plans(
    tools: CallerTools,
    reads: Reads,
    limit: Limit = 20,
    cursor: Cursor = "",
    sort: Annotated[str, sort_by("title fix status risk requester created_at expires_at")] = "",
    language: Language | None = None,
) -> Body:
    """The plans there are, the newest first. `language`: else as `Accept-Language` says."""
    about = {"limit": limit, "cursor": cursor, "sort": sort, "language": language or reads}
    return (await tools.call("autofix_list_plans", **about)).data


@router.get(
    "/plans/{plan_id}", operation_id="getFixPlan", dependencies=[takes(Permission.FIXES_PLAN)]
)
async def get_plan(
    tools: CallerTools, reads: Reads, plan_id: str, language: Language | None = None
) -> Body:
    """One plan, with what was decided about it."""
    about = {"plan_id": plan_id, "language": language or reads}
    return (await tools.call("autofix_get_plan", **about)).data


@router.post("/rehearse", operation_id="rehearseFix", dependencies=[takes(Permission.FIXES_PLAN)])
async def rehearse(tools: CallerTools, body: Application) -> Body:
    """Try a plan on a copy of the cluster; the outcome stands with the plan from then on."""
    return (await tools.call("autofix_rehearse", **body.model_dump())).data


@router.post("/approve", operation_id="approveFix", dependencies=[takes(Permission.FIXES_APPROVE)])
async def approve(tools: HandTools, body: Approval) -> Body:
    """Approve a plan. Whoever decides second gets 409 and is told who was first."""
    return (await tools.call("autofix_approve", **body.model_dump())).data


@router.post("/deny", operation_id="denyFix", dependencies=[takes(Permission.FIXES_APPROVE)])
async def deny(tools: HandTools, body: Denial) -> Body:
    """Deny a plan; the reason is kept."""
    return (await tools.call("autofix_deny", **body.model_dump())).data


@router.post("/apply", operation_id="applyFix", dependencies=[takes(Permission.FIXES_APPLY)])
async def apply(tools: CallerTools, body: Application) -> Body:
    """Carry out an approved plan; answers when it has ended, or how far it is."""
    return (await tools.call("autofix_apply", **body.model_dump())).data


@router.post("/batch", operation_id="applyFixes", dependencies=[takes(Permission.FIXES_APPLY)])
async def apply_batch(tools: CallerTools, body: Batch) -> Body:
    """Carry approved plans out one by one, up to the first that does not verify."""
    return (await tools.call("autofix_apply_batch", **body.model_dump())).data


@router.get("/batches", operation_id="listFixBatches", dependencies=[takes(Permission.FIXES_PLAN)])
async def list_batches(
    tools: CallerTools,
    limit: Limit = 20,
    cursor: Cursor = "",
    sort: Annotated[str, sort_by("status applier plans started_at finished_at")] = "",
) -> Body:
    """The batches there have been, the latest first."""
    return (await tools.call("autofix_list_batches", limit=limit, cursor=cursor, sort=sort)).data


@router.get(
    "/batches/{batch_id}", operation_id="getFixBatch", dependencies=[takes(Permission.FIXES_PLAN)]
)
async def get_batch(
    tools: CallerTools, batch_id: str, wait_s: Annotated[float, Query(ge=0, le=60)] = 0
) -> Body:
    """One batch: its plans in their order, how far it is, where it stopped and why."""
    return (await tools.call("autofix_get_batch", batch_id=batch_id, wait_s=wait_s)).data


@router.get(
    "/batches/{batch_id}/report",
    operation_id="reportFixBatch",
    dependencies=[takes(Permission.FIXES_PLAN)],
    response_class=Markdown,
)
async def report_batch(tools: CallerTools, reads: Reads, batch_id: str) -> Markdown:
    """One batch as a Markdown report."""
    about = {"batch_id": batch_id, "language": reads}
    found = (await tools.call("autofix_report_batch", **about)).data
    return Markdown(found["markdown"])


@router.post("/rollback", operation_id="rollBackFix", dependencies=[takes(Permission.FIXES_APPLY)])
async def rollback(tools: CallerTools, body: Rollback) -> Body:
    """Take a verified change back."""
    return (await tools.call("autofix_rollback", **body.model_dump())).data


@router.get("/changes", operation_id="listFixChanges", dependencies=[takes(Permission.FIXES_PLAN)])
async def list_changes(
    tools: CallerTools,
    limit: Limit = 20,
    cursor: Cursor = "",
    sort: Annotated[str, sort_by("status fix requester approvers started_at finished_at")] = "",
) -> Body:
    """What was carried out, the latest first."""
    return (await tools.call("autofix_list_changes", limit=limit, cursor=cursor, sort=sort)).data


@router.get(
    "/changes/{change_id}", operation_id="getFixChange", dependencies=[takes(Permission.FIXES_PLAN)]
)
async def get_change(
    tools: CallerTools, change_id: str, wait_s: Annotated[float, Query(ge=0, le=60)] = 0
) -> Body:
    """One change: its steps, how it ended, what to look at."""
    return (await tools.call("autofix_get_change", change_id=change_id, wait_s=wait_s)).data


@router.get(
    "/changes/{change_id}/report",
    operation_id="reportFixChange",
    dependencies=[takes(Permission.FIXES_PLAN)],
    response_class=Markdown,
)
async def report_change(tools: CallerTools, reads: Reads, change_id: str) -> Markdown:
    """One change as a Markdown report."""
    about = {"change_id": change_id, "language": reads}
    found = (await tools.call("autofix_report_change", **about)).data
    return Markdown(found["markdown"])


@router.get("/config", operation_id="fixConfig", dependencies=[takes(Permission.FIXES_PLAN)])
async def config(tools: CallerTools) -> Body:
    """Whether writing is allowed, and what bounds it."""
    return (await tools.call("autofix_status")).data


@router.post("/stop", operation_id="stopFixes", dependencies=[takes(Permission.FIXES_STOP)])
async def stop(tools: CallerTools, body: Reason) -> Body:
    """Stop all writing at once."""
    return (await tools.call("autofix_stop", reason=body.reason)).data


@router.post("/resume", operation_id="resumeFixes", dependencies=[takes(Permission.FIXES_STOP)])
async def resume(tools: HandTools, body: Reason) -> Body:
    """Allow writing again."""
    return (await tools.call("autofix_resume", reason=body.reason)).data


def _given(body: Sent) -> Body:
    return {name: one for name, one in body.model_dump().items() if one not in ("", None, [])}
