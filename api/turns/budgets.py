"""Budgets of conversations, people and days: what was spent, and what that leaves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal

from agent.accounts import UsedUp
from agent.events import Tokens
from agent.pricing import Prices
from core.clock import monotonic_s, utc_now
from core.settings import Settings
from core.settings.groups import BudgetSettings
from core.storage.database import Database
from core.storage.records import Spent, UsageRow
from core.storage.repositories.usage import Usage
from core.storage.usage_log import UsageLog

# How long a sum is believed before the database is asked again: other processes spend too.
FRESH_S = 10.0
# Sums kept in memory; the stale ones go when there are more.
KEPT_SUMS = 1_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What is summed up: a conversation, or a UTC day of one person or of everybody."""

    code: UsedUp
    thread_id: str = ""
    day: datetime | None = None
    subject: str = ""

    def holds(self, row: UsageRow) -> bool:
        if self.day is None:
            return row.conversation_id == self.thread_id
        return row.created_at >= self.day and self.subject in ("", row.subject)

    async def spent(self, usage: Usage) -> Spent:
        if self.day is None:
            return await usage.spent_in(self.thread_id)
        return await usage.spent_since(self.day, subject=self.subject)


@dataclass(slots=True)
class Sum:
    spent: Spent
    read_s: float


@dataclass(slots=True)
class Ledger:
    """Sums of this process's calls as they happen, and of all processes' every few seconds."""

    database: Database
    log: UsageLog
    settings: BudgetSettings
    _sums: dict[Scope, Sum] = field(default_factory=dict[Scope, Sum])

    async def used_up(self, subject: str, thread_id: str) -> UsedUp:
        """The first budget that leaves nothing."""
        for scope, tokens, usd in self._budgets(subject, thread_id):
            spent = await self._spent(scope)
            if tokens is not None and spent.tokens >= tokens:
                return scope.code
            if usd is not None and spent.usd >= usd:
                return scope.code
        return ""

    def charge(self, row: UsageRow) -> None:
        for scope, known in self._sums.items():
            if scope.holds(row):
                known.spent += _of(row)

    def _budgets(
        self, subject: str, thread_id: str
    ) -> Iterator[tuple[Scope, int | None, Decimal | None]]:
        """Those that are set."""
        day, limits = datetime.combine(utc_now().date(), time(), UTC), self.settings
        every = (
            (Scope("budget_thread", thread_id), limits.thread_tokens, limits.thread_usd),
            (Scope("budget_user", day=day, subject=subject), limits.user_tokens, limits.user_usd),
            (Scope("budget_day", day=day), limits.day_tokens, limits.day_usd),
        )
        asked = every if thread_id else every[1:]
        return (one for one in asked if one[1:] != (None, None))

    async def _spent(self, scope: Scope) -> Spent:
        known = self._sums.get(scope)
        if known is None or monotonic_s() - known.read_s > FRESH_S:
            async with self.database.session() as session:
                written = await scope.spent(Usage(session))
            # A row that is being written may be in both for a moment: too much rather than too little.
            waiting = [_of(row) for row in self.log.waiting if scope.holds(row)]
            self._forget_stale()
            known = self._sums[scope] = Sum(sum(waiting, written), monotonic_s())
        return known.spent

    def _forget_stale(self) -> None:
        if len(self._sums) >= KEPT_SUMS:
            fresh_s = monotonic_s() - FRESH_S
            self._sums = {scope: one for scope, one in self._sums.items() if one.read_s > fresh_s}


def unpriced_models(settings: Settings) -> list[str]:
    """Configured models that a budget in USD cannot hold back: nobody knows what they cost."""
    prices, today = Prices.read(settings.llm.prices), utc_now().date()
    named = dict.fromkeys(
        (one.provider, one.model)
        for one in (settings.llm, *settings.llm.more.values())
        if one.provider != "offline"
    )
    return [
        f"{provider}/{model}"
        for provider, model in named
        if prices.cost_usd(provider, model, today, Tokens(1, 1)) is None
    ]


def _of(row: UsageRow) -> Spent:
    return Spent(row.input_tokens + row.output_tokens, Decimal(str(row.cost_usd or 0)))
