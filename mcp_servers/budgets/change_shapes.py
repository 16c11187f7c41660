"""What changes of spend are told as."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from mcp_servers.budgets.texts import Note
from mcp_servers.paging import Page


class CauseLine(BaseModel):
    workload: str
    kind: str = Field(
        description="new | gone | cpu | memory | price | other | idle: what of it changed."
    )
    daily: float
    daily_before: float = Field(description="On average in the fortnight, or the month, before.")
    rollouts: list[str] = Field(description="Its revisions that began at that time.")


class ChangeLine(BaseModel):
    scope: str = Field(description="Namespace, or KEY=VALUE.")
    start: date
    end: date
    direction: str = Field(description="up | down")
    impact: float = Field(description="More or less than expected, over all its days.")
    severity: str = Field(description="low | medium | high | critical, or expected.")
    expected_by: str = Field(description="Who said that it, or one like it, was expected.")
    causes: list[CauseLine]

    def as_line(self, currency: str) -> str:
        why = "; ".join(
            f"{one.workload} {one.kind} {one.daily_before:.2f} -> {one.daily:.2f} a day"
            for one in self.causes
        )
        return (
            f"{self.scope} {self.start} to {self.end} {self.direction} {self.impact:+.2f} "
            f"{currency} {self.severity}: {why or 'no single workload'}"
        )


class MonthChange(BaseModel):
    """Costs are of workloads, on an average day of those that are known."""

    start: date = Field(description="The first of the month.")
    end: date = Field(description="Its last known day.")
    before: date = Field(description="The first of the month before.")
    days: int = Field(description="Whole days known of it.")
    days_before: int = Field(description="And of the month before.")
    daily: float
    daily_before: float
    causes: list[CauseLine]

    def as_text(self, currency: str) -> str:
        why = "; ".join(
            f"{one.workload} {one.kind} {one.daily_before:.2f} -> {one.daily:.2f} a day"
            for one in self.causes
        )
        return (
            f"{self.start:%Y-%m} ({self.days} days) against {self.before:%Y-%m} ({self.days_before} "
            f"days): {self.daily_before:.2f} -> {self.daily:.2f} {currency} a day: {why}"
        )


class SpendChanges(Page[ChangeLine]):
    verdict: Literal["ok", "insufficient_data"]
    currency: str
    days_known: int
    daily: float | None = Field(description="Workloads a day in the last week; null: unknown.")
    daily_before: float | None = Field(description="And in the fortnight before.")
    week: list[CauseLine] = Field(description="The last week against the fortnight before.")
    month: MonthChange | None = Field(
        default=None, description="Against the month before; null: not asked, or too little known."
    )
    notes: list[Note]

    def as_text(self) -> str:
        month = [self.month.as_text(self.currency)] if self.month else []
        week = [
            f"last week: {one.workload} {one.kind} {one.daily_before:.2f} -> {one.daily:.2f} a day"
            for one in self.week
        ]
        told = [*(row.as_line(self.currency) for row in self.rows), *month, *week]
        notes = [f"note: {one.text}" for one in self.notes]
        heading = f"spend anomalies: {self.shown}, {self.days_known} whole days known"
        return self.told(heading, [*told, *notes])
