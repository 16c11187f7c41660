"""Metrics by REST: which there are, and which of them do what nobody expects."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import CallerTools, takes
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/metrics", tags=["tools"])

VALUES = "timestamp,value\n2026-01-31T12:00:00Z,12\n"


class Watched(BaseModel):
    """A query, or the name of a service for all of its metrics."""

    query: str = Field(default="", max_length=4000, examples=['up{namespace="shop"}'])
    namespace: str = Field(default="", max_length=63)
    name: str = Field(default="", max_length=253, examples=["checkout"])
    window: str = Field(default="PT1H", max_length=20, description="ISO 8601.")
    cursor: str = Field(default="", max_length=200)


class Table(Sent):
    """The file of `midwatch anomalies`, as text."""

    values: str = Field(description="CSV: timestamp,value.", examples=[VALUES])
    name: str = Field(default="", max_length=500, description="The metric's name tells counters.")
    language: Literal["en", "zh"] = "en"


class Wanted(BaseModel):
    match: str = Field(default="", max_length=2000, examples=['{namespace="shop"}'])
    contains: str = Field(default="", max_length=200, examples=["http"])
    cursor: str = Field(default="", max_length=200)


@router.get("", operation_id="availableMetrics", dependencies=[takes(Permission.METRICS_READ)])
async def available_metrics(
    tools: CallerTools, wanted: Annotated[Wanted, Query()]
) -> dict[str, Any]:
    """The names of the metrics that were measured in the last hour."""
    given = wanted.model_dump(exclude_defaults=True)
    answer = await tools.call("prometheus_label_values", label="__name__", **given)
    return answer.data


@router.get(
    "/anomalies", operation_id="metricAnomalies", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def metric_anomalies(
    tools: CallerTools, watched: Annotated[Watched, Query()]
) -> dict[str, Any]:
    """What season, trend and noise do not explain, in a query's series or a service's metrics."""
    answer = await tools.call("rca_metric_anomalies", **watched.model_dump(exclude_defaults=True))
    return answer.data


@router.post(
    "/anomalies", operation_id="tableAnomalies", dependencies=[takes(Permission.INCIDENTS_READ)]
)
async def table_anomalies(tools: CallerTools, table: Table) -> dict[str, Any]:
    """The same of a table that is sent along, value by value."""
    answer = await tools.call("rca_table_anomalies", **table.model_dump())
    return answer.data
