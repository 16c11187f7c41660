"""What PromQL 2.42 refuses, where, and why.

The parser that makes the tree to evaluate does not tell places. This one goes through the same
text, as Prometheus does: at the first token that cannot stand where it stands, the innermost
construct that has something to say about it says what it expected.
"""

import math
import re
from collections.abc import Sequence
from contextlib import suppress

from core.errors import Invalid
from sandbox.promql.grouping import GroupingReader
from sandbox.promql.kind_checks import check_kinds
from sandbox.promql.scanning import AGGREGATORS, END, SET_OPERATORS, Token, quoted, refusal
from sandbox.promql.signatures import LATER, SIGNATURES
from sandbox.promql.trees import (
    Aggregation,
    Bracketed,
    Called,
    Literally,
    Matched,
    Moved,
    Node,
    Operation,
    Selector,
    Signed,
    Window,
)
from sandbox.series import Matcher, Operator

_NAMES = AGGREGATORS | SET_OPERATORS | {
    "by", "without", "offset", "start", "end", "identifier", "metric identifier"
}  # fmt: skip
_BEGINNINGS = _NAMES | {"(", "{", "+", "-", "number", "string"}
_STRENGTHS = {
    "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, "<": 3, ">": 3, "<=": 3, ">=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6,
}  # fmt: skip
_SIGN = 5
_WITH_PARAMETER = frozenset({"topk", "bottomk", "quantile", "count_values"})
_DURATION = re.compile(
    r"(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?", re.ASCII
)
_MATCHES: dict[str, Operator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}
_MOVES = "an instant vector selector or range vector selector or a subquery"


def check(text: str) -> None:
    """Raises `Unparsable` with the line and column, as Prometheus tells them.

    What is nested too deeply to be gone through here is left to the other parser.
    """
    with suppress(RecursionError):
        _check(text)


def check_selector(text: str) -> None:
    """As `check`, where only a selector of series may stand, as in `match[]`."""
    reader = _Reader(text)
    reader.only_selector()


def _check(text: str) -> None:
    reader = _Reader(text)
    if reader.token.kind == END:
        raise refusal("", 0, "no expression found in input")
    found = reader.expression(0)
    if reader.token.kind != END:
        raise reader.unexpected()
    check_kinds(text, found)


class _Reader(GroupingReader):
    def expression(self, least: int) -> Node:
        """Operators that bind at least as strongly."""
        left = self._moved(self._operand())
        while (strength := _STRENGTHS.get(self.token.kind, -1)) >= max(least, 1):
            operator = self.take()
            matched = self.matching()
            right = self.expression(strength if operator.kind == "^" else strength + 1)
            left = Operation(left.start, right.end, operator.kind, left, right, matched)
        return left

    def only_selector(self) -> None:
        if not self.at("{", *_NAMES):
            raise self.unexpected()
        self._selector(None if self.at("{") else self.take())
        if not self.at(END):
            raise self.unexpected()

    def _operand(self) -> Node:
        token = self.token
        if token.kind in ("+", "-"):
            self.take()
            inner = self.expression(_SIGN + 1)
            return Signed(token.start, inner.end, inner)
        if token.kind == "(":
            self.take()
            inner = self.expression(0)
            return Bracketed(token.start, self.need(")").end, inner)
        if token.kind == "string":
            return Literally(token.start, self.take().end, "string")
        if token.kind == "number":
            return self._number()
        if token.kind == "{":
            return self._selector(None)
        if token.kind in _NAMES:
            return self._named()
        raise self.unexpected()

    def _number(self) -> Node:
        token = self.take()
        self._check_number(token)
        return Literally(token.start, token.end, "scalar")

    def _check_number(self, token: Token) -> None:
        why = _number_refused(token.text)
        if why:
            told = f"error parsing number: strconv.ParseFloat: parsing {quoted(token.text)}: {why}"
            raise refusal(self.text, token.start, told)

    def _named(self) -> Node:
        token = self.take()
        follows = self.token.kind
        if token.kind in AGGREGATORS and follows in ("(", "by", "without"):
            return self._aggregation(token)
        if token.kind == "identifier" and follows == "(":
            return self._call(token)
        return self._selector(token)

    def _aggregation(self, operator: Token) -> Node:
        with self.inside("aggregation"):
            grouped = self._grouped()
            arguments = self._arguments()
            end = self.last_end
            if not grouped and self._grouped():
                end = self.last_end
        wanted = 2 if operator.kind in _WITH_PARAMETER else 1
        told = f", expected {wanted}, got {len(arguments)}" if arguments else ""
        if len(arguments) != wanted:
            why = "wrong number of" if arguments else "no"
            why += f" arguments for aggregate expression provided{told}"
            raise refusal(self.text, operator.start, why)
        return Aggregation(operator.start, end, operator.kind, arguments)

    def _grouped(self) -> bool:
        if self.token.kind not in ("by", "without"):
            return False
        self.take()
        self.labels()
        return True

    def _arguments(self) -> Sequence[Node]:
        self.need("(")
        found: list[Node] = []
        if self.token.kind != ")":
            found.append(self.expression(0))
            while self.token.kind == ",":
                comma = self.take()
                if self.token.kind not in _BEGINNINGS:
                    told = "trailing commas not allowed in function call args"
                    raise refusal(self.text, comma.start, told)
                found.append(self.expression(0))
        self.need(")")
        return found

    def _call(self, name: Token) -> Node:
        arguments = self._arguments()
        if name.text not in SIGNATURES and name.text not in LATER:
            why = f"unknown function with name {quoted(name.text)}"
            raise refusal(self.text, name.start, why)
        return Called(name.start, self.last_end, name.text, arguments)

    def matching(self) -> Matched:
        matched = Matched()
        if self.token.kind == "bool":
            self.take()
            matched.is_bool = True
        if self.token.kind in ("on", "ignoring"):
            matched.on = self.take().kind == "on"
            matched.labels = self.labels()
            if self.at("group_left", "group_right"):
                matched.group = self.take().kind
                if self.at("(") or not self.at(*_BEGINNINGS):
                    matched.include = self.labels()
        return matched

    def _selector(self, name: Token | None) -> Node:
        start = name.start if name else self.token.start
        matchers = self._matchers() if self.token.kind == "{" else []
        names = [one.value for one in matchers if one.label == "__name__"]
        finds = any(not one.matches("") for one in matchers)
        return Selector(start, self.last_end, name.text if name else "", names, finds)

    def _matchers(self) -> list[Matcher]:
        self.take()
        found: list[Matcher] = []
        while self.token.kind != "}":
            found.append(self._matcher())
            if self.token.kind == ",":
                self.take()
            elif self.token.kind != "}":
                raise self.unexpected("label matching", '"," or "}"')
        self.take()
        return found

    def _matcher(self) -> Matcher:
        label = self.need("identifier", "label matching", 'identifier or "}"')
        if self.token.kind not in _MATCHES:
            raise self.unexpected("label matching", "label matching operator")
        operator = _MATCHES[self.take().kind]
        value = self.need("string", "label matching", "string")
        try:
            return Matcher(label.text, operator, _unquoted(value.text))
        except Invalid as error:
            why = _in_words_of_go(error.message, _unquoted(value.text))
            raise refusal(self.text, label.start, why) from error

    # Behind an expression

    def _moved(self, node: Node) -> Node:
        while self.token.kind in ("offset", "@", "["):
            if self.token.kind == "[":
                node = self._window(node)
            elif self.token.kind == "offset":
                self._offset(node)
            else:
                self._moment(node)
        return node

    def _offset(self, node: Node) -> None:
        self.take()
        with self.inside("offset", "duration"):
            if self.token.kind == "-":
                self.take()
            self._checked_duration(self.need("duration"))
        if not isinstance(node, Moved):
            raise refusal(self.text, node.start, f"offset modifier must be preceded by {_MOVES}")
        if node.has_offset:
            raise refusal(self.text, node.start, "offset may not be set multiple times")
        node.has_offset, node.end = True, self.last_end

    def _moment(self, node: Node) -> None:
        self.take()
        with self.inside("@", "timestamp"):
            if self.token.kind in ("start", "end"):
                self.take()
                self.need("(")
                self.need(")")
            else:
                self._checked_moment(node)
        if not isinstance(node, Moved):
            raise refusal(self.text, node.start, f"@ modifier must be preceded by {_MOVES}")
        if node.has_moment:
            why = "@ <timestamp> may not be set multiple times"
            raise refusal(self.text, node.start, why)
        node.has_moment, node.end = True, self.last_end

    def _checked_moment(self, node: Node) -> None:
        sign = self.take().kind if self.token.kind in ("+", "-") else "+"
        number = self.need("number")
        self._check_number(number)
        if not number.text.lower().startswith("0x") and not abs(float(number.text)) < 2**63:
            found = _as_go(float(sign + number.text))
            why = f"timestamp out of bounds for @ modifier: {found}"
            raise refusal(self.text, node.start, why)

    def _window(self, node: Node) -> Node:
        opened = self.take_bracket()
        self._checked_duration(self.need("duration", "subquery selector", "duration"))
        if self.token.kind == ":":
            self.take()
            if self.at("duration"):
                self._checked_duration(self.take())
                end = self.need("]", "subquery selector", '"]"').end
            else:
                end = self.need("]", "subquery selector", 'duration or "]"').end
            return Window(node.start, end, node, is_subquery=True)
        end = self.need("]", "subquery or range", '":" or "]"').end
        if why := _no_window(node):
            raise refusal(self.text, opened.start, why)
        return Window(node.start, end, node, is_subquery=False)

    def _checked_duration(self, token: Token) -> None:
        if not _DURATION.fullmatch(token.text):
            why = f"not a valid duration string: {quoted(token.text)}"
            raise refusal(self.text, token.start, why)
        if not re.search(r"[1-9]", token.text):
            raise refusal(self.text, token.start, "duration must be greater than 0")


def _no_window(node: Node) -> str:
    if not isinstance(node, Selector):
        return "ranges only allowed for vector selectors"
    if node.has_offset:
        return "no offset modifiers allowed before range"
    return "no @ modifiers allowed before range" if node.has_moment else ""


def _number_refused(text: str) -> str:
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|(?i:inf|nan)", text):
        return ""
    try:
        return "value out of range" if math.isinf(float(text)) else ""
    except ValueError:
        return "invalid syntax"


def _as_go(number: float) -> str:
    shown = {math.inf: "+Inf", -math.inf: "-Inf"}.get(number, f"{number:f}")
    return "NaN" if math.isnan(number) else shown


def _in_words_of_go(why: str, pattern: str) -> str:
    """Go quotes what it means; what Python says of rarer mistakes stays."""
    if why.endswith((" missing closing )", " unexpected )")):
        return f"{why}: `^(?:{pattern})$`"
    found = re.search(r"nothing to repeat at position (\d+)$|bad character range (\S+) at", why)
    if found and found[2]:
        return f"error parsing regexp: invalid character class range: `{found[2]}`"
    if found:
        repeated = pattern[int(found[1])]
        return f"error parsing regexp: missing argument to repetition operator: `{repeated}`"
    return why


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    if text[0] == "`" or "\\" not in inner:
        return inner
    return re.sub(r"\\(.)", r"\1", inner)
