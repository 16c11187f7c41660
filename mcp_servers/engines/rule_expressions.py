"""What is likely to be wrong with an expression of a rule."""

import re
from collections.abc import Callable, Iterator

from mcp_servers.facts.promql import Node

Found = Iterator[tuple[str, dict[str, str]]]
COMPARE = frozenset({">", "<", ">=", "<=", "==", "!="})
SETS = frozenset({"and", "or", "unless"})
RATES = frozenset({"rate", "irate", "increase"})
CHANGES = frozenset({"delta", "idelta", "deriv", "predict_linear"})
COUNTING = ("_total", "_count", "_sum", "_bucket")
META = re.compile(r"[.*+?()\[\]{}|\\^$]")
# Two scrapes have to lie in a window, and one may be missed: four of the usual thirty seconds.
SHORTEST_RANGE_S = 120
PICKING = frozenset({"topk", "bottomk", "limitk"})


def comparisons(tree: Node) -> Iterator[Node]:
    """Those that take series away: with bool they only change the value."""
    for one in tree.walk():
        if one.kind == "binary" and one.name in COMPARE and not one.returns_bool:
            yield one


def labels_left(node: Node) -> set[str] | None:
    """The labels that a result can have; None when they cannot be told."""
    if node.kind == "aggregate":
        if node.name in PICKING:
            return labels_left(node.below[0])
        return set(node.labels) if node.how != "without" else None
    if node.kind == "binary":
        return _left_of_binary(node)
    if node.kind == "call" and node.name in ("absent", "absent_over_time"):
        equal = [name for one in node.walk() for name, how, _ in one.matchers if how == "="]
        return set(equal)
    if node.kind == "call" and node.name == "vector":
        return set()
    if node.kind == "call" and node.name == "histogram_quantile" and len(node.below) > 1:
        below = labels_left(node.below[1])
        return below - {"le"} if below is not None else None
    if node.kind == "call" and len(node.below) == 1:
        return labels_left(node.below[0])
    return None


def _left_of_binary(node: Node) -> set[str] | None:
    sides = [one for one in node.below if one.kind != "number"]
    if len(sides) < 2:
        return labels_left(sides[0]) if sides else set()
    if node.name == "or" or node.grouped:
        return None
    if node.how == "on" and node.name not in SETS and node.name not in COMPARE:
        return set(node.labels)
    return labels_left(sides[0])


def _counter_as_it_is(tree: Node) -> Found:
    """A counter that is compared or added up grows for ever."""
    yield from _bare(tree, inside=False)


def _bare(node: Node, *, inside: bool) -> Found:
    if node.kind == "selector" and node.name.endswith("_total") and not inside:
        yield "bare_counter", {"metric": node.name}
    counted = node.name in {*RATES, "absent", "resets", "changes", "count", "group", "timestamp"}
    for one in node.below:
        yield from _bare(one, inside=inside or counted or node.kind in ("range", "subquery"))


def _rate_of_gauge(tree: Node) -> Found:
    for one in _calls(tree, RATES):
        for metric in _ranged(one):
            if metric.name and not metric.name.endswith(COUNTING) and ":" not in metric.name:
                yield "rate_of_gauge", {"function": one.name, "metric": metric.name}


def _change_of_counter(tree: Node) -> Found:
    for one in _calls(tree, CHANGES):
        for metric in _ranged(one):
            if metric.name.endswith("_total"):
                yield "change_of_counter", {"function": one.name, "metric": metric.name}


def _short_range(tree: Node) -> Found:
    for one in _calls(tree, RATES):
        for below in one.below:
            if below.kind == "range" and below.range_s < SHORTEST_RANGE_S:
                yield "short_range", {"function": one.name, "range": f"{below.range_s:g} s"}


def _rate_of_sum(tree: Node) -> Found:
    for one in _calls(tree, RATES):
        for below in one.below:
            if below.kind == "subquery" and any(x.kind == "aggregate" for x in below.walk()):
                yield "rate_of_sum", {"function": one.name}


def _matchers(tree: Node) -> Found:
    for one in tree.walk():
        for name, how, value in one.matchers:
            if how in ("=~", "!~"):
                yield from _expression(name, how, value)


def _expression(name: str, how: str, value: str) -> Found:
    told = f'{name}{how}"{value}"'
    if how == "=~" and value == ".*":
        yield "matches_all", {"matcher": told}
    elif value.startswith("^") or (value.endswith("$") and not value.endswith("\\$")):
        yield "anchored", {"matcher": told}
    elif value and not META.search(value):
        yield "literal_expression", {"matcher": told}


def _nameless(tree: Node) -> Found:
    for one in tree.walk():
        if one.kind != "selector" or one.name:
            continue
        if all(how in ("!=", "!~") or value in ("", ".+") for _, how, value in one.matchers):
            yield "selects_all", {}


def _absent_by_expression(tree: Node) -> Found:
    for one in _calls(tree, frozenset({"absent", "absent_over_time"})):
        if any(x.kind in ("aggregate", "binary") for x in one.walk() if x is not one):
            yield "absent_of_result", {"function": one.name}
        elif any(how != "=" for x in one.walk() for _, how, _ in x.matchers):
            yield "absent_without_labels", {"function": one.name}


def _quantiles(tree: Node) -> Found:
    for one in _calls(tree, frozenset({"histogram_quantile"})):
        share = one.below[0]
        if share.kind == "number" and not 0 <= share.value <= 1:
            yield "odd_quantile", {"share": f"{share.value:g}"}
        for below in one.below[1:]:
            if below.kind == "aggregate" and below.how != "without" and "le" not in below.labels:
                yield "quantile_without_le", {}
            if any(
                x.kind == "selector" and x.name.endswith(("_sum", "_count")) for x in below.walk()
            ):
                yield "quantile_of_sum", {}


def _joins(tree: Node) -> Found:
    for one in tree.walk():
        if one.kind != "binary" or one.how or one.grouped or one.name in ("or",):
            continue
        left, right = one.below
        if "number" in (left.kind, right.kind):
            continue
        here, there = labels_left(left), labels_left(right)
        if here is not None and there is not None and here != there and not (one.name in SETS):
            facts = {"left": _told(here), "right": _told(there), "operator": one.name}
            yield "join_never_meets", facts


def _constants(tree: Node) -> Found:
    for one in tree.walk():
        numbers = all(below.kind == "number" for below in one.below)
        if one.kind == "binary" and one.name in COMPARE and numbers:
            yield "compares_numbers", {}


def _exact(tree: Node) -> Found:
    for one in comparisons(tree):
        if one.name in ("==", "!=") and any(
            below.name in RATES
            or below.name == "avg"
            or (below.kind == "binary" and below.name == "/")
            for side in one.below
            for below in side.walk()
        ):
            yield "exact_comparison", {"operator": one.name}


def _picking(tree: Node) -> Found:
    for one in tree.walk():
        if one.kind == "aggregate" and one.name in PICKING:
            yield "picks_series", {"function": one.name}


def _instant(tree: Node) -> Found:
    for one in _calls(tree, frozenset({"irate"})):
        yield "instant_rate", {"function": one.name}


def _calls(tree: Node, names: frozenset[str]) -> Iterator[Node]:
    return (one for one in tree.walk() if one.kind == "call" and one.name in names)


def _ranged(call: Node) -> Iterator[Node]:
    return (x for one in call.below if one.kind == "range" for x in one.below)


def _told(labels: set[str]) -> str:
    return ", ".join(sorted(labels)) or "-"


EXPRESSION_CHECKS: tuple[Callable[[Node], Found], ...] = (
    *(_counter_as_it_is, _rate_of_gauge, _change_of_counter, _short_range, _rate_of_sum),
    *(_matchers, _nameless, _absent_by_expression, _quantiles, _joins, _constants, _exact),
    *(_picking, _instant),
)
