"""Budgets by REST: how they stand, added, changed, removed; the list also as CSV."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.dependencies import CallerTools, Wake, takes
from api.listing import sort_by
from api.routes.costs import all_rows, as_csv
from api.sent import IfMatch, Sent, check_tag, tag_of_fields
from core.principal import Permission
from mcp_servers.client import Tools

router = APIRouter(prefix="/api/v1", tags=["budgets"])

Name = Annotated[str, Path(max_length=100)]
Language = Literal["en", "zh"]
Severity = Literal["off", "low", "medium", "high", "critical"]
# What a spreadsheet has no cell for.
LISTS = ("told", "drivers", "notes", "foretold", "channels", "thresholds", "forecast_thresholds")


# What people set of a budget; the rest of it is measured.
SET = (
    *("name", "scope", "amount", "currency", "period", "starts_on", "ends_on", "thresholds"),
    *("forecast_thresholds", "owner", "channels", "anomalies"),
)


class NewBudget(Sent):
    name: str = Field(max_length=100, examples=["shop"])
    amount: str = Field(max_length=20, examples=["1200.50"])
    currency: str = Field(default="", max_length=3, description="Empty: the price book's.")
    period: Literal["month", "quarter", "year", "custom"] = "month"
    namespace: str = Field(default="", max_length=63)
    label: str = Field(default="", max_length=384, examples=["team=payments"])
    spend: Literal["cluster", "models"] = Field(
        default="cluster", description="models: what language models cost."
    )
    user: str = Field(default="", max_length=200, description="Of models only: whose calls.")
    starts_on: str = Field(default="", max_length=10, description="Of a custom period.")
    ends_on: str = Field(default="", max_length=10, description="The first day after it.")
    thresholds: list[int] = Field(default=[80, 100], max_length=10)
    forecast_thresholds: list[int] = Field(default=[100], max_length=10)
    owner: str = Field(default="", max_length=200)
    channels: list[str] = Field(default_factory=list[str], max_length=20)
    anomalies: Severity = Field(
        default="off", description="From which severity on changes of its spend are told too."
    )


class BudgetChange(Sent):
    """Only what is given changes."""

    amount: str | None = Field(default=None, max_length=20)
    period: Literal["month", "quarter", "year", "custom"] | None = None
    starts_on: str | None = Field(default=None, max_length=10)
    ends_on: str | None = Field(default=None, max_length=10)
    thresholds: list[int] | None = Field(default=None, max_length=10)
    forecast_thresholds: list[int] | None = Field(default=None, max_length=10)
    owner: str | None = Field(default=None, max_length=200)
    channels: list[str] | None = Field(default=None, max_length=20)
    anomalies: Severity | None = None


class Listing(Sent):
    language: Language = "en"
    cursor: str = Field(default="", max_length=400)
    sort: Annotated[
        str,
        sort_by(
            "name scope amount currency period starts_on ends_on spent remaining share exhausted_on state owner updated_at"
        ),
    ] = ""


@router.get("/budgets", operation_id="listBudgets", dependencies=[takes(Permission.COSTS_READ)])
async def list_budgets(tools: CallerTools, asked: Annotated[Listing, Query()]) -> dict[str, Any]:
    """How budgets stand: spent, what the period will cost, what drives it, what was told."""
    return (await tools.call("budgets_list", **asked.model_dump(exclude_defaults=True))).data


@router.get(
    "/budgets.csv",
    operation_id="budgetsAsCsv",
    dependencies=[takes(Permission.COSTS_READ)],
    response_class=Response,
)
async def budgets_as_csv(tools: CallerTools) -> Response:
    """The same rows, all pages, for a spreadsheet."""
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        data = (await tools.call("budgets_list", cursor=cursor)).data
        rows += [_flat(row) for row in data["rows"]]
        cursor = data["cursor"]
        if not cursor:
            return as_csv(rows)


class Unusual(Sent):
    namespace: str = Field(default="", max_length=63)
    by: str = Field(default="namespace", max_length=320, examples=["label:team"])
    language: Language = "en"
    cursor: str = Field(default="", max_length=200)
    spreads: float = Field(
        default=0,
        ge=0,
        le=10,
        description="Robust spreads that are too far; 0: as measured to be best.",
    )
    month: Literal["", "this", "last"] = Field(
        default="", description="This month, or the last one, against the month before it."
    )


class Kept(Sent):
    """`step`: day or hour; both when empty."""

    step: Literal["", "day", "hour"] = ""
    window: str = Field(default="P30D", max_length=20, description="ISO 8601.")
    cursor: str = Field(default="", max_length=200)
    sort: Annotated[str, sort_by("scope step direction start end impact severity seen_at")] = ""


@router.get(
    "/costs/anomalies/kept",
    operation_id="keptSpendAnomalies",
    dependencies=[takes(Permission.COSTS_READ)],
)
async def kept_anomalies(tools: CallerTools, asked: Annotated[Kept, Query()]) -> dict[str, Any]:
    """Changes that were noticed in budgets' scopes, by day and hour, and whom they were told."""
    return (await tools.call("budgets_episodes", **asked.model_dump(exclude_defaults=True))).data


@router.get(
    "/costs/anomalies/kept.csv",
    operation_id="keptSpendAnomaliesAsCsv",
    dependencies=[takes(Permission.COSTS_READ)],
    response_class=Response,
)
async def kept_anomalies_as_csv(tools: CallerTools, asked: Annotated[Kept, Query()]) -> Response:
    """The same rows, all pages, for a spreadsheet; workloads and budgets as one text each."""
    rows: list[dict[str, Any]] = []
    given = asked.model_dump(exclude_defaults=True)
    while True:
        data = (await tools.call("budgets_episodes", **given)).data
        rows += [{**row, **_texts(row)} for row in data["rows"]]
        given["cursor"] = data["cursor"]
        if not given["cursor"]:
            return as_csv(rows)


def _texts(row: dict[str, Any]) -> dict[str, str]:
    causes = "; ".join(one["workload"] for one in row["causes"])
    told = "; ".join(f"{one['budget']}: {one['state']}" for one in row["told"])
    return {"causes": causes, "told": told}


class ExpectedChange(Sent):
    scope: str = Field(max_length=400, description="As the anomaly tells it.")
    start: str = Field(max_length=20, description="Its first day, or of hours YYYY-MM-DDTHH:00.")
    note: str = Field(min_length=1, max_length=500, description="Why it was expected.")


@router.get("/anomalies", operation_id="anomalies", dependencies=[takes(Permission.COSTS_READ)])
@router.get(
    "/costs/anomalies", operation_id="spendAnomalies", dependencies=[takes(Permission.COSTS_READ)]
)
async def spend_anomalies(tools: CallerTools, asked: Annotated[Unusual, Query()]) -> dict[str, Any]:
    """Days that cost far more or less than usual, and the workloads behind."""
    return (await tools.call("budgets_anomalies", **asked.model_dump(exclude_defaults=True))).data


@router.get(
    "/anomalies.csv",
    operation_id="anomaliesAsCsv",
    dependencies=[takes(Permission.COSTS_READ)],
    response_class=Response,
)
async def anomalies_as_csv(tools: CallerTools, asked: Annotated[Unusual, Query()]) -> Response:
    """The same rows, all pages, for a spreadsheet; workloads as one text."""
    rows = await all_rows(tools, "budgets_anomalies", asked)
    causes = ("; ".join(one["workload"] for one in row["causes"]) for row in rows)
    return as_csv([{**row, "causes": told} for row, told in zip(rows, causes, strict=True)])


@router.post(
    "/costs/anomalies/expected",
    operation_id="expectSpendChange",
    dependencies=[takes(Permission.BUDGETS_MANAGE)],
    status_code=201,
)
async def expect_spend_change(body: ExpectedChange, tools: CallerTools) -> dict[str, Any]:
    """Say that a change was expected: it, and what is like it, is no news any more."""
    return (await tools.call("budgets_expect", **body.model_dump())).data


@router.post(
    "/budgets",
    operation_id="addBudget",
    dependencies=[takes(Permission.BUDGETS_MANAGE)],
    status_code=201,
)
async def add_budget(
    body: NewBudget, tools: CallerTools, wake: Wake, language: Language = "en"
) -> dict[str, Any]:
    """Add a budget of a namespace, a label or the cluster, and say whom it will tell."""
    answer = await tools.call("budgets_add", **body.model_dump(), language=language)
    wake()
    return answer.data


@router.get(
    "/budgets/{name}", operation_id="showBudget", dependencies=[takes(Permission.COSTS_READ)]
)
async def show_budget(
    name: Name, tools: CallerTools, response: Response, language: Language = "en"
) -> dict[str, Any]:
    """One budget, with the ETag of what was set of it, to change it by."""
    row = await _budget(tools, name, language)
    response.headers["ETag"] = tag_of_fields(row, SET)
    return row


@router.patch(
    "/budgets/{name}", operation_id="changeBudget", dependencies=[takes(Permission.BUDGETS_MANAGE)]
)
async def change_budget(
    name: Name,
    body: BudgetChange,
    tools: CallerTools,
    wake: Wake,
    language: Language = "en",
    if_match: IfMatch = "",
) -> dict[str, Any]:
    """Change what is given; another amount or period is told of anew."""
    given = body.model_dump(exclude_none=True) | await _matched(tools, name, if_match)
    answer = await tools.call("budgets_change", name=name, language=language, **given)
    wake()
    return answer.data


@router.delete(
    "/budgets/{name}", operation_id="removeBudget", dependencies=[takes(Permission.BUDGETS_MANAGE)]
)
async def remove_budget(name: Name, tools: CallerTools, if_match: IfMatch = "") -> dict[str, Any]:
    """Remove a budget; the days it was judged by stay."""
    matched = await _matched(tools, name, if_match)
    return (await tools.call("budgets_remove", name=name, **matched)).data


async def _matched(tools: Tools, name: str, if_match: str) -> dict[str, Any]:
    """What has the change refused where somebody makes another between this look and it."""
    if not if_match:
        return {}
    row = await _budget(tools, name, "en")
    check_tag(if_match, tag_of_fields(row, SET))
    return {"as_of": row["updated_at"]}


async def _budget(tools: Tools, name: str, language: str) -> dict[str, Any]:
    answer = await tools.call("budgets_list", name=name, language=language)
    return answer.data["rows"][0]


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    end = row["foretold"] or {"mean": None, "lower": None, "upper": None}
    cells = {name: value for name, value in row.items() if name not in LISTS}
    return {**cells, **{f"foretold_{name}": value for name, value in end.items()}}
