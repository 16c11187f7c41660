"""What a door may do with a turn that stands in a thread: a person's answer, or going on after a crash."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from agent.accounts import Account
from agent.approvals import Approval, Decision
from agent.events import Event
from agent.intents import Language, Route
from agent.standing import Standing
from agent.state import Exchange
from agent.teaching import Notebook
from agent.wording import phrase
from api.sentences import SENTENCES
from core.errors import Conflict, Invalid, NotFound
from core.principal import Principal


class Answering(Protocol):
    """What a turn asks: the assistant."""

    def run(
        self,
        message: str,
        *,
        principal: Principal,
        thread_id: str,
        language: str = "auto",
        namespace: str = "",
        account: Account | None = None,
        can_ask: bool = False,
        notebook: Notebook | None = None,
        unanswered: Exchange | None = None,
        exchanges: Sequence[Exchange] | None = None,
    ) -> AsyncGenerator[Event]:
        """The turn's events, ending with `Done`; raises `OpsError` when it cannot be answered."""
        ...

    def resume(
        self,
        thread_id: str,
        *,
        principal: Principal,
        decisions: Sequence[Decision] = (),
        account: Account | None = None,
        can_ask: bool = True,
        notebook: Notebook | None = None,
    ) -> AsyncGenerator[Event]:
        """The events of the turn that stands in the thread, from where it stands."""
        ...

    async def standing(self, thread_id: str) -> Standing | None:
        """The turn that has not come to its end in this thread."""
        ...

    async def close(self, thread_id: str) -> None:
        """Let go of the turn that stands in this thread."""
        ...

    async def exchanges(self, thread_id: str) -> list[Exchange]:
        """What this thread remembers."""
        ...

    async def route(self, message: str, *, account: Account | None = None) -> list[Route]:
        """Which subagent would answer what, and with which arguments."""
        ...

    async def forget(self, thread_id: str) -> None:
        """Let go of a conversation's memory."""
        ...


class AwaitsPerson(Conflict):
    """A question came where one to a person is open."""

    def __init__(self, approvals: Sequence[Approval]) -> None:
        waiting = ", ".join(one.id for one in approvals)
        told = SENTENCES.error(Conflict, "awaits_a_person", waiting=waiting)
        super().__init__(told.message, hint=told.hint, reason=told.reason, texts=told.texts)
        self.approvals = tuple(approvals)

    def what_waits(self, language: Language) -> str:
        """What waits and how to answer, for whoever asked something else meanwhile."""
        return "\n\n".join(
            phrase(
                "approval.still_waits",
                language,
                tool=one.tool,
                arguments=", ".join(f"{name}={value}" for name, value in one.arguments.items()),
                id=one.id,
                at=f"{one.expires_at:%H:%M}",
            )
            for one in self.approvals
        )


class NothingStands(NotFound):
    """An answer came where no turn stands."""


class TooLate(Conflict):
    """An answer came when nothing waits for it any more."""


def admit_question(standing: Standing | None) -> None:
    """A new question waits until the one to a person is answered or has expired."""
    if standing and standing.waits:
        raise AwaitsPerson(standing.approvals)


def admit_resume(standing: Standing | None, decisions: Sequence[Decision]) -> Standing:
    """Raises what keeps this turn from going on with these answers."""
    if standing is None:
        raise SENTENCES.error(NothingStands, "nothing_stands")
    known = {one.id for one in standing.approvals}
    if strange := [one.approval_id for one in decisions if one.approval_id not in known]:
        raise SENTENCES.error(TooLate, "waits_no_more", what=", ".join(strange))
    if standing.approvals and not standing.waits:
        raise SENTENCES.error(TooLate, "time_is_over")
    if standing.approvals and not decisions:
        raise SENTENCES.error(Invalid, "waits_for_a_person", known=", ".join(sorted(known)))
    return standing


def standing_shape(standing: Standing | None) -> dict[str, Any] | None:
    """For programs: `state` is waiting, expired or unfinished."""
    if standing is None:
        return None
    state = "unfinished" if not standing.approvals else "waiting" if standing.waits else "expired"
    asked = [one.shape() for one in standing.approvals]
    return {"state": state, "question": standing.question, "approvals": asked}
