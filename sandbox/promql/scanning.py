"""PromQL text → tokens with their places, refused in the words and at the place of Prometheus 2.42.

The rules are those that its lexer is seen to follow, its oddities included: a letter inside of
brackets is a colon, and a bracket too many is refused behind it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.promql.errors import Unparsable

AGGREGATORS = frozenset(
    [
        "sum",
        "avg",
        "count",
        "min",
        "max",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "count_values",
        "quantile",
    ]
)
SET_OPERATORS = frozenset({"and", "or", "unless"})
KEYWORDS = frozenset(
    [
        "offset",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "bool",
        "start",
        "end",
    ]
)
END = "end of input"
_NUMBERS = frozenset({"inf", "nan"})

_SPACES, _WORD = re.compile(r"(?:[ \t\n\r]|#[^\n]*)+"), re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(
    r"(?:0[xX][0-9a-fA-F]*(?:\.[0-9a-fA-F]*)?|[0-9]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]*)?"
)
_DURATION = re.compile(r"[smhdwy]s?(?:[0-9]+[smhdw]s?)*")
_TOO_SHORT = re.compile(r"[smhdwy]s?(?:[0-9]+[smhdw]s?)*[0-9]*")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9_]")
_OPERATOR = re.compile(r"==|!=|<=|>=|[-+*/%^<>=,()@]")
_MATCH = re.compile(r"=~|!~|!=|=|,")
_SIMPLE_ESCAPES = "abfnrtv\\"
_DIGITS = {"x": (2, 16), "u": (4, 16), "U": (8, 16)}


@dataclass(frozen=True)
class Token:
    """`kind` is the text itself for what can only be written in one way."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def shown(self) -> str:
        """As Prometheus names it where it did not expect it."""
        kind, text = self.kind, self.text
        if kind == END:
            return END
        if kind in ("identifier", "metric identifier"):
            return f"{kind} {quoted(text)}"
        if kind in ("number", "duration", "string"):
            return f"{kind} {_shortened(text)}"
        return _shown_symbol(kind, text)


def refusal(text: str, place: int, why: str) -> Unparsable:
    """At a place counted in characters; Prometheus tells lines, and columns in bytes."""
    before = text[:place]
    line, last = before.count("\n") + 1, before.rpartition("\n")[2]
    return Unparsable(f"{line}:{len(last.encode()) + 1}: parse error: {why}")


def quoted(text: str) -> str:
    """As Go writes a string between quotes."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(one, one) for one in text) + '"'


class Scanner:
    """One token after the other, so that what is refused first is what comes first."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.start = text, 0, 0
        self.depth, self.in_brackets, self.seen_colon, self.in_braces = 0, False, False, False

    def next(self) -> Token:
        """At the end of the text always an `END`."""
        if spaces := _SPACES.match(self.text, self.at):
            self.at = spaces.end()
        self.start = self.at
        return self._in_braces() if self.in_braces else self._outside()

    def _refused(self, why: str) -> Unparsable:
        return refusal(self.text, self.start, why)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _taken(self, kind: str, length: int = 1) -> Token:
        self.at = self.start + length
        return Token(kind, self.text[self.start : self.at], self.start)

    def _outside(self) -> Token:
        first = self._peek()
        if not first:
            return self._end()
        if (first.isascii() and first.isdigit()) or self._is_fraction():
            return self._number()
        if first in "\"'`":
            return self._string()
        if _WORD.match(first):
            return self._colon(first) if self.in_brackets else self._word()
        if made := _OPENING.get(first):
            return made(self)
        return self._operator(first)

    def _end(self) -> Token:
        if self.depth:
            raise self._refused("unclosed left parenthesis")
        if self.in_brackets:
            raise self._refused("unclosed left bracket")
        return Token(END, "", self.at)

    def _is_fraction(self) -> bool:
        return bool(re.compile(r"\.[0-9]").match(self.text, self.at))

    def _operator(self, first: str) -> Token:
        following = self.text[self.at + 1 : self.at + 2]
        if first == "=" and following == "~":
            raise self._refused("unexpected character after '=': '~'")
        if first == "!" and following != "=":
            raise self._refused(f"unexpected character after '!': {_rune(following)}")
        found = _OPERATOR.match(self.text, self.at)
        if not found:
            raise self._refused(f"unexpected character: {_rune(first)}")
        return self._taken(found[0], len(found[0]))

    def _colon(self, first: str) -> Token:
        if self.seen_colon:
            raise self._refused(f"unexpected colon {_rune(first)}")
        self.seen_colon = True
        return self._taken(":")

    def open_parenthesis(self) -> Token:
        self.depth += 1
        return self._taken("(")

    def close_parenthesis(self) -> Token:
        self.depth -= 1
        if self.depth < 0:
            self.start += 1
            raise self._refused("unexpected right parenthesis ')'")
        return self._taken(")")

    def open_bracket(self) -> Token:
        if self.in_brackets:
            raise self._refused("unexpected left bracket '['")
        self.in_brackets, self.seen_colon = True, False
        return self._taken("[")

    def close_bracket(self) -> Token:
        if not self.in_brackets:
            raise self._refused("unexpected right bracket ']'")
        self.in_brackets = False
        return self._taken("]")

    def open_brace(self) -> Token:
        self.in_braces = True
        return self._taken("{")

    def duration(self) -> Token:
        """What must follow a bracket. A bracket is taken with the spaces after it."""
        while self._peek() and self._peek() in " \t\n\r":
            self.at += 1
        self.start = self.at
        found = self._number_end()
        if found is not None:
            self.at = found
            raise self._refused("missing unit character in duration")
        return self._duration("bad duration syntax")

    def _number(self) -> Token:
        found = self._number_end()
        if found is not None:
            return self._taken("number", found - self.start)
        return self._duration("bad number or duration syntax")

    def _number_end(self) -> int | None:
        """Where a number ends, or nothing where letters go on; then it is a duration or wrong."""
        match = _NUMBER.match(self.text, self.at)
        end = match.end() if match else self.at
        if _ALPHANUMERIC.match(self.text, end):
            self.at = end
            return None
        return end

    def _duration(self, why: str) -> Token:
        found = _DURATION.match(self.text, self.at)
        if found and not _ALPHANUMERIC.match(self.text, found.end()):
            return self._taken("duration", found.end() - self.start)
        partly = _TOO_SHORT.match(self.text, self.at)
        end = partly.end() if partly else self.at
        if found and partly and found.end() == partly.end():
            end += 1  # the letter too many has been read
        raise self._refused(f"{why}: {quoted(self.text[self.start : end])}")

    def _string(self) -> Token:
        opened, at = self._peek(), self.at + 1
        if opened == "`":
            closed = self.text.find("`", at)
            if closed < 0:
                raise self._refused("unterminated raw string")
            return self._taken("string", closed + 1 - self.start)
        while (one := self.text[at : at + 1]) != opened:
            if one in ("", "\n"):
                raise self._refused("unterminated quoted string")
            at = self._escaped(at + 1, opened) if one == "\\" else at + 1
        return self._taken("string", at + 1 - self.start)

    def _escaped(self, at: int, opened: str) -> int:
        """Behind an escape sequence."""
        letter = self.text[at : at + 1]
        if letter and letter in _SIMPLE_ESCAPES + opened:
            return at + 1
        if not letter:
            raise self._refused("escape sequence not terminated")
        if letter not in _DIGITS and letter not in "01234567":
            raise self._refused(f"unknown escape sequence {_code_point(letter)}")
        count, base = _DIGITS.get(letter, (3, 8))
        first = at + 1 if letter in _DIGITS else at
        for place in range(first, first + count):
            self._check_digit(self.text[place : place + 1], base)
        value = int(self.text[first : first + count], base)
        if value > (255 if count < 4 else 0x10FFFF) or 0xD800 <= value < 0xE000:
            raise self._refused("escape sequence is an invalid Unicode code point")
        return first + count

    def _check_digit(self, digit: str, base: int) -> None:
        if not digit:
            raise self._refused("escape sequence not terminated")
        if digit.lower() not in "0123456789abcdef"[:base]:
            raise self._refused(f"illegal character {_code_point(digit)} in escape sequence")

    def _word(self) -> Token:
        found = _WORD.match(self.text, self.at)
        word = found[0] if found else ""
        lower = word.lower()
        if lower in AGGREGATORS or lower in KEYWORDS or lower in SET_OPERATORS or lower == "atan2":
            return self._taken(lower, len(word))
        if lower in _NUMBERS:
            return self._taken("number", len(word))
        return self._taken("metric identifier" if ":" in word else "identifier", len(word))

    def _in_braces(self) -> Token:
        first = self._peek()
        if not first:
            raise self._refused("unexpected end of input inside braces")
        if found := _LABEL.match(self.text, self.at):
            return self._taken("identifier", len(found[0]))
        if first in "\"'`":
            return self._string()
        if first == "}":
            self.in_braces = False
            return self._taken("}")
        if found := _MATCH.match(self.text, self.at):
            return self._taken(found[0], len(found[0]))
        raise self._refused(self._misplaced(first))

    def _misplaced(self, first: str) -> str:
        if first == "!":
            following = self.text[self.at + 1 : self.at + 2]
            return f"unexpected character after '!' inside braces: {_rune(following)}"
        if first == "{":
            return "unexpected left brace '{'"
        return f"unexpected character inside braces: {_rune(first)}"


_OPENING: dict[str, Callable[[Scanner], Token]] = {
    "(": Scanner.open_parenthesis,
    ")": Scanner.close_parenthesis,
    "[": Scanner.open_bracket,
    "]": Scanner.close_bracket,
    "{": Scanner.open_brace,
}


def _shown_symbol(kind: str, text: str) -> str:
    if kind in KEYWORDS - {"start", "end"}:
        return f"<{text}>"
    if kind in AGGREGATORS:
        return f"<aggr:{text}>"
    if kind == "@":
        return '"<Item 57385>" <op:@>'
    if kind in SET_OPERATORS or kind in _OPERATORS:
        return f"<op:{text}>"
    return quoted(text)


_OPERATORS = frozenset(
    ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "=~", "!~", "atan2"]
)


def _shortened(text: str) -> str:
    return f"{quoted(text[:10])}..." if len(text.encode()) > 10 else quoted(text)


def _rune(one: str) -> str:
    """As Go writes a single character; the end of the text is none."""
    escapes = {"": "�", "'": "\\'", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return f"'{escapes.get(one, one)}'"


def _code_point(one: str) -> str:
    return f"U+{ord(one):04X} '{one}'"
