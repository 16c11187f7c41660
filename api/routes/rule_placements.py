"""Stored rules in the cluster: where they stand as PrometheusRule objects, and plans that bring them there."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from api.dependencies import CallerTools, Reads, takes
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/rules", tags=["alerts"])

Name = Annotated[str, Path(max_length=63)]


class Placement(Sent):
    namespace: str = Field(min_length=1, max_length=63)
    match: str = Field(
        default="", max_length=500, description="Files with these labels, team=web; empty: all."
    )
    labels: dict[str, str] = Field(
        default={}, max_length=20, description="Of the objects, e.g. release: prometheus."
    )


@router.get(
    "/objects", operation_id="listRuleObjects", dependencies=[takes(Permission.ALERTS_READ)]
)
async def list_objects(tools: CallerTools, placement: str = "", cursor: str = "") -> dict[str, Any]:
    """The PrometheusRule objects of stored rules: in step, behind, drifted, absent, left over."""
    asked = {"placement": placement, "cursor": cursor}
    return (await tools.call("alerting_list_rule_objects", **asked)).data


@router.put(
    "/placements/{name}",
    operation_id="setRulePlacement",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def set_placement(name: Name, body: Placement, tools: CallerTools) -> dict[str, Any]:
    """Say which stored files are to stand in a namespace. Nothing is written by that."""
    told = body.model_dump()
    return (await tools.call("alerting_set_rule_placement", name=name, **told)).data


@router.delete(
    "/placements/{name}",
    operation_id="removeRulePlacement",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def remove_placement(name: Name, tools: CallerTools) -> dict[str, Any]:
    """Forget a placement; its objects stay in the cluster and are named."""
    return (await tools.call("alerting_remove_rule_placement", name=name)).data


@router.post(
    "/placements/{name}/plan",
    operation_id="planRulePlacement",
    dependencies=[takes(Permission.ALERTS_READ), takes(Permission.FIXES_PLAN)],
)
async def plan_placement(name: Name, tools: CallerTools, reads: Reads) -> dict[str, Any]:
    """A plan for each object that differs from the stored rules; each is approved and applied as a repair."""
    wanted = (await tools.call("alerting_render_rule_objects", placement=name)).data
    plans = [
        (await tools.call("autofix_plan_rules", **row, language=reads)).data
        for row in wanted["rows"]
    ]
    return {"plans": plans, "foreign": wanted["foreign"]}
