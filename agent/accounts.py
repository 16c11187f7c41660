"""Whom the models of a turn are charged to, and whether there is anything left to spend."""

from typing import Literal, Protocol

from agent.events import ModelCall

# Which budget is used up; "" when none is.
UsedUp = Literal["", "budget_turn", "budget_thread", "budget_user", "budget_day"]


class Account(Protocol):
    """Of one turn. Two implementations: the service's, over its usage log, and none."""

    @property
    def keeps_texts(self) -> bool:
        """Whether prompts and replies are to be told with each call."""
        ...

    def charge(self, call: ModelCall) -> None:
        """Note a call that has ended, however it ended. Neither waits nor fails."""
        ...

    async def used_up(self) -> UsedUp:
        """Which budget beyond the turn's own is used up, before the next call is made."""
        ...


class Unlimited:
    """Nobody keeps an account, as on the command line without a service."""

    keeps_texts = False

    def charge(self, call: ModelCall) -> None:
        """Nothing is noted."""

    async def used_up(self) -> UsedUp:
        return ""
