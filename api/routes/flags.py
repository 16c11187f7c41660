"""Smart functions: off, shadow or on, for whom, and what switches them back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.dependencies import CallerTools, takes
from api.listing import sort_by
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/flags", tags=["alerts"])

READ, CHANGE = [takes(Permission.ALERTS_READ)], [takes(Permission.ALERTS_MANAGE)]
Name = Annotated[str, Path(max_length=100, description="E.g. analysis or models; GET lists them.")]
What = Annotated[
    Literal["", "set", "evaluated", "verdict", "held", "released", "shadow"],
    Query(description="shadow: what it would have done. Empty: all but that."),
]


class FlagBody(Sent):
    terms: dict[str, Any] = Field(
        description="state, share_percent, labels, needs, gates.",
        examples=[{"state": "on", "share_percent": 20, "gates": {"min_accuracy": 0.85}}],
    )


class EvaluationBody(Sent):
    suite: str = Field(min_length=1, max_length=100)
    cases: int = Field(ge=1)
    passed: int = Field(ge=0)


class RatingBody(Sent):
    right: bool = Field(description="Whether it named the right cause.")


@router.get("", operation_id="listFlags", dependencies=READ)
async def list_flags(
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("name set held held_since updated_by updated_at")] = "",
) -> dict[str, Any]:
    """The smart functions with what is set, how they do, and which is held back."""
    return (await tools.call("alerting_list_flags", cursor=cursor, sort=sort)).data


@router.put("/{name}", operation_id="setFlag", dependencies=CHANGE)
async def set_flag(name: Name, body: FlagBody, tools: CallerTools) -> dict[str, Any]:
    """Switch a smart function off, to shadow or on; it acts within seconds."""
    return (await tools.call("alerting_set_flag", name=name, **body.model_dump())).data


@router.get("/{name}/events", operation_id="flagEvents", dependencies=READ)
async def events(
    name: Name, tools: CallerTools, what: What = "", cursor: str = ""
) -> dict[str, Any]:
    """What was done with a smart function, or what it did in shadow, the newest first."""
    return (await tools.call("alerting_flag_events", name=name, what=what, cursor=cursor)).data


@router.post("/{name}/evaluations", operation_id="recordEvaluation", dependencies=CHANGE)
async def evaluated(name: Name, body: EvaluationBody, tools: CallerTools) -> dict[str, Any]:
    """Record what a real evaluation found."""
    return (await tools.call("alerting_record_evaluation", name=name, **body.model_dump())).data


@router.post("/analysis/ratings/{analysis_id}", operation_id="rateAnalysis", dependencies=CHANGE)
async def rate(
    analysis_id: Annotated[str, Path(max_length=32)], body: RatingBody, tools: CallerTools
) -> dict[str, Any]:
    """Say whether an analysis of alerts named the right cause."""
    asked = {"analysis_id": analysis_id, "right": body.right}
    return (await tools.call("alerting_rate_analysis", **asked)).data
