"""The root cause in a table of metrics, by REST."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from api.dependencies import CallerTools, takes
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/rca", tags=["tools"])

METRICS = "timestamp,cart:latency_ms\n2026-01-31T12:00:00Z,12\n"


class MetricsTable(Sent):
    """The files of `midwatch rca rank`, as text."""

    metrics: str = Field(description="CSV: timestamp,component:metric,…", examples=[METRICS])
    at: str = Field(default="", max_length=40, examples=["2026-01-31T12:10:00Z"])
    edges: list[tuple[str, str]] = Field(
        default=[], description="[caller, callee] pairs.", examples=[[["web", "cart"]]]
    )
    logs: str = Field(default="", description="CSV: timestamp,component,message.")
    target: str = Field(default="", max_length=500, examples=["web:latency_ms"])
    granularity: Literal["component", "metric"] = "component"
    language: Literal["en", "zh"] = "en"


@router.post("/rank", operation_id="rankTable", dependencies=[takes(Permission.INCIDENTS_READ)])
async def rank_table(tools: CallerTools, body: MetricsTable) -> dict[str, Any]:
    """Components, or metrics, ranked by how likely each is the root cause, with evidence."""
    answer = await tools.call("rca_rank_table", **body.model_dump())
    return answer.data
