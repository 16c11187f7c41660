"""CEL, the language of custom rules: checked when a rule is read, asked of one object at a time.

The library evaluates without a limit of its own, and nothing can interrupt it. So what an
expression may do is bounded before it starts: by its length, by how deep its loops may stand, and
by the lists it would walk; and all of a diagnosis by a share of time.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from core.clock import monotonic_s
from mcp_servers.engines.custom_rules import METRIC, Ask
from mcp_servers.facts.nearest import did_you_mean
from mcp_servers.facts.rules import Unanswered

if TYPE_CHECKING:
    import cel

VARIABLES = ("object", "events", "metrics", "now")
CONVERSIONS = ("string", "int", "uint", "double", "type", "bytes", "dyn", "duration", "timestamp")
OF_TEXT = ("size", "contains", "startsWith", "endsWith", "matches")
OF_TIME = (
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)
FUNCTIONS = frozenset((*CONVERSIONS, *OF_TEXT, *OF_TIME))

MOST_CHARACTERS = 1000
MOST_LOOPS = 2
# A step takes about a microsecond: a tenth of a second for one expression on one object.
MOST_STEPS = 100_000
# What all custom rules of one diagnosis may take together, in seconds.
SHARE_S = 5.0

_LOOP = re.compile(r"\b(?:all|exists|exists_one|existsOne|map|filter)\b")
_LOOP_VARIABLE = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(\s*(\w+)\s*,")
_WHERE = re.compile(r"<input>:\d+:(\d+): ([^\n]*)")
_OVERLOAD = re.compile(r"\W")


def fault_of(expression: str, metrics: Collection[str] = ()) -> str:
    """What is wrong with an expression, as the end of a sentence; "" when it can be asked."""
    if len(expression) > MOST_CHARACTERS:
        return f"is longer than {MOST_CHARACTERS} characters"
    if len(_LOOP.findall(expression)) > MOST_LOOPS:
        return f"has more than {MOST_LOOPS} loops (all, exists, exists_one, map, filter)"
    try:
        program = _compiled(expression)
    except ValueError as error:
        where = _WHERE.search(str(error))
        return f"is no CEL: column {where[1]}: {where[2]:.160}" if where else "is no CEL"
    bound = set(_LOOP_VARIABLE.findall(expression))
    named = [name for name in program.functions() if not _OVERLOAD.search(name)]
    return (
        _unknown("variable", program.variables(), {*VARIABLES, *bound})
        or _unknown("function", named, FUNCTIONS)
        or _unknown("metric", METRIC.findall(expression), metrics)
    )


def _unknown(what: str, names: Iterable[str], known: Collection[str]) -> str:
    strange = next((one for one in names if one not in known), "")
    if not strange:
        return ""
    hint = did_you_mean(strange, known) or f"Known: {', '.join(sorted(known)) or 'none'}."
    return f"uses {what} {strange!r}, which does not exist. {hint}".rstrip(".")


@cache
def _compiled(expression: str) -> "cel.Program":
    import cel

    return cel.compile(expression)


class Expressions:
    """Evaluates for one diagnosis: called with an object's variables, it gives what can be asked."""

    def __init__(self, *, share_s: float = SHARE_S) -> None:
        self._until = monotonic_s() + share_s

    def __call__(self, variables: Mapping[str, object]) -> Ask:
        import cel

        context = cel.Context(dict(variables))
        longest = _longest(variables)

        def ask(expression: str) -> object:
            if monotonic_s() > self._until:
                raise Unanswered("out_of_time")
            if _steps(expression, longest) > MOST_STEPS:
                raise Unanswered("too_large", f"{expression:.60}")
            return _asked(_compiled(expression), context)

        return ask


def _steps(expression: str, longest: int) -> int:
    """At most so many; a sum of lists is as long as all of them."""
    walked = max(longest, expression.count(",") + 1) * (expression.count("+") + 1)
    return walked ** len(_LOOP.findall(expression))


def _longest(value: object) -> int:
    """The longest list or mapping in it."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, object]", value).values()
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return 0
    return max([len(inner), *map(_longest, inner)])


def _asked(program: "cel.Program", context: "cel.Context") -> Any:
    try:
        return program.execute(context)
    except KeyError as error:
        raise Unanswered("no_field", str(error)) from error
    except TypeError as error:
        raise Unanswered("types_differ") from error
    except (ValueError, RuntimeError, ArithmeticError, IndexError) as error:
        said = str(error).partition("\n")[0].partition(". ")[0]
        raise Unanswered("failed", f"{said[:1].lower()}{said[1:160]}".rstrip(".")) from error
