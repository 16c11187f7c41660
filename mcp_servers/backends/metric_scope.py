"""Metrics of the namespaces a caller may see, and of no other."""

from typing import TYPE_CHECKING, Any

from core.errors import Forbidden, Invalid
from core.principal import Principal
from mcp_servers.backends.sentences import SENTENCES

if TYPE_CHECKING:
    from promql_parser import VectorSelector


def check(caller: Principal, promql: str) -> None:
    """Every selector must name one namespace in sight. Raises `Forbidden`, or `Invalid` syntax.

    A query can join and rename labels, so what comes out says nothing of where it came from:
    only what goes in can be checked.
    """
    if caller.namespaces is None:
        return
    for selector in selectors(promql):
        if not any(_admits(caller, matcher) for matcher in selector.matchers.matchers):
            example = min(caller.namespaces) if caller.namespaces else "none"
            raise SENTENCES.error(Forbidden, "metrics_of_own", example=example)


def admits(caller: Principal, promql: str) -> bool:
    """Whether the caller could have asked this."""
    try:
        check(caller, promql)
    except (Forbidden, Invalid):
        return False
    return True


def selector_within(caller: Principal, match: str) -> str:
    """A series selector, checked; without one, everything in the caller's namespaces."""
    if match or caller.namespaces is None:
        check(caller, match)
        return match
    return f'{{namespace=~"{"|".join(sorted(caller.namespaces))}"}}'


def _admits(caller: Principal, matcher: Any) -> bool:
    from promql_parser import MatchOp

    is_equal = matcher.op == MatchOp.Equal
    return bool(matcher.name == "namespace" and is_equal and caller.sees(str(matcher.value)))


def selectors(promql: str) -> list["VectorSelector"]:
    """Every vector selector of an expression, however deep. Raises `Invalid` syntax."""
    import promql_parser  # native code that callers of every namespace never need

    found: list[Any] = []
    try:
        promql_parser.walk(promql_parser.parse(promql), pre_visit=found.append)
    except ValueError as error:
        raise SENTENCES.error(Invalid, "no_promql", why=str(error)) from error
    return [node for node in found if isinstance(node, promql_parser.VectorSelector)]
