"""A reply from whoever can give one: tried again after a pause, then asked of the next model."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, AnyMessage

from agent.candidates import Candidate, Candidates, Tools
from agent.events import FellBack
from agent.faults import Fault, ModelFailed
from agent.listening import Asking, one_reply
from agent.models import Lineup
from agent.sentences import SENTENCES

# A request that cannot have at least this long is not worth a wait.
WORTH_ASKING_S = 2.0
# With somebody else to ask, a model that wants us to wait longer is passed over.
PATIENCE_S = 2.0
# A pause doubles with every try, up to this.
LONGEST_PAUSE_S = 8.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, whoever it is asked of."""

    instructions: str
    messages: Sequence[AnyMessage]
    tools: Tools


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long to go on asking. `jitter` is in [0, 1): those who failed together return apart."""

    lineup: Lineup
    jitter: Callable[[], float] = random.random

    async def reply(self, candidates: Candidates, request: Request, asking: Asking) -> AIMessage:
        """The reply of the first candidate that gives one.

        Raises `TimeoutError` when the time is up, `ModelFailed` when all of them failed, or one
        did in the middle of what people could already read.
        """
        failure: ModelFailed | None = None
        for place, candidate in enumerate(candidates):
            one = _One(candidate, candidates[place + 1 :], failure)
            try:
                return await self._from(one, request, asking)
            except ModelFailed as error:
                # That one rests now says less than why another failed.
                failure = failure if failure and error.fault.outcome == RESTING else error
                if asking.voice.speaking:
                    break
        raise failure or ModelFailed("", Fault("denied", SENTENCES.said("model_none")))

    async def _from(self, one: "_One", request: Request, asking: Asking) -> AIMessage:
        ready, breaker = await one.candidate.ready(request.tools), one.candidate.breaker
        messages = [one.candidate.instructions(request.instructions), *request.messages]
        failure: ModelFailed | None = None
        pause_s = breaker.rests_s(_now_s())
        for tried in range(self.lineup.retries + 1):
            if not await self._admitted(one, pause_s, failure, asking):
                break
            if not tried:
                one.tell(asking)
            try:
                reply = await one_reply(ready, messages, asking)
            except ModelFailed as error:
                failure, pause_s = error, self._pause_s(tried, error.fault)
                is_last = tried == self.lineup.retries
                _blame(one.candidate, error.fault, spared=error.fault.dropped and not is_last)
                if _is_final(error.fault, asking):
                    break
            except BaseException:  # cut, or the time was up: that says nothing about the model
                breaker.undecided()
                raise
            else:
                breaker.succeeded()
                return reply
        raise failure or _resting(one.candidate)

    async def _admitted(
        self, one: "_One", pause_s: float, failure: ModelFailed | None, asking: Asking
    ) -> bool:
        """Wait as long as it is worth it; whether the model may be asked then."""
        breaker = one.candidate.breaker
        while pause_s <= 0 or self._may_wait(one, pause_s, failure, asking):
            if pause_s > 0:
                await asyncio.sleep(pause_s)
            if breaker.admits(_now_s()):
                return True
            # Another turn was told to wait meanwhile; without a wait, its request decides.
            pause_s = breaker.rests_s(_now_s())
            if not pause_s:
                break
        return False

    def _pause_s(self, tried: int, fault: Fault) -> float:
        longest_s = min(LONGEST_PAUSE_S, self.lineup.pause_s * 2**tried)
        return fault.wait_s + longest_s * (1 + self.jitter()) / 2

    def _may_wait(
        self, one: "_One", pause_s: float, failure: ModelFailed | None, asking: Asking
    ) -> bool:
        """A provider that said how long is waited for as the turn's time allows, others briefly.

        One that rests is not waited for at all while another is ready.
        """
        fault = (failure or _resting(one.candidate)).fault
        if any(not other.breaker.rests_s(_now_s()) for other in one.others):
            return fault.outcome != RESTING and pause_s < PATIENCE_S
        in_time_s = asking.seconds_left - WORTH_ASKING_S
        return pause_s < (in_time_s if fault.wait_s else min(in_time_s, LONGEST_PAUSE_S))


RESTING = "resting"


@dataclass(frozen=True, slots=True)
class _One:
    """A candidate whose turn it is, who is left after it, and why the one before it did not answer."""

    candidate: Candidate
    others: Candidates
    before: ModelFailed | None

    def tell(self, asking: Asking) -> None:
        """Said when it is really asked."""
        if self.before:
            failed = self.before.title
            why = self.before.fault.why.told(asking.voice.language)
            asking.emit(FellBack(asking.run_id, failed, self.candidate.choice.title, why))


def _resting(candidate: Candidate) -> ModelFailed:
    rests_s = max(1, round(candidate.breaker.rests_s(_now_s())))
    why = SENTENCES.said("model_resting", seconds=rests_s)
    return ModelFailed(candidate.choice.title, Fault(RESTING, why))


def _blame(candidate: Candidate, fault: Fault, *, spared: bool) -> None:
    """A model is spared what its next try will tell: many kept connections may close in the same moment."""
    if fault.blames_model and not spared:
        candidate.breaker.failed(_now_s(), asked_to_wait_s=fault.wait_s)
    else:
        candidate.breaker.undecided()


def _is_final(fault: Fault, asking: Asking) -> bool:
    """Whether the same model need not be asked again: it would not help, or would say it twice."""
    return not fault.passing or asking.voice.speaking


def _now_s() -> float:
    return asyncio.get_running_loop().time()
