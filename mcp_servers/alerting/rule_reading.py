# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""Files of rules as Prometheus and its operator write them, read into plain trees."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import yaml

from core.errors import Invalid
from core.sentences import Sentences
from mcp_servers.engines.unfolding import MOST_VALUES, UnfoldsError, documents
from mcp_servers.facts.promql import Node, PromRule

WORDS = Sentences("mcp_servers.alerting", "rules")
OF_ALERT = frozenset({"alert", "expr", "for", "keep_firing_for", "labels", "annotations"})
OF_RECORD = frozenset({"record", "expr", "labels"})
_SPAN = re.compile(r"(\d+)(ms|y|w|d|h|m|s)")
_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
MOST_RULES = 2000


def rules_of(text: str) -> list[PromRule]:
    """Every rule of a file, of a PrometheusRule or of several of them. Raises `Invalid` for what is none."""
    try:
        read = [one for one in documents(text) if one is not None]
    except UnfoldsError as error:
        raise WORDS.error(Invalid, "unfolds", most=MOST_VALUES) from error
    except yaml.YAMLError as error:
        raise WORDS.error(Invalid, "no_yaml", why=" ".join(str(error).split())[:300]) from error
    groups = [group for one in read for group in _groups(one)]
    if not groups:
        raise WORDS.error(Invalid, "no_groups")
    rules = [rule for group in groups for rule in _rules(group)]
    if len(rules) > MOST_RULES:
        raise WORDS.error(Invalid, "too_many", most=MOST_RULES)
    return rules


def plain(text: str) -> str:
    """The same rules as a Prometheus reads them from a file, without what an operator adds around."""
    read = [one for one in documents(text) if one is not None]
    if len(read) == 1 and "groups" in read[0]:
        return text
    groups = [dict(group) for one in read for group in _groups(one)]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, allow_unicode=True)


def groups_of(text: str) -> list[dict[str, Any]]:
    """The groups as a PrometheusRule holds them: every scalar but a limit a text, and nothing empty."""
    return [_object_group(group) for one in documents(text, _Texts) for group in _groups(one)]


class _Texts(yaml.SafeLoader):
    """Leaves scalars as they are written: a definition wants texts where Prometheus takes anything."""


_Texts.yaml_implicit_resolvers = {
    first: kept
    for first, held in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [one for one in held if one[0] == "tag:yaml.org,2002:merge"])
}


def _object_group(group: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: one for key, one in group.items() if one not in ("", None)}
    if str(kept.get("limit", "")).isdecimal():
        kept["limit"] = int(kept["limit"])
    rules: Any = kept.get("rules")
    kept["rules"] = [
        {key: held for key, held in one.items() if held not in ("", None)}
        for one in (rules if isinstance(rules, list) else ())
        if isinstance(one, Mapping)
    ]
    return kept


def _groups(document: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        return
    body: Any = document.get("spec") if document.get("kind") == "PrometheusRule" else document
    if document.get("kind") == "List":
        for one in document.get("items") or ():
            yield from _groups(one)
    groups: Any = body.get("groups") if isinstance(body, Mapping) else None
    for one in groups if isinstance(groups, list) else ():
        if isinstance(one, Mapping):
            yield one


def _rules(group: Mapping[str, Any]) -> Iterator[PromRule]:
    interval = str(group.get("interval") or "")
    rules: Any = group.get("rules")
    for one in rules if isinstance(rules, list) else ():
        if isinstance(one, Mapping):
            yield rule_of(one, group=str(group.get("name") or ""), interval_s=seconds(interval))


def rule_of(one: Mapping[str, Any], *, group: str, interval_s: float | None) -> PromRule:
    is_alert, expression, held = (
        "alert" in one,
        str(one.get("expr") or ""),
        str(one.get("for") or ""),
    )
    allowed = OF_ALERT if is_alert else OF_RECORD
    tree, fault = _read(expression)
    return PromRule(
        group=group,
        name=str(one.get("alert") or one.get("record") or ""),
        is_alert=is_alert,
        expression=expression,
        tree=tree,
        fault=fault,
        held=held,
        held_s=seconds(held) if held else None,
        interval_s=interval_s,
        labels=_texts(one.get("labels")),
        annotations=_texts(one.get("annotations")),
        extra=tuple(sorted(str(key) for key in one if key not in allowed)),
    )


def seconds(span: str) -> float | None:
    """A span as Prometheus writes it, such as 1h30m; None when it is none."""
    parts = _SPAN.findall(span)
    if not parts or "".join(f"{count}{unit}" for count, unit in parts) != span:
        return 0.0 if span == "0" else None
    return sum(int(count) * _UNITS[unit] for count, unit in parts)


def _texts(found: Any) -> dict[str, str]:
    return {str(key): str(one) for key, one in found.items()} if isinstance(found, Mapping) else {}


def _read(expression: str) -> tuple[Node | None, str]:
    import promql_parser  # only who has rules read pays for it

    try:
        return _node(promql_parser.parse(expression)), ""
    except ValueError as error:
        return None, " ".join(str(error).split())[:300]


def _node(one: Any) -> Node:
    kind = type(one).__name__
    if kind in ("ParenExpr", "UnaryExpr"):
        return _node(one.expr)
    if kind == "NumberLiteral":
        return Node("number", value=float(one.val))
    if kind == "StringLiteral":
        return Node("text", name=str(one.val))
    return _SHAPES[kind](one)


def _selector(one: Any) -> Node:
    matchers = tuple((x.name, _OPERATORS[str(x.op)], x.value) for x in one.matchers.matchers)
    named = [value for name, how, value in matchers if name == "__name__" and how == "="]
    return Node("selector", name=one.name or (named or [""])[0], matchers=matchers)


def _range(one: Any) -> Node:
    return Node("range", below=(_selector(one.vector_selector),), range_s=_s(one.range))


def _subquery(one: Any) -> Node:
    return Node("subquery", below=(_node(one.expr),), range_s=_s(one.range))


def _call(one: Any) -> Node:
    return Node("call", name=one.func.name, below=tuple(map(_node, one.args)))


def _aggregate(one: Any) -> Node:
    how, labels = _grouping(one.modifier)
    return Node(
        "aggregate", name=str(one.op), below=(_node(one.expr),), how=how or "by", labels=labels
    )


def _binary(one: Any) -> Node:
    modifier = one.modifier
    matching = modifier.matching if modifier else None
    how, labels = "", ()
    if matching is not None:
        how = "on" if "on" in str(matching.type).rpartition(".")[2].lower() else "ignoring"
        how = "ignoring" if "ignor" in str(matching.type).lower() else how
        labels = tuple(matching.labels)
    card = str(modifier.card) if modifier else ""
    return Node(
        "binary",
        name=str(one.op),
        below=(_node(one.lhs), _node(one.rhs)),
        how=how,
        labels=labels,
        grouped="ManyToOne" in card or "OneToMany" in card,
        returns_bool=bool(modifier and modifier.return_bool),
    )


def _grouping(modifier: Any) -> tuple[str, tuple[str, ...]]:
    if modifier is None:
        return "", ()
    how = "without" if str(modifier.type).endswith("Without") else "by"
    return how, tuple(modifier.labels)


def _s(span: timedelta) -> float:
    return span.total_seconds()


_OPERATORS = {
    "MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~",
}  # fmt: skip
_SHAPES = {
    "VectorSelector": _selector,
    "MatrixSelector": _range,
    "SubqueryExpr": _subquery,
    "Call": _call,
    "AggregateExpr": _aggregate,
    "BinaryExpr": _binary,
}
