"""What the models of a turn used, and what that cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from langchain_core.messages import BaseMessage

from agent.accounts import Account, Unlimited, UsedUp
from agent.estimating import Estimates, told
from agent.events import ModelCall, Tokens, Usage
from agent.pricing import Prices

NOTHING = Tokens()
RULES = ("offline", "rules")


@dataclass(slots=True)
class Meter:
    """Adds up the model calls of a turn, and charges each of them when it has ended."""

    prices: Prices = field(default_factory=Prices)
    account: Account = field(default_factory=Unlimited)
    limit_usd: Decimal | None = None
    estimates: Estimates = field(default_factory=Estimates)
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    by_rules: bool = False
    _sent: set[int] = field(default_factory=set[int])

    def add(self, call: ModelCall) -> None:
        """One call, priced by the day it was made. The planner without a model costs nothing."""
        if call.provider == "offline":
            self.by_rules = True
            return
        known = replace(self.prices, kept=self.account.prices)
        cost = known.cost_usd(call.provider, call.model, call.at.date(), call.tokens)
        priced = replace(call, cost_usd=cost)
        self.calls.append(priced)
        self.account.charge(priced)

    def new_in(self, messages: Sequence[BaseMessage]) -> str | None:
        """What no request of this turn has said before; None unless texts are kept."""
        if not self.account.keeps_texts:
            return None
        new = [one for one in messages if id(one) not in self._sent]
        self._sent.update(id(one) for one in new)
        return "\n\n".join(f"{one.type}: {told(one)}" for one in new)

    @property
    def tokens(self) -> int:
        return sum(call.tokens.total for call in self.calls)

    @property
    def usd(self) -> Decimal:
        """Of the calls whose price is known."""
        return sum((call.cost_usd or Decimal(0) for call in self.calls), Decimal(0))

    async def used_up(self) -> UsedUp:
        """Which budget leaves nothing for another call. One that was begun may pass it."""
        if self.limit_usd is not None and self.usd >= self.limit_usd:
            return "budget_turn"
        return await self.account.used_up()

    def usage(self) -> tuple[Usage, ...]:
        """By provider and model, in the order they were first asked."""
        names = dict.fromkeys((call.provider, call.model) for call in self.calls)
        used = [self._of(*name) for name in names]
        return (*used, Usage(*RULES, 0, 0, 0.0)) if self.by_rules else tuple(used)

    def _of(self, provider: str, model: str) -> Usage:
        calls = [one for one in self.calls if (one.provider, one.model) == (provider, model)]
        spent = sum((call.tokens for call in calls), NOTHING)
        known = [call.cost_usd for call in calls if call.cost_usd is not None]
        return Usage(
            provider,
            model,
            spent.input,
            spent.output,
            float(round(sum(known), 6)) if len(known) == len(calls) else None,
            cache_read_tokens=spent.cache_read,
            cache_write_tokens=spent.cache_write,
            reasoning_tokens=spent.reasoning,
            estimated=spent.estimated,
            calls=len(calls),
            failed=sum(call.outcome != "ok" for call in calls),
        )
