"""PromQL text → the parser's syntax tree."""

import re
from typing import Any

import promql_parser
from promql_parser import MatchOp, VectorSelector

from sandbox.promql.errors import Unparsable
from sandbox.promql.formatting import scientific
from sandbox.promql.grammar import check, check_selector
from sandbox.series import Matcher, Operator

# The parser, and evaluation after it, go down the tree by recursion: a chain of a few thousand
# operators would end the process. No question that a person reads comes near this.
_MOST_OPERATORS = 200
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_HOLT_WINTERS = re.compile(rf"({_QUOTED.pattern})|\bholt_winters(?=\s*\()")
_NEW_NAME = re.compile(r"\bdouble_exponential_smoothing(?=\()")
_UNSIGNED = re.compile(rf"({_QUOTED.pattern})|(?<![-+\w:])Inf\b")
# Only what stands alone is a number: not in a text, a name or a duration, nor after `@`.
_TOKEN = re.compile(rf"{_QUOTED.pattern}|@ [\d.]+|[A-Za-z_:][\w:]*|(\d+(?:\.\d+)?)(?!\w)|\d\w*")
_OPERATOR = re.compile(r"[-+*/%^(<>\[]|==|!=|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
_UNITS_MS = (365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1)

# What the layout of a long expression breaks over lines; no text or label has a bare line break.
_OPENED, _CLOSED, _BROKEN = re.compile(r"\(\n\s*"), re.compile(r"\n\s*\)"), re.compile(r"\n\s*")

_OPERATORS: tuple[tuple[MatchOp, Operator], ...] = (
    (MatchOp.Equal, "="),
    (MatchOp.NotEqual, "!="),
    (MatchOp.Re, "=~"),
    (MatchOp.NotRe, "!~"),
)  # the parser's operators have no hash


def parse(text: str) -> Any:
    """The expression. Raises `Unparsable` with the place and the words of Prometheus 2.42.

    Functions and aggregations of later versions are let through.
    """
    if len(_OPERATOR.findall(_QUOTED.sub("", text))) > _MOST_OPERATORS:
        raise Unparsable("parse error: too many operators in one expression")
    check(text)
    try:
        return promql_parser.parse(_HOLT_WINTERS.sub(_renamed, text))
    except ValueError as error:
        raise Unparsable(f"parse error: {error}") from error


def prettified(text: str) -> str:
    """The expression as Prometheus lays it out. Raises `Unparsable`.

    But for a unary plus, which the parser drops, and the left edge of a short subquery over brackets.
    """
    laid_out = _NEW_NAME.sub("holt_winters", str(parse(text).prettify()))
    laid_out = _UNSIGNED.sub(lambda match: match[1] or "+Inf", laid_out)
    return _TOKEN.sub(lambda match: _number(match[1]) if match[1] else match[0], laid_out)


def one_line(text: str) -> str:
    """The expression as Prometheus names it where it lists rules. Raises `Unparsable`."""
    laid_out = _CLOSED.sub(")", _OPENED.sub("(", prettified(text)))
    return _BROKEN.sub(" ", laid_out.strip())


def _number(text: str) -> str:
    """As Go writes it, which takes an exponent sooner than the parser does."""
    value = float(text)
    plain = value == 0 or 1e-4 <= value < 1e6
    return text if plain else scientific(value)


def _renamed(match: re.Match[str]) -> str:
    """The parser knows `holt_winters` by its name in Prometheus 3."""
    return match[1] or "double_exponential_smoothing"


def parse_selector(text: str) -> list[Matcher]:
    """A series selector alone, as in `match[]`. Raises `Unparsable`."""
    check_selector(text)
    return matchers_of(parse(text))


def duration_ms(text: str) -> int:
    """A duration as PromQL writes it, zero included. Raises `ValueError`."""
    found = _DURATION.fullmatch(text)
    if text == "0":
        return 0
    if not text or not found:
        raise ValueError(f'not a valid duration string: "{text}"')
    return sum(int(part or 0) * ms for part, ms in zip(found.groups(), _UNITS_MS, strict=True))


def matchers_of(selector: VectorSelector) -> list[Matcher]:
    found = [Matcher(one.name, _operator(one.op), one.value) for one in selector.matchers.matchers]
    return [Matcher("__name__", "=", selector.name), *found] if selector.name else found


def _operator(parsed: MatchOp) -> Operator:
    return next(ours for theirs, ours in _OPERATORS if theirs == parsed)
