"""What each day cost, written down once it is over, so that it is known when metrics are gone."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from core.clock import monotonic_s, utc_now
from core.storage.budget_records import BudgetRow, DayRow, ShareRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.billing import Billing
from mcp_servers.budgets.gathering import HOUR, Purse
from mcp_servers.budgets.spend import Bill, billed
from mcp_servers.engines.currencies import rate_of
from mcp_servers.facts.money import NOTHING

DAY = timedelta(days=1)
# As far back as a server of metrics is asked.
LONGEST_DAYS = 31
# Of a day with fewer measured hours, what it cost is not known, only what these hours did.
WHOLE_HOURS = 20
# A day that was not measured to the end is looked at again: what was late may have come.
LATE, AGAIN_AFTER = timedelta(days=2), timedelta(hours=6)
IDLE, OVERHEAD = "(idle)", "(overhead)"

Rate = Callable[[str, date], Decimal | None]


@dataclass
class ScopeDays:
    """What a budget's scope cost: `whole` days, by day and by workload, and all that was `spent`.

    `spent` holds what is known of the period up to now, days that were measured in part included.
    `sources` are the price books, or others' figures, that the days of the period rest on.
    """

    whole: dict[date, float] = field(default_factory=dict[date, float])
    by_workload: dict[str, dict[date, float]] = field(default_factory=dict[str, dict[date, float]])
    spent: float = 0.0
    matched: bool = False
    sources: tuple[str, ...] = ()


async def write_days(
    purse: Purse, desk: Desk, today: date, *, most: int, within_s: float = math.inf
) -> int:
    """Work out the latest days that nobody wrote down. Gives how many are still missing.

    `most` at once; after `within_s` no other one is begun.
    """
    first, now = today - DAY * LONGEST_DAYS, utc_now()
    async with desk.session() as tables:
        known = {one.day: one for one in await tables.days.known(first, today)}
    missing = [
        day for day in _backwards(first, today) if day not in known or _is_late(known[day], now)
    ]
    written, started_s = 0, monotonic_s()
    for day in missing[:most]:
        if monotonic_s() - started_s > within_s:
            break
        bill = await billed(purse, _midnight(day), _midnight(day + DAY))
        async with desk.session() as tables:
            await tables.days.write(_day(day, bill, now), list(_shares(day, bill)))
        written += 1
    return len(missing) - written


async def today_so_far(purse: Purse, now: datetime) -> tuple[DayRow, list[ShareRow]] | None:
    """What the hours of today that are over cost; None in the first hour of the day."""
    start = _midnight(now.date())
    if now - start < HOUR:
        return None
    bill = await billed(purse, start, now)
    return _day(now.date(), bill, now), list(_shares(now.date(), bill))


def scope_days(
    budget: BudgetRow,
    days: Sequence[DayRow],
    shares: Sequence[ShareRow],
    *,
    start: date,
    today: date,
    rate: Rate,
) -> ScopeDays:
    """Of the shares, those of the budget, in its currency. A day without a rate is not known."""
    found = ScopeDays()
    rates = {one.day: rate(one.currency, one.day) for one in days}
    whole = {one.day for one in days if one.hours_seen >= WHOLE_HOURS and rates[one.day]}
    whole.discard(today)
    found.sources = sources_of(one for one in days if one.day >= start)
    found.whole = dict.fromkeys(sorted(whole), 0.0)
    for share in shares:
        per_unit = rates.get(share.day)
        if per_unit is None or not in_scope(budget, share):
            continue
        found.matched = True
        cost = float(Decimal(share.cost) * per_unit)
        if share.day >= start:
            found.spent += cost
        if share.day in whole:
            found.whole[share.day] += cost
            costs = found.by_workload.setdefault(share.workload, {})
            costs[share.day] = costs.get(share.day, 0.0) + cost
    return found


def sources_of(days: Iterable[DayRow]) -> tuple[str, ...]:
    """What the prices of days come from; more than one is said, as their costs do not compare."""
    return tuple(sorted({one.prices for one in days if one.prices}))


def in_scope(budget: BudgetRow, share: ShareRow) -> bool:
    if budget.namespace and share.namespace != budget.namespace:
        return False
    return not budget.label or share.labels.get(budget.label) == budget.value


def rates_to(billing: Billing, currency: str, today: date) -> Rate:
    """From a currency that a day was written in to the budget's, by the rate of that day."""
    book = billing.prices(today)

    def rate(of: str, on: date) -> Decimal | None:
        wanted, own = rate_of(book, currency, on), rate_of(book, of, on)
        return wanted / own if wanted and own else None

    return rate


def _is_late(row: DayRow, now: datetime) -> bool:
    over = _midnight(row.day + DAY)
    return row.hours_seen < 24 and now < over + LATE and now - row.written_at > AGAIN_AFTER


def _day(day: date, bill: Bill, now: datetime) -> DayRow:
    prices = bill.gathered.prices
    return DayRow(day, len(bill.gathered.seen), prices.currency, prices.name, now)


def _shares(day: date, bill: Bill) -> Iterator[ShareRow]:
    """Workloads with what they cost; idle and overhead, which belong to no namespace, last."""
    allocation = bill.allocation
    for one in allocation.shares:
        ref = one.workload
        parts = {
            "cpu_cost": float(one.cpu),
            "memory_cost": float(one.memory),
            "cpu_core_hours": one.taken.cpu,
            "memory_gib_hours": one.taken.memory,
        }
        yield ShareRow(day, ref.namespace, str(ref), dict(one.labels), str(one.total), parts)
    for name, cost in ((IDLE, allocation.idle), (OVERHEAD, allocation.overhead)):
        if cost > NOTHING:
            yield ShareRow(day, "", name, {}, str(cost))


def _backwards(first: date, today: date) -> Iterator[date]:
    day = today - DAY
    while day >= first:
        yield day
        day -= DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
