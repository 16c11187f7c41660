"""What comes next, by REST."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from api.dependencies import CallerTools, takes
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1", tags=["costs"])

VALUES = "timestamp,value\n2026-01-31T12:00:00Z,12\n"


class Foretold(Sent):
    """The file of `midwatch forecast`, as text."""

    values: str = Field(description="CSV: timestamp,value.", examples=[VALUES])
    horizon: int = Field(ge=1, le=1000, description="How many values ahead.")
    level: float = Field(default=80, ge=50, le=99, description="Of the interval, percent.")
    language: Literal["en", "zh"] = "en"


class Spent(Sent):
    """The file of `midwatch anomalies --kind cost`, as text."""

    values: str = Field(description="CSV: timestamp,value.", examples=[VALUES])
    language: Literal["en", "zh"] = "en"
    spreads: float = Field(
        default=0, ge=0, le=10, description="Too far; 0: as measured to be best."
    )


class Ahead(Sent):
    """Whose load, and how far ahead."""

    namespace: str = Field(default="", max_length=63)
    name: str = Field(default="", max_length=253, examples=["checkout"])
    horizon: str = Field(default="P1D", max_length=20, description="ISO 8601, PT1H to P7D.")
    level: float = Field(default=80, ge=50, le=99, description="Of the interval, percent.")
    exceeds: str = Field(
        default="",
        max_length=20,
        description="A level to give the chance of: 2, 500m, 4Gi; of a disk 80%.",
        examples=["2"],
    )
    language: Literal["en", "zh"] = "en"


class Judged(Ahead):
    metric: Literal["qps", "cpu", "memory", "disk"]


# Of the answer of a forecast, what is about the ways it was made.
ABOUT_METHODS = (
    "verdict",
    "missing",
    "query",
    "known_hours",
    "method",
    "season",
    "silent_since",
    "level_break",
    "backtest",
    "tried",
)


@router.get(
    "/predict/models",
    operation_id="predictionModels",
    dependencies=[takes(Permission.METRICS_READ)],
)
async def prediction_models(
    tools: CallerTools, asked: Annotated[Judged, Query()]
) -> dict[str, Any]:
    """Which methods were tried on the history of a load, how each did, and which one is taken."""
    given = asked.model_dump(exclude_defaults=True)
    told = (await tools.call("forecast_load", **given)).data
    return {name: told[name] for name in ABOUT_METHODS}


class Filling(Sent):
    """Whose volumes and disks."""

    namespace: str = Field(default="", max_length=63)
    name: str = Field(default="", max_length=253, description="Part of a claim's or node's name.")
    language: Literal["en", "zh"] = "en"
    cursor: str = Field(default="", max_length=200)


@router.get(
    "/predict/disks", operation_id="predictDisks", dependencies=[takes(Permission.METRICS_READ)]
)
async def predict_disks(tools: CallerTools, asked: Annotated[Filling, Query()]) -> dict[str, Any]:
    """In how many days each volume and each disk of a node will be full, the soonest first."""
    return (await tools.call("forecast_disks", **asked.model_dump(exclude_defaults=True))).data


class Ending(Sent):
    """Whose spend, and over which period."""

    period: Literal["month", "quarter", "year"] = "month"
    namespace: str = Field(default="", max_length=63)
    label: str = Field(default="", max_length=384, description="KEY=VALUE", examples=["team=web"])
    currency: str = Field(default="", max_length=3)
    language: Literal["en", "zh"] = "en"


@router.get(
    "/predict/spend", operation_id="predictSpend", dependencies=[takes(Permission.COSTS_READ)]
)
async def predict_spend(tools: CallerTools, asked: Annotated[Ending, Query()]) -> dict[str, Any]:
    """What this month, quarter or year will have cost in the end, with an interval and what drives it."""
    return (await tools.call("budgets_foretell", **asked.model_dump(exclude_defaults=True))).data


@router.get(
    "/predict/{metric}", operation_id="predictLoad", dependencies=[takes(Permission.METRICS_READ)]
)
async def predict_load(
    tools: CallerTools,
    metric: Literal["qps", "cpu", "memory", "disk"],
    asked: Annotated[Ahead, Query()],
) -> dict[str, Any]:
    """What load, memory or a disk will be in the next hours, or what is missing to say so."""
    given = asked.model_dump(exclude_defaults=True)
    return (await tools.call("forecast_load", metric=metric, **given)).data


@router.post(
    "/forecast", operation_id="forecastTable", dependencies=[takes(Permission.METRICS_READ)]
)
async def forecast_table(tools: CallerTools, asked: Foretold) -> dict[str, Any]:
    """The next values of a table, with an interval and how well the method did before."""
    return (await tools.call("forecast_table", **asked.model_dump())).data


@router.post(
    "/costs/anomalies",
    operation_id="tableCostAnomalies",
    dependencies=[takes(Permission.COSTS_READ)],
)
async def table_cost_anomalies(tools: CallerTools, asked: Spent) -> dict[str, Any]:
    """Days or hours of a table of spend that cost far more or less than usual."""
    return (await tools.call("budgets_table_anomalies", **asked.model_dump())).data
