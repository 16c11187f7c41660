"""Pure: calls of models summed as a whole, by group and over time."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from core.storage.repositories.usage_times import CallTimes

Step = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Sums:
    """Of some calls. Percentiles are of answers that came; None where there was none."""

    calls: int
    failed: int
    success_rate: float | None
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None
    first_token_p50_ms: int | None
    first_token_p95_ms: int | None


def summed(calls: Sequence[CallTimes]) -> Sums:
    """`cost_usd` is of the calls whose price is known; `unpriced` counts the others."""
    came = [one for one in calls if one.outcome == "ok"]
    took = sorted(one.duration_ms for one in came)
    first = sorted(one.first_token_ms for one in came if one.first_token_ms is not None)
    return Sums(
        calls=len(calls),
        failed=len(calls) - len(came),
        success_rate=len(came) / len(calls) if calls else None,
        input_tokens=sum(one.input_tokens for one in calls),
        output_tokens=sum(one.output_tokens for one in calls),
        cost_usd=math.fsum(one.cost_usd for one in calls if one.cost_usd is not None),
        unpriced=sum(one.cost_usd is None for one in calls),
        p50_ms=_percentile(took, 0.5),
        p95_ms=_percentile(took, 0.95),
        p99_ms=_percentile(took, 0.99),
        first_token_p50_ms=_percentile(first, 0.5),
        first_token_p95_ms=_percentile(first, 0.95),
    )


def grouped(calls: Iterable[CallTimes], name: Callable[[CallTimes], str]) -> list[tuple[str, Sums]]:
    """By name, the dearest first, then the one called most."""
    found: dict[str, list[CallTimes]] = defaultdict(list)
    for one in calls:
        found[name(one)].append(one)
    sums = [(one, summed(of)) for one, of in found.items()]
    return sorted(sums, key=lambda pair: (-pair[1].cost_usd, -pair[1].calls, pair[0]))


def over_time(
    calls: Iterable[CallTimes], *, since: datetime, until: datetime, step: Step
) -> list[tuple[date, Sums]]:
    """By UTC day, week from Monday, or month, in order; those without a call are there too."""
    found: dict[date, list[CallTimes]] = defaultdict(list)
    for one in calls:
        found[begin(one.created_at, step)].append(one)
    starts: list[date] = []
    at = begin(since, step)
    while at <= begin(until, step):
        starts.append(at)
        at = _after(at, step)
    return [(one, summed(found.get(one, []))) for one in starts]


def begin(at: datetime, step: Step) -> date:
    """The first day of the step that a moment is in, by UTC."""
    day = at.astimezone(UTC).date()
    if step == "day":
        return day
    return day - timedelta(days=day.weekday()) if step == "week" else day.replace(day=1)


def _after(start: date, step: Step) -> date:
    if step == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=1 if step == "day" else 7)


def _percentile(ordered: Sequence[int], share: float) -> int | None:
    """The smallest that at least this share does not exceed."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else None
