"""Whom the models of a turn are charged to, and whether there is anything left to spend."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Literal, Protocol

from agent.events import ModelCall
from agent.pricing import Price
from core.flags import State

# Which budget is used up, or that models are switched off; "" when neither is.
UsedUp = Literal["", "budget_turn", "budget_thread", "budget_user", "budget_day", "models_off"]
# What a function in shadow did, as it is noted at its flag.
Tried = Coroutine[Any, Any, Mapping[str, Any]]


class Account(Protocol):
    """Of one turn. Two implementations: the service's, over its usage log, and none."""

    @property
    def keeps_texts(self) -> bool:
        """Whether prompts and replies are to be told with each call."""
        ...

    @property
    def prices(self) -> Sequence[Price]:
        """What was set in the service: these go before all others."""
        ...

    def charge(self, call: ModelCall) -> None:
        """Note a call that has ended, however it ended. Neither waits nor fails."""
        ...

    async def used_up(self) -> UsedUp:
        """Which budget beyond the turn's own is used up, or models_off, before the next call is made."""
        ...

    async def state_of(self, function: str) -> State:
        """What a smart function is for who asks."""
        ...

    async def may_try(self) -> bool:
        """Whether a model may be asked beside the rules: models are in shadow, and budgets leave something."""
        ...

    def beside(self, function: str, tried: Tried) -> None:
        """Run it while nobody waits for it, and note what it tells at the flag of the function."""
        ...


class Unlimited:
    """Nobody keeps an account, as on the command line without a service."""

    keeps_texts = False
    prices: Sequence[Price] = ()

    def charge(self, call: ModelCall) -> None:
        """Nothing is noted."""

    async def used_up(self) -> UsedUp:
        return ""

    async def state_of(self, function: str) -> State:
        return "on"

    async def may_try(self) -> bool:
        return False

    def beside(self, function: str, tried: Tried) -> None:
        tried.close()
