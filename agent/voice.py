"""The answer as it is spoken: preambles held back, numbers that nobody gave taken out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.events import Event, Token
from agent.evidence import Evidence

# A model often says a sentence before it calls a tool. Text up to this long waits until it is
# clear whether a call follows; longer text is worth reading either way.
HELD_CHARACTERS = 160

# The beginning of a citation mark, at the end of what came so far.
OPEN_MARK = re.compile(r"\[[\d\s,，、]{0,24}$")


@dataclass(slots=True)
class Voice:
    """`text` is exactly what was streamed, so an answer never differs from its tokens."""

    emit: Callable[[Event], None]
    evidence: Evidence
    message_id: str
    text: str = ""
    _held: str = ""
    _speaking: bool = False

    def begin(self) -> None:
        """A new reply; whether it is the answer is not known yet."""
        self._held, self._speaking = "", False

    def hear(self, piece: str) -> None:
        """The next piece of a reply that may be the answer."""
        self._held += piece
        if self._speaking or len(self._held) > HELD_CHARACTERS:
            self._speak(OPEN_MARK.search(self._held))

    def drop(self) -> None:
        """The reply went on to call a tool: what was held back was a preamble."""
        self._held = ""

    def say(self, text: str) -> None:
        """A whole text that is certainly part of the answer."""
        self._held = text
        self._speak(None)
        self._speaking = False

    def end(self) -> None:
        """The reply was the answer, or the end of it."""
        self._speak(None)

    @property
    def speaking(self) -> bool:
        """Whether some of the present reply was already streamed."""
        return self._speaking

    def _speak(self, unfinished: re.Match[str] | None) -> None:
        cut = unfinished.start() if unfinished else len(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        told = self.evidence.without_unknown(ready)
        if not self._speaking:
            told = told.lstrip()
            if told and self.text:
                told = "\n\n" + told
        if told:
            self._speaking = True
            self.text += told
            self.emit(Token(self.message_id, told))
