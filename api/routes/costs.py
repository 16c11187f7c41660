"""Spend by REST, as JSON or as CSV."""

import csv
import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.dependencies import CallerTools, takes
from api.listing import sort_by
from api.sent import Sent
from core.principal import Permission
from mcp_servers.client import Tools

router = APIRouter(prefix="/api/v1", tags=["costs"])

# A cell that a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Spending(Sent):
    """What to divide, and how."""

    namespace: str = Field(default="", max_length=63)
    window: str = Field(default="P1D", max_length=20, description="ISO 8601.")
    by: str = Field(default="namespace", max_length=320, examples=["label:team"])
    idle: Literal["separate", "proportional", "even"] = "separate"
    shared: list[str] = Field(default_factory=list[str], max_length=50)
    currency: str = Field(default="", max_length=3, examples=["CNY"])
    language: Literal["en", "zh"] = "en"
    cursor: str = Field(default="", max_length=400)
    sort: Annotated[
        str,
        sort_by(
            "name namespace cost cpu_cost memory_cost gpu_cost other_cost shared_cost unused_cost share cpu_core_hours memory_gib_hours"
        ),
    ] = ""


@router.get("/costs", operation_id="spend", dependencies=[takes(Permission.COSTS_READ)])
async def spend(tools: CallerTools, asked: Annotated[Spending, Query()]) -> dict[str, Any]:
    """Who the bill is for, with idle, overhead and how much of the time was measured."""
    answer = await tools.call("budgets_spend", **asked.model_dump(exclude_defaults=True))
    return answer.data


@router.get(
    "/costs.csv",
    operation_id="spendAsCsv",
    dependencies=[takes(Permission.COSTS_READ)],
    response_class=Response,
)
async def spend_as_csv(tools: CallerTools, asked: Annotated[Spending, Query()]) -> Response:
    """The same rows, all pages, for a spreadsheet."""
    return as_csv(await all_rows(tools, "budgets_spend", asked))


async def all_rows(tools: Tools, tool: str, asked: BaseModel) -> list[dict[str, Any]]:
    """Of all pages, each with the currency it is in."""
    given = asked.model_dump(exclude_defaults=True)
    rows: list[dict[str, Any]] = []
    while True:
        answer = await tools.call(tool, **given)
        rows += [{**row, "currency": answer.data["currency"]} for row in answer.data["rows"]]
        given["cursor"] = answer.data["cursor"]
        if not given["cursor"]:
            return rows


class OtherReplicas(Sent):
    """Of which workload, and how many, how many times as many, or how many more."""

    name: str = Field(min_length=1, max_length=253, examples=["checkout"])
    namespace: str = Field(default="", max_length=63)
    replicas: int = Field(default=0, ge=0, le=10_000)
    times: float = Field(default=0, ge=0, le=100, examples=[2])
    more: int = Field(default=0, ge=0, le=10_000)
    currency: str = Field(default="", max_length=3)
    language: Literal["en", "zh"] = "en"


@router.get("/costs/what-if", operation_id="whatIf", dependencies=[takes(Permission.COSTS_READ)])
async def what_if(tools: CallerTools, asked: Annotated[OtherReplicas, Query()]) -> dict[str, Any]:
    """What other replicas of a workload would cost a month, and whether its nodes have room."""
    return (await tools.call("budgets_what_if", **asked.model_dump(exclude_defaults=True))).data


class Bill(Sent):
    """A bill as text: FOCUS CSV, or any whose columns a map names."""

    bill: str = Field(
        description="CSV with ChargePeriodStart, EffectiveCost and BillingCurrency, or such Parquet as Base64."
    )
    by: str = Field(default="ServiceName", max_length=200, examples=["tag:team"])
    currency: str = Field(default="", max_length=3, examples=["CNY"])
    columns: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="What start, end, cost, currency and tags are called, where not as in FOCUS.",
    )


@router.post("/costs/bill", operation_id="tellBill", dependencies=[takes(Permission.COSTS_READ)])
async def tell_bill(tools: CallerTools, asked: Bill) -> dict[str, Any]:
    """What a bill is made of, how its month will end, and which days stand out."""
    given = asked.model_dump(exclude_defaults=True)
    return (await tools.call("budgets_bill", **given)).data


class KeptBill(Bill):
    """The same, to be kept under a name. `by` is the column that days are kept by."""

    name: str = Field(max_length=100, examples=["aws"])
    language: Literal["en", "zh"] = "en"


class KeptBillsAsked(Sent):
    name: str = Field(default="", max_length=100, description="One bill; all when empty.")
    by: str = Field(default="ServiceName", max_length=200, examples=["tag:team", "bill"])
    currency: str = Field(default="", max_length=3, examples=["CNY"])
    language: Literal["en", "zh"] = "en"


@router.post(
    "/costs/bills",
    operation_id="keepBill",
    dependencies=[takes(Permission.BUDGETS_MANAGE)],
    status_code=201,
)
async def keep_bill(tools: CallerTools, asked: KeptBill) -> dict[str, Any]:
    """Keep a bill; what an earlier file of that name said of its days is replaced, and told."""
    given = asked.model_dump(include={"name", "bill", "columns", "language"})
    return (await tools.call("budgets_keep_bill", service=asked.by, **given)).data


@router.get("/costs/bills", operation_id="keptBills", dependencies=[takes(Permission.COSTS_READ)])
async def kept_bills(
    tools: CallerTools, asked: Annotated[KeptBillsAsked, Query()]
) -> dict[str, Any]:
    """What the kept bills are made of, how their month will end, and what later files changed."""
    return (await tools.call("budgets_kept_bills", **asked.model_dump(exclude_defaults=True))).data


@router.delete(
    "/costs/bills/{name}",
    operation_id="forgetBill",
    dependencies=[takes(Permission.BUDGETS_MANAGE)],
)
async def forget_bill(tools: CallerTools, name: str) -> dict[str, Any]:
    """Forget a bill with all its files."""
    return (await tools.call("budgets_forget_bill", name=name)).data


class UnusualHours(Sent):
    namespace: str = Field(default="", max_length=63)
    by: str = Field(default="namespace", max_length=320, examples=["label:team"])
    currency: str = Field(default="", max_length=3, examples=["CNY"])
    language: Literal["en", "zh"] = "en"
    cursor: str = Field(default="", max_length=400)
    spreads: float = Field(
        default=0,
        ge=0,
        le=10,
        description="Robust spreads that are too far; 0: as measured to be best.",
    )


@router.get(
    "/costs/anomalies/hourly",
    operation_id="hourlySpendAnomalies",
    dependencies=[takes(Permission.COSTS_READ)],
)
async def hourly_anomalies(
    tools: CallerTools, asked: Annotated[UnusualHours, Query()]
) -> dict[str, Any]:
    """Hours in which namespaces or teams cost far more or less than usual, and what is behind."""
    given = asked.model_dump(exclude_defaults=True)
    return (await tools.call("budgets_hourly_anomalies", **given)).data


class ModelSpending(Sent):
    window: str = Field(default="P30D", max_length=20, description="ISO 8601.")
    by: Literal["user", "team", "model"] = "team"
    currency: str = Field(default="", max_length=3, examples=["CNY"])
    language: Literal["en", "zh"] = "en"
    cursor: str = Field(default="", max_length=400)
    sort: Annotated[str, sort_by("name cost calls unpriced_calls tokens")] = ""


@router.get("/costs/models", operation_id="modelSpend", dependencies=[takes(Permission.USAGE_READ)])
async def model_spend(
    tools: CallerTools, asked: Annotated[ModelSpending, Query()]
) -> dict[str, Any]:
    """What language models cost; calls without a known price are counted apart."""
    return (await tools.call("budgets_model_spend", **asked.model_dump(exclude_defaults=True))).data


@router.get(
    "/costs/models.csv",
    operation_id="modelSpendAsCsv",
    dependencies=[takes(Permission.USAGE_READ)],
    response_class=Response,
)
async def model_spend_as_csv(
    tools: CallerTools, asked: Annotated[ModelSpending, Query()]
) -> Response:
    """The same rows, all pages, for a spreadsheet."""
    return as_csv(await all_rows(tools, "budgets_model_spend", asked))


class Sizing(Sent):
    namespace: str = Field(default="", max_length=63)
    what: Literal["", "requests", "volumes", "balancers"] = ""
    currency: str = Field(default="", max_length=3, examples=["CNY"])
    language: Literal["en", "zh"] = "en"
    cursor: str = Field(default="", max_length=400)
    sort: Annotated[
        str,
        sort_by(
            "kind namespace name container what pods monthly size_gib created_at unused_since confidence history_hours"
        ),
    ] = ""


@router.get(
    "/savings.csv",
    operation_id="savingsAsCsv",
    dependencies=[takes(Permission.COSTS_READ)],
    response_class=Response,
)
async def savings_as_csv(tools: CallerTools, asked: Annotated[Sizing, Query()]) -> Response:
    """The same rows, all pages, for a spreadsheet; reasons as one text."""
    rows = await all_rows(tools, "budgets_savings", asked)
    for row in rows:
        row["reasons"] = " ".join(one["text"] for one in row["reasons"])
        row["fix"] = row["fix"]["change"] if row["fix"] else ""
    return as_csv(rows)


@router.get("/savings", operation_id="savings", dependencies=[takes(Permission.COSTS_READ)])
async def savings(tools: CallerTools, asked: Annotated[Sizing, Query()]) -> dict[str, Any]:
    """What workloads could request instead, what costs and does nothing, and the money a month."""
    answer = await tools.call("budgets_savings", **asked.model_dump(exclude_defaults=True))
    return answer.data


def as_csv(rows: list[dict[str, Any]]) -> Response:
    """Rows of equal fields; what a spreadsheet would calculate is marked as text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else ["name"])
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8")


def _cell(value: Any) -> Any:
    risky = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if risky else value
