"""The answer as it is spoken: preambles held back; numbers and addresses that nobody gave taken out,
and claims without evidence marked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.addresses import Addresses, Text, finished_part
from agent.events import Event, Token
from agent.evidence import Evidence
from agent.intents import Language
from agent.verifying import Marks, Verifying
from agent.wording import phrase
from core.visible import visible

# A model often says a sentence before it calls a tool. Text up to this long waits until it is
# clear whether a call follows; longer text is worth reading either way.
HELD_CHARACTERS = 160

# The beginning of a citation mark at the end of what came so far, and the space before one: both
# go when nobody gave its numbers.
OPEN_MARK = re.compile(r"[ \t]?\[[\d\s,，、]{0,24}$|[ \t]$")


@dataclass(slots=True)
class Voice:
    """`text` is exactly what was streamed, so an answer never differs from its tokens.

    `before` is what an earlier run of the same turn streamed, ahead of a question to a person.
    """

    emit: Callable[[Event], None]
    evidence: Evidence
    message_id: str
    addresses: Addresses = field(default_factory=Addresses)
    language: Language = "en"
    text: str = ""
    before: str = ""
    verifying: Verifying = field(default_factory=Verifying)
    _held: str = ""
    _speaking: bool = False
    _by_rules: bool = False

    def learn(self, text: Text, arguments: Mapping[str, Any] = {}) -> None:
        """What a person asked, or a tool told that was called with `arguments`: it may be repeated."""
        self.addresses.learn(text, arguments)
        self.verifying.learn(text)

    def aside(self, emit: Callable[[Event], None]) -> "Voice":
        """Another voice of the same turn, which knows what this one knows."""
        verifying = Verifying(self.verifying.names, elder=self.verifying)
        return Voice(emit, self.evidence, "", self.addresses, verifying=verifying)

    def begin(self, *, by_rules: bool = False) -> None:
        """A new reply; whether it is the answer is not known yet. What rules say is not doubted."""
        self._held, self._speaking, self._by_rules = "", False, by_rules

    def hear(self, piece: str) -> None:
        """The next piece of a reply that may be the answer."""
        self._held = visible(self._held + piece)
        if self._speaking or len(self._held) > HELD_CHARACTERS:
            mark, cut = OPEN_MARK.search(self._held), finished_part(self._held)
            self._speak(min(mark.start(), cut) if mark else cut)

    def drop(self) -> None:
        """The reply went on to call a tool: what was held back was a preamble."""
        self._held = ""

    def say(self, text: str) -> None:
        """A whole text that is certainly part of the answer."""
        self._held, self._by_rules, self._speaking = visible(text), True, False
        self._speak(len(text))
        self._speaking = False

    def end(self) -> None:
        """The reply was the answer, or the end of it."""
        self._speak(len(self._held))
        if self._speaking and not self._by_rules:
            self._tell(self.verifying.rest(self._marks))

    @property
    def whole(self) -> str:
        """The answer so far, over all runs of the turn."""
        return "\n\n".join(part for part in (self.before, self.text) if part)

    def recall(self, text: str) -> None:
        """What was said and heard before this run."""
        self.before = "\n\n".join(part for part in (self.before, text) if part)

    @property
    def speaking(self) -> bool:
        """Whether some of the present reply was already streamed."""
        return self._speaking

    @property
    def _marks(self) -> Marks:
        return Marks(*(phrase(f"answer.{one}", self.language) for one in ("unverified", "unmade")))

    def _speak(self, cut: int) -> None:
        ready, self._held = self._held[:cut], self._held[cut:]
        told = self.without_made_up(self.evidence.without_unknown(ready))
        if not self._by_rules:
            told = self.verifying.told(told, self._marks)
        if not self._speaking:
            told = told.lstrip()
            if told and self.text:
                told = "\n\n" + told
        self._tell(told)

    def without_made_up(self, text: str) -> str:
        """The text without the addresses that nobody showed."""
        removed = phrase("answer.address_removed", self.language)
        return self.addresses.without_made_up(text, removed)

    def _tell(self, told: str) -> None:
        if told:
            self._speaking = True
            self.text += told
            self.emit(Token(self.message_id, told))
