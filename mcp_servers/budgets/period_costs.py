"""budgets_foretell: what a month, quarter or year will have cost in the end, where no budget is set, too."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Forbidden
from core.principal import Principal
from core.storage.budget_records import BudgetRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.budget_state import (
    BudgetLine,
    DriverLine,
    Foretold,
    line_of,
    standing,
    today_of,
    told_of,
)
from mcp_servers.budgets.budget_tools import Currency, Label, Namespace, sees_scope
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.sentences import SENTENCES
from mcp_servers.budgets.spend import exchanged, money
from mcp_servers.budgets.spend_changes import READING_S
from mcp_servers.budgets.spend_days import LONGEST_DAYS, write_days
from mcp_servers.budgets.texts import Language, Note

# Of a budget that nobody set.
OF_BUDGETS = frozenset(("budget.nobody", "budget.nothing"))


class PeriodCost(BaseModel):
    """`insufficient_data`: no whole day is known, or nothing of the scope cost anything; a note says which."""

    verdict: Literal["ok", "insufficient_data"]
    scope: str = Field(description="namespace/NAME, KEY=VALUE, both, or cluster.")
    currency: str
    period: str
    starts_on: date
    ends_on: date = Field(description="The first day after it.")
    spent: float | None = Field(description="null: nothing of the period is known yet.")
    foretold: Foretold | None
    days_known: int = Field(description="Whole days of the last weeks and the period.")
    drivers: list[DriverLine]
    notes: list[Note]

    def as_text(self) -> str:
        end = self.foretold
        spent = "unknown" if self.spent is None else money(self.spent)
        ahead = f", end {money(end.mean)}" if end else ""
        range_ = f" ({end.lower:.2f} to {end.upper:.2f})" if end and end.upper is not None else ""
        head = (
            f"{self.verdict}: {self.scope}: {spent} {self.currency} in the {self.period} "
            f"from {self.starts_on}{ahead}{range_}, {self.days_known} whole days known"
        )
        grown = [
            f"driver {one.workload}: {one.daily:.2f} a day, before {one.daily_before:.2f}"
            for one in self.drivers
        ]
        return "\n".join([head, *grown, *(f"note: {one.text}" for one in self.notes)])


async def budgets_foretell(
    period: Literal["month", "quarter", "year"] = "month",
    namespace: Namespace = "",
    label: Label = "",
    currency: Currency = "",
    language: Language = "en",
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> PeriodCost:
    """What this month, quarter or year will cost in the end, with an interval and what drives it.

    Of all, a namespace or a label. Nothing is kept but what days cost. Against an amount: budgets_preview.
    """
    now, (key, _, value) = utc_now(), label.partition("=")
    row = BudgetRow(
        name="-",
        amount="0",
        currency=exchanged(purse.billing, currency, on=now)[0],
        period=period,
        created_by=caller.subject,
        created_at=now,
        updated_at=now,
        namespace=namespace,
        label=key,
        value=value,
        actual=[],
        forecast=[],
        channels=[],
    )
    if not sees_scope(caller, row):
        raise SENTENCES.error(Forbidden, "foretells_more")
    missing = await write_days(purse, desk, now.date(), most=LONGEST_DAYS, within_s=READING_S)
    today = await today_of(purse)
    one = await standing(row, today, purse, desk)
    line = line_of(one, await told_of(one, desk), today, language)
    unread = Note.of("anomaly.unread", language, missing=missing)
    notes = [note for note in line.notes if note.code not in OF_BUDGETS]
    seen = today.day is not None or any(day >= one.start for day in one.days.whole)
    return _told(line, [*notes, unread] if missing else notes, seen=seen)


def _told(line: BudgetLine, notes: list[Note], *, seen: bool) -> PeriodCost:
    return PeriodCost(
        verdict="ok" if line.foretold else "insufficient_data",
        scope=line.scope,
        currency=line.currency,
        period=line.period,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        spent=line.spent if seen else None,
        foretold=line.foretold,
        days_known=line.days_known,
        drivers=line.drivers,
        notes=notes,
    )
