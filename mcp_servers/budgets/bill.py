"""budgets_bill: what a bill that is handed in is made of, how its month will end, which days stand out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated

import anyio.to_thread
from pydantic import BaseModel, Field

from core.errors import Invalid
from core.sentences import Said
from mcp_servers.backends.bills import DAY, BillLine, lines_of
from mcp_servers.backends.sentences import instead
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.sentences import SENTENCES
from mcp_servers.budgets.spend import UNLABELLED, Currency, money
from mcp_servers.budgets.spend_days import Rate, rates_to
from mcp_servers.facts.money import NOTHING
from mcp_servers.facts.nearest import nearest_names

BillCsv = Annotated[
    str,
    Field(
        max_length=64_000_000,
        description="FOCUS CSV, or one with a map; or FOCUS Parquet as Base64.",
    ),
]
By = Annotated[
    str, Field(max_length=200, description="A column, as ServiceName, or tag:KEY, as tag:team.")
]
Columns = Annotated[
    dict[str, str],
    Field(
        description="What start, end, cost, currency and tags are called, where not as in FOCUS."
    ),
]
ROWS, EPISODES = 50, 20
DEFAULT_BY = "ServiceName"
TAG = "tag:"


class BillRow(BaseModel):
    name: str
    cost: float
    share: float = Field(description="Of the bill, 0 to 1.")


class BillEnd(BaseModel):
    """The month of the last day that is billed; the interval holds 80 %."""

    starts_on: date
    mean: float
    lower: float | None
    upper: float | None
    days_left: int


class BillEpisode(BaseModel):
    start: date
    end: date
    impact: float = Field(description="More or less than expected, over all its days.")
    severity: str


class BillReport(BaseModel):
    currency: str
    start: date
    end: date = Field(description="The last day.")
    lines: int
    total: float
    by: str
    rows: list[BillRow] = Field(description="The costliest; the last one is all others.")
    month: BillEnd | None = Field(description="null: too little to foretell from.")
    episodes: list[BillEpisode]

    def as_text(self) -> str:
        rows = [f"{one.name}: {money(one.cost)} ({one.share:.1%})" for one in self.rows]
        end = self.month
        ahead = [f"month from {end.starts_on}: {money(end.mean)} in the end"] if end else []
        odd = [
            f"{one.start} to {one.end}: {one.impact:+.2f} {one.severity}" for one in self.episodes
        ]
        heading = (
            f"bill: {money(self.total)} {self.currency} from {self.start} to {self.end}, "
            f"{self.lines} lines, by {self.by}"
        )
        return "\n".join([heading, *rows, *ahead, *odd])


async def budgets_bill(
    bill: BillCsv,
    by: By = DEFAULT_BY,
    currency: Currency = "",
    columns: Columns = {},  # noqa: B006 - read only
    *,
    purse: Purse,
) -> BillReport:
    """What a cloud's bill (FOCUS CSV) is made of, how its month will end, and which days stand out."""
    return await anyio.to_thread.run_sync(_report, bill, by, currency, columns, purse)


@dataclass
class Sums:
    days: dict[date, Decimal] = field(default_factory=dict[date, Decimal])
    names: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    lines: int = 0

    def add(self, line: BillLine, name: str, rate: Rate) -> None:
        """A charge for several days costs each the same, at the rate of each day."""
        for i in range(line.days):
            day = line.first + DAY * i
            self.add_day(day, name, line.cost / line.days, line.currency, rate)
        self.lines += 1 - line.days

    def add_day(self, day: date, name: str, cost: Decimal, currency: str, rate: Rate) -> None:
        """What one name cost on one day."""
        self.lines += 1
        per_unit = rate(currency, day)
        if per_unit is None:
            raise SENTENCES.error(Invalid, "no_rate_of_a_bill", currency=currency, day=str(day))
        self.days[day] = self.days.get(day, NOTHING) + cost * per_unit
        self.names[name] = self.names.get(name, NOTHING) + cost * per_unit


def _report(
    bill: str, by: str, currency: str, columns: Mapping[str, str], purse: Purse
) -> BillReport:
    sums, code, rate = Sums(), currency, None
    for line in lines_of(bill, columns):
        code = code or line.currency
        rate = rate or rates_in(code, purse, line.last)
        sums.add(line, name_of(line, by), rate)
    if not sums.days:
        raise SENTENCES.error(Invalid, "bill_without_lines")
    return report_of(sums, code, by)


def report_of(sums: Sums, code: str, by: str) -> BillReport:
    """What days that were added up are made of; there is one at least."""
    first, last = min(sums.days), max(sums.days)
    total = sum(sums.names.values(), NOTHING)
    costs = {day: float(sums.days.get(day, NOTHING)) for day in _days(first, last)}
    return BillReport(
        currency=code,
        start=first,
        end=last,
        lines=sums.lines,
        total=round(float(total), 6),
        by=by,
        rows=_rows(sums.names, total),
        month=_month_end(costs, last),
        episodes=_episodes(costs),
    )


def rates_in(code: str, purse: Purse, on: date) -> Rate:
    """To a currency; what is in it already needs no price book."""
    priced = rates_to(purse.billing, code, on)
    return lambda of, day: Decimal(1) if of == code else priced(of, day)


def name_of(line: BillLine, by: str) -> str:
    if by.startswith(TAG):
        return line.tags.get(by.removeprefix(TAG)) or UNLABELLED
    if by not in line.told:
        has = ", ".join(list(line.told)[:40])
        raise SENTENCES.error(Invalid, "bill_not_by", by=by, hint=_near(by, line.told), has=has)
    return line.told[by].strip() or UNLABELLED


def _rows(names: Mapping[str, Decimal], total: Decimal) -> list[BillRow]:
    ordered = sorted(names.items(), key=lambda one: (-one[1], one[0]))
    shown = list(ordered[:ROWS])
    others = ordered[ROWS:]
    if others:
        shown.append((f"({len(others)} others)", sum((cost for _, cost in others), NOTHING)))
    return [
        BillRow(
            name=name,
            cost=round(float(cost), 6),
            share=round(float(cost / total), 4) if total else 0.0,
        )
        for name, cost in shown
    ]


def _days(first: date, last: date) -> Iterable[date]:
    return (first + DAY * i for i in range((last - first).days + 1))


def _month_end(costs: Mapping[date, float], last: date) -> BillEnd | None:
    from mcp_servers.engines.budgets import period_of
    from mcp_servers.engines.period_ends import period_end

    start, end = period_of("month", last)
    found = period_end(costs, start, end, last + DAY)
    if found is None:
        return None
    return BillEnd(
        starts_on=start,
        mean=round(found.mean, 6),
        lower=found.lower,
        upper=found.upper,
        days_left=found.days_left,
    )


def _episodes(costs: Mapping[date, float]) -> list[BillEpisode]:
    """The latest first."""
    from mcp_servers.engines.cost_anomalies import cost_anomalies  # numpy waits for the first call

    times = [datetime.combine(day, time(), UTC).timestamp() for day in costs]
    found = cost_anomalies(times, list(costs.values())).episodes
    return [
        BillEpisode(
            start=datetime.fromtimestamp(one.start, UTC).date(),
            end=datetime.fromtimestamp(one.end, UTC).date(),
            impact=round(one.impact, 6),
            severity=one.severity,
        )
        for one in sorted(found, key=lambda one: -one.end)[:EPISODES]
    ]


def _near(name: str, known: Iterable[str]) -> Said | str:
    """What was perhaps meant; "" when nothing is like it."""
    names = sorted(known)
    return instead(name, names) if nearest_names(name, names) else ""
