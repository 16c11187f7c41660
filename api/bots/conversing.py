"""What every chat service shares: a message becomes a turn, and is answered where it was said."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from agent.approvals import Decision
from agent.intents import Language
from agent.wording import phrase
from api.bots.heard import Heard
from api.bots.owing import Owed, Owing
from api.bots.people import People
from api.turns.approvals import answer_to
from api.turns.questions import Question
from api.turns.replies import decision_in
from api.turns.running import Turns
from api.turns.runs import Ending
from api.turns.standing import TooLate
from api.turns.watching import HowTo, Piece, Told, begun, pieces
from api.turns.watching import told as shaped
from core.clock import utc_now
from core.errors import NotFound, OpsError
from core.principal import Principal
from core.redaction import redact_text
from core.storage.repositories.conversations import Conversations
from core.storage.repositories.feedback import Feedbacks
from core.telemetry import logger

log = logger("midwatch.bots")
STOP = frozenset({"stop", "cancel", "停止", "停", "取消"})
HELPED = frozenset({"👍", "+1", "有用", "[赞]", "[强]"})
HELPED_NOT = frozenset({"👎", "-1", "没用", "[弱]"})
HELP = frozenset({"help", "帮助", "?", "？", ""})
# How many messages are remembered as heard: services send a message again when they were not answered.
HEARD = 1024
# A question that ended so many processes may be what ends them; and nobody waits longer than that for
# an answer in a chat.
MOST_TRIES, TOO_LATE = 3, timedelta(hours=1)
Show = Callable[[Piece], Awaitable[None]]


@dataclass(slots=True)
class Conversing:
    """The turns of one chat service.

    In one thread every person has a conversation of their own: what one may see, another may not.
    """

    turns: Turns
    people: People
    how_to_answer: HowTo
    owing: Owing = field(init=False)
    _heard: dict[str, None] = field(default_factory=dict[str, None])

    def __post_init__(self) -> None:
        self.owing = Owing(self.turns.database, self.people.service)

    def is_new(self, message_id: str) -> bool:
        """False for a message that came before."""
        if message_id in self._heard:
            return False
        self._heard[message_id] = None
        if len(self._heard) > HEARD:
            del self._heard[next(iter(self._heard))]
        return True

    def thread_id(self, heard: Heard) -> str:
        """An id of ours, whatever services call their threads and people."""
        whose = hashlib.sha256(f"{heard.thread}\n{heard.person}".encode()).hexdigest()
        return f"{self.people.service}:{whose[:40]}"

    async def goes_on(self, heard: Heard) -> bool:
        """Whether this person spoke with Midwatch in this thread before."""
        async with self.turns.database.session() as session:
            return await Conversations(session).owner_of(self.thread_id(heard)) is not None

    async def answer(self, heard: Heard) -> AsyncGenerator[Piece]:
        """What is done about a message, ending with what is said. Raises what keeps it from that."""
        principal = await self.people.principal(heard.person, heard.place)
        word = heard.text.strip().lower()
        if word in HELP:
            yield plainly(helping(heard.language), heard.language)
        elif word in STOP:
            yield _said(heard, await self._stopped(heard, principal))
        elif word in HELPED | HELPED_NOT:
            yield _said(heard, await self._rated(heard, principal, word in HELPED))
        else:
            async with aclosing(self._turn(principal, await self._asked(principal, heard))) as told:
                async for piece in told:
                    yield piece

    async def rate(self, heard: Heard, run_id: str, *, helpful: bool) -> str:
        """A button that says whether an answer helped; what to answer, by its name."""
        principal = await self.people.principal(heard.person, heard.place)
        return await self._rated(heard, principal, helpful, run_id)

    async def decide(self, heard: Heard, said: Decision) -> AsyncGenerator[Piece]:
        """A button that was pressed in the thread."""
        principal = await self.people.principal(heard.person, heard.place)
        question = await self._decision(principal, heard, said)
        async with aclosing(self._turn(principal, question)) as told:
            async for piece in told:
                yield piece

    async def again(self, owed: Owed) -> AsyncGenerator[Piece]:
        """What a killed process left unanswered: the answer it had found, the turn gone on with, or,
        where it is too late for that, a sentence that says so."""
        heard = owed.heard
        principal = await self.people.principal(heard.person, heard.place)
        if owed.tries > MOST_TRIES or utc_now() - owed.asked_at > TOO_LATE:
            yield _said(heard, "bots.cut_off")
            return
        if found := await self._found(principal, owed):
            yield found
            return
        said = owed.decision or decision_in(heard.text)
        try:
            turn = self.decide(heard, said) if said else self.answer(heard)
            async with aclosing(turn) as told:
                async for piece in told:
                    yield piece
        except TooLate:  # the decision was taken already; what it began is gone on with
            if said is None:
                raise
            question = Question("", thread_id=self.thread_id(heard), can_ask=True, resume=True)
            async with aclosing(self._turn(principal, question)) as told:
                async for piece in told:
                    yield piece

    async def _found(self, principal: Principal, owed: Owed) -> Told | None:
        """What was kept of the answer since it was asked, if the turn came to its end."""
        thread = self.thread_id(owed.heard)
        async with self.turns.database.session() as session:
            conversations = Conversations(session)
            if await conversations.owner_of(thread) != principal.subject:
                return None
            messages = await conversations.messages(thread, owner=principal.subject)
        last = messages[-1] if messages else None
        if last is None or last.role != "assistant" or last.created_at < owed.asked_at:
            return None
        if last.detail.get("ending") not in (Ending.DONE, Ending.WAITING):
            return None
        standing = await self.turns.standing(thread, principal.subject)
        waits = bool(standing and standing.waits)
        approvals: list[dict[str, Any]] = last.detail["approvals"] if waits else []
        shape = {**last.detail, "answer": last.text, "language": last.language}
        said = shaped({**shape, "approvals": approvals}, self.how_to_answer)
        return replace(said, run_id=str(last.detail["run_id"]))

    async def _asked(self, principal: Principal, heard: Heard) -> Question:
        said = decision_in(heard.text)
        if said is None:
            return Question(heard.text, thread_id=self.thread_id(heard), can_ask=True)
        return await self._decision(principal, heard, said)

    async def _decision(self, principal: Principal, heard: Heard, said: Decision) -> Question:
        """An answer to what waits in this thread, or in another conversation of theirs at any door."""
        thread = self.thread_id(heard)
        standing = await self.turns.standing(thread, principal.subject)
        here = standing and any(one.id == said.approval_id for one in standing.approvals)
        if not here:
            with suppress(NotFound):
                return await answer_to(self.turns, principal.subject, said)
        return Question("", thread_id=thread, can_ask=True, resume=True, decisions=(said,))

    async def _turn(self, principal: Principal, question: Question) -> AsyncGenerator[Piece]:
        started = await begun(self.turns, principal, question)
        async with aclosing(pieces(started, self.how_to_answer)) as told:
            async for piece in told:
                yield piece

    async def _rated(
        self, heard: Heard, principal: Principal, helpful: bool, run_id: str = ""
    ) -> str:
        """Of one's own conversation; of its newest answer where no button says which."""
        about = {"run_id": run_id, "door": self.people.service}
        async with self.turns.database.session() as session:
            await Feedbacks(session).say(
                self.thread_id(heard),
                owner=principal.subject,
                helpful=helpful,
                at=utc_now(),
                **about,
            )
        return "bots.thanks" if helpful else "bots.thanks_anyway"

    async def _stopped(self, heard: Heard, principal: Principal) -> str:
        at_work = self.turns.at_work(self.thread_id(heard), principal.subject)
        for run in at_work:
            await self.turns.cancel(run)
        return "bots.stopped" if at_work else "bots.nothing_runs"


async def shown(
    said: AsyncGenerator[Piece],
    show: Show,
    *,
    service: str,
    language: Language,
    refusals: tuple[type[Exception], ...],
) -> bool:
    """Hand every piece to `show`; what breaks is said there too. Whether it came to a good end.

    `refusals` are what `show` raises where the service does not take what it is told: it would not
    take an excuse either, and the log has it.
    """
    try:
        async with aclosing(said) as told:
            excuse = await _excused(told, show, language, refusals)
        if excuse is None:
            return True
        await show(excuse)
    except refusals as error:
        log.warning("bot.refused", service=service, why=redact_text(str(error)))
    return False


async def _excused(
    said: AsyncGenerator[Piece],
    show: Show,
    language: Language,
    refusals: tuple[type[Exception], ...],
) -> Told | None:
    """What to say of what broke, if something did."""
    try:
        async for piece in said:
            await show(piece)
    except refusals:
        raise
    except OpsError as error:
        return plainly(error.told(language), language)
    except Exception:  # whoever waits must not be left without an answer
        log.exception("bot.broke")
        return plainly(phrase("bots.failed", language), language)
    return None


def helping(language: Language) -> str:
    """What there is to ask, with examples that any cluster has an answer to."""
    told = (f"- {one}" for one in phrase("bots.examples", language).strip().splitlines())
    head = f"{phrase('bots.help', language)}\n\n{phrase('bots.examples_head', language)}"
    return "\n".join([head, "", *told])


def decided_by(said: Decision, person: str, why: str, language: Language) -> str:
    """Who decided, for everybody there. `person` and `why` are as the service takes them."""
    key = "bots.approved_by" if said.approved else "bots.denied_by"
    if why and not said.approved:
        return phrase("bots.denied_by_because", language, person=person, why=why)
    return phrase(key, language, person=person)


def plainly(text: str, language: Language) -> Told:
    """A text that no turn stands behind."""
    return Told(text, {"language": language, "approvals": [], "answer": text})


def _said(heard: Heard, key: str) -> Told:
    return plainly(phrase(key, heard.language), heard.language)
