"""How models are used, summed: response times, success, tokens and cost, by whom and over time."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Current, takes
from api.turns.usage_summing import Step, Sums, grouped, over_time, summed
from core.clock import utc_now
from core.principal import Permission
from core.storage.repositories.usage_times import CallTimes, times

router = APIRouter(prefix="/api/v1/usage", tags=["usage"])

# Calls are read once each and summed here: a percentile cannot be added up from parts.
MOST_CALLS = 200_000


class Figures(BaseModel):
    calls: int
    failed: int
    success_rate: float | None = Field(description="0 to 1; null when there was no call.")
    input_tokens: int
    output_tokens: int
    cost_usd: float = Field(description="Of the calls whose price is known.")
    unpriced: int = Field(description="Calls whose model has no known price.")
    p50_ms: int | None = Field(description="Of answers that came; null when none did.")
    p95_ms: int | None
    p99_ms: int | None
    first_token_p50_ms: int | None
    first_token_p95_ms: int | None


class Group(Figures):
    name: str


class Period(Figures):
    start: date = Field(description="Its first UTC day.")


class Asked(BaseModel):
    days: int = Field(default=30, ge=1, le=366)
    step: Step = "day"
    model: str = Field(default="", max_length=200)
    subject: str = Field(default="", max_length=200, description="A user; empty: everybody.")
    app: str = Field(default="", max_length=200, description="As in `key:ci`; empty: all.")


class Statistics(BaseModel):
    since: datetime
    until: datetime
    step: Step
    totals: Figures
    by_model: list[Group]
    by_user: list[Group]
    by_subagent: list[Group]
    by_app: list[Group] = Field(description="By what people came in; see `app` of a call.")
    series: list[Period]
    truncated: bool = Field(description=f"Only the newest {MOST_CALLS} calls are counted.")


@router.get(
    "/statistics", operation_id="usageStatistics", dependencies=[takes(Permission.USAGE_READ)]
)
async def usage_statistics(current: Current, asked: Annotated[Asked, Query()]) -> Statistics:
    """Response-time percentiles, success, tokens and cost: as a whole, by model, user, subagent and app,
    and by day, week or month."""
    until = utc_now()
    since = until - timedelta(days=asked.days)
    async with current.database.session() as session:
        calls = await times(
            session,
            since=since,
            until=until,
            subject=asked.subject,
            model=asked.model,
            app=asked.app,
            limit=MOST_CALLS + 1,
        )
    # Sorting so many numbers would keep everybody else waiting.
    return await asyncio.to_thread(_told, calls, since, until, asked.step)


def _told(calls: Sequence[CallTimes], since: datetime, until: datetime, step: Step) -> Statistics:
    counted = calls[:MOST_CALLS]
    series = over_time(counted, since=since, until=until, step=step)
    return Statistics(
        since=since,
        until=until,
        step=step,
        totals=Figures(**asdict(summed(counted))),
        by_model=_groups(grouped(counted, lambda one: one.model)),
        by_user=_groups(grouped(counted, lambda one: one.subject)),
        by_subagent=_groups(grouped(counted, lambda one: one.subagent)),
        by_app=_groups(grouped(counted, lambda one: one.app)),
        series=[Period(start=start, **asdict(sums)) for start, sums in series],
        truncated=len(calls) > MOST_CALLS,
    )


def _groups(found: Sequence[tuple[str, Sums]]) -> list[Group]:
    return [Group(name=name, **asdict(sums)) for name, sums in found]
