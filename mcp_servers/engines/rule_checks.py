"""What is wrong, or likely to be, with rules of Prometheus, seen without a Prometheus."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from mcp_servers.engines.rule_expressions import EXPRESSION_CHECKS, comparisons, labels_left
from mcp_servers.facts.promql import PromRule, RuleRemark

Found = Iterator[tuple[str, dict[str, str]]]
SEVERITIES = ("critical", "page", "error", "high", "warning", "medium", "info", "low", "none")
ALERT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RECORD_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(:[a-zA-Z0-9_]+)+")
USED_LABEL = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)|\.Labels\.([a-zA-Z_][a-zA-Z0-9_]*)")
VALUE = re.compile(r"\$value|\.Value\b")
# Longer than this, an alert tells of what everybody knows by then.
LONGEST_HELD_S = 86_400
LONGEST_INTERVAL_S = 3600


def checked(rules: Sequence[PromRule]) -> list[RuleRemark]:
    """Every remark, in the order of the rules."""
    found = [RuleRemark(code, rule, facts) for rule in rules for code, facts in _of(rule)]
    return found + _duplicates(rules)


def _of(rule: PromRule) -> Found:
    if rule.tree is None:
        yield "unreadable", {"why": rule.fault}
    checks = (*COMMON, *(ALERTING if rule.is_alert else RECORDING))
    for check in checks:
        yield from check(rule)
    if rule.tree is not None:
        for on_tree in EXPRESSION_CHECKS:
            yield from on_tree(rule.tree)


def _duplicates(rules: Sequence[PromRule]) -> list[RuleRemark]:
    seen: dict[tuple[str, ...], PromRule] = {}
    remarks: list[RuleRemark] = []
    for rule in rules:
        labels = [f"{key}={value}" for key, value in sorted(rule.labels.items())]
        mark = (rule.name, " ".join(rule.expression.split()), *labels)
        if mark in seen:
            remarks.append(RuleRemark("duplicate", rule, {"group": seen[mark].group}))
        seen.setdefault(mark, rule)
    return remarks + _several_ways(rules)


def _several_ways(rules: Sequence[PromRule]) -> list[RuleRemark]:
    """A recorded name that two expressions write with the same labels holds two things."""
    recorded = [one for one in rules if not one.is_alert]
    marks = [(one.name, tuple(sorted(one.labels.items()))) for one in recorded]
    count = Counter(marks)
    expressions = {mark: set[str]() for mark in marks}
    for one, mark in zip(recorded, marks, strict=True):
        expressions[mark].add(" ".join(one.expression.split()))
    return [
        RuleRemark("recorded_twice", one)
        for one, mark in zip(recorded, marks, strict=True)
        if count[mark] > 1 and len(expressions[mark]) > 1
    ]


def _no_name(rule: PromRule) -> Found:
    if not rule.name:
        yield "no_name", {}


def _interval(rule: PromRule) -> Found:
    if rule.interval_s is not None and not 0 < rule.interval_s <= LONGEST_INTERVAL_S:
        yield "odd_interval", {"interval": f"{rule.interval_s:g} s"}


def _extra(rule: PromRule) -> Found:
    for name in rule.extra:
        yield "wrong_field", {"field": name}


def _templates(rule: PromRule) -> Found:
    for where, text in _texts(rule):
        if text.count("{{") != text.count("}}"):
            yield "broken_template", {"where": where}


def _dropped_labels(rule: PromRule) -> Found:
    left = labels_left(rule.tree) if rule.tree else None
    if left is None:
        return
    used = {name for _, text in _texts(rule) for pair in USED_LABEL.findall(text) for name in pair}
    for name in sorted(used - {""} - left - rule.labels.keys()):
        yield "label_dropped", {"label": name}


def _texts(rule: PromRule) -> Iterator[tuple[str, str]]:
    yield from rule.labels.items()
    yield from rule.annotations.items()


def _alert_name(rule: PromRule) -> Found:
    if rule.name and not ALERT_NAME.fullmatch(rule.name):
        yield "odd_alert_name", {}


def _no_comparison(rule: PromRule) -> Found:
    if rule.tree is None or any(comparisons(rule.tree)):
        return
    calls = {one.name for one in rule.tree.walk()}
    if not calls & {"absent", "absent_over_time", "unless", "and", "vector"}:
        yield "no_comparison", {}


def _is_heartbeat(rule: PromRule) -> bool:
    """It fires always, so that its absence is heard of: nobody is woken by it."""
    return rule.tree is not None and rule.tree.kind == "call" and rule.tree.name == "vector"


def _held(rule: PromRule) -> Found:
    if _is_heartbeat(rule):
        return
    if rule.held and rule.held_s is None:
        yield "odd_for", {"for": rule.held}
    elif not rule.held_s:
        yield "no_for", {}
    elif rule.held_s > LONGEST_HELD_S:
        yield "long_for", {"for": rule.held}
    elif rule.interval_s and rule.held_s < rule.interval_s:
        yield "short_for", {"for": rule.held, "interval": f"{rule.interval_s:g} s"}


def _severity(rule: PromRule) -> Found:
    severity = rule.labels.get("severity", "")
    if not severity:
        yield "no_severity", {}
    elif severity.lower() not in SEVERITIES and "{{" not in severity:
        yield "odd_severity", {"severity": severity}


def _annotations(rule: PromRule) -> Found:
    if not rule.annotations.keys() & {"summary", "description", "message"}:
        yield "no_summary", {}
    if "runbook_url" not in rule.annotations and not _is_heartbeat(rule):
        yield "no_runbook", {}


def _changing_labels(rule: PromRule) -> Found:
    for name, text in rule.labels.items():
        if VALUE.search(text):
            yield "value_in_label", {"label": name}


def _record_name(rule: PromRule) -> Found:
    if rule.name and not RECORD_NAME.fullmatch(rule.name):
        yield "odd_record_name", {}


Check = Callable[[PromRule], Found]
COMMON: tuple[Check, ...] = (_no_name, _interval, _extra, _templates, _dropped_labels)
ALERTING: tuple[Check, ...] = (
    *(_alert_name, _no_comparison, _held, _severity, _annotations, _changing_labels),
)
RECORDING: tuple[Check, ...] = (_record_name,)
