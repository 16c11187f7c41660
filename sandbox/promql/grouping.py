"""Reading tokens one ahead, and saying what was expected instead."""

from collections.abc import Generator
from contextlib import contextmanager

from sandbox.promql.errors import Unparsable
from sandbox.promql.scanning import AGGREGATORS, SET_OPERATORS, Scanner, Token, refusal

_LABELS = AGGREGATORS | SET_OPERATORS | {
    "identifier", "by", "bool", "group_left", "group_right", "ignoring", "on", "offset", "start",
    "end", "atan2",
}  # fmt: skip


class GroupingReader:
    """`token` is the next one, `last_end` is where the one before it ended."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._scanner = Scanner(text)
        self._contexts: list[tuple[str, str]] = []
        self._next: Token | None = None
        self.last_end = 0

    @property
    def token(self) -> Token:
        """Read when somebody looks at it: what is wrong before it is refused before it."""
        if self._next is None:
            self._next = self._scanner.next()
        return self._next

    def at(self, *kinds: str) -> bool:
        """Whether the next token is one of these."""
        return self.token.kind in kinds

    def take(self) -> Token:
        """The next token; the one after it becomes the next."""
        taken, self._next = self.token, None
        self.last_end = taken.end
        return taken

    def take_bracket(self) -> Token:
        """An opening one, behind which the text is read as a duration."""
        taken = self.take()
        self._next = self._scanner.duration()
        return taken

    def need(self, kind: str, context: str = "", expected: str = "") -> Token:
        if self.token.kind != kind:
            raise self.unexpected(context, expected)
        return self.take()

    @contextmanager
    def inside(self, context: str, expected: str = "") -> Generator[None]:
        """What is unexpected in here is so in this context, if no inner one has more to say."""
        self._contexts.append((context, expected))
        yield
        self._contexts.pop()

    def unexpected(self, context: str = "", expected: str = "") -> Unparsable:
        """At the next token."""
        if not context and self._contexts:
            context, expected = self._contexts[-1]
        where = f" in {context}" if context else ""
        instead = f", expected {expected}" if expected else ""
        told = f"unexpected {self.token.shown}{where}{instead}"
        return refusal(self.text, self.token.start, told)

    def labels(self) -> list[str]:
        """A list of labels in parentheses."""
        self.need("(", "grouping opts", '"("')
        found: list[str] = []
        while self.token.kind != ")":
            if self.token.kind not in _LABELS:
                raise self.unexpected("grouping opts", "label")
            found.append(self.take().text)
            if self.token.kind == ",":
                self.take()
            elif self.token.kind != ")":
                raise self.unexpected("grouping opts", '"," or ")"')
        self.take()
        return found
