"""Rule files, evaluated when somebody asks: which alerts are pending or firing, and since when.

Nothing runs in the background. A question evaluates a rule at every turn of its group over the
last hours and goes through these turns as Prometheus would have done; the answer is kept until
the group's next turn. An alert that is older than these hours counts from their beginning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import Invalid
from sandbox import promql
from sandbox.prometheus_api.templating import Template
from sandbox.promql import Scalar, Vector, duration_ms
from sandbox.promql.values import NAME
from sandbox.series import SeriesStore

_DEFAULT_INTERVAL_MS = 60_000

# How far back an alert may have begun. A `for` longer than half of this looks further.
_HISTORY_MS = 6 * 3_600_000
_MOST_TURNS = 2_000


@dataclass(frozen=True)
class Rule:
    """One rule of a file; `alert` is empty for a recording rule."""

    alert: str
    record: str
    expression: str
    for_ms: int
    keep_firing_for_ms: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def shown(self) -> str:
        """The expression as it is listed."""
        try:
            return promql.one_line(self.expression)
        except Invalid:
            return self.expression


@dataclass(frozen=True)
class Group:
    name: str
    file: str
    interval_ms: int
    limit: int
    rules: Sequence[Rule]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Group":
        """From a rule file's group. Raises `Invalid` for what is not one."""
        name, file = str(raw.get("name", "")), str(raw.get("file", ""))
        try:
            listed: list[Mapping[str, Any]] = raw.get("rules") or []
            rules = [_rule(one) for one in listed]
            interval_ms = _duration_ms(raw.get("interval")) or _DEFAULT_INTERVAL_MS
            return cls(name, file, interval_ms, int(raw.get("limit") or 0), rules)
        except (AttributeError, TypeError, ValueError) as error:
            raise Invalid(f"{file}: the rule group {name!r} cannot be read: {error}.") from error


@dataclass(frozen=True)
class Alert:
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str  # pending or firing
    active_ms: int
    value: float


@dataclass(frozen=True)
class Evaluation:
    """What a rule came to at its last turn."""

    alerts: Sequence[Alert] = ()
    error: str = ""

    @property
    def state(self) -> str:
        states = {alert.state for alert in self.alerts}
        return next((one for one in ("firing", "pending") if one in states), "inactive")


def evaluate(rule: Rule, series: SeriesStore, group: Group, *, at_ms: int) -> Evaluation:
    """A rule at its group's turn, with what the turns before it left behind."""
    interval_ms = group.interval_ms
    back_ms = max(_HISTORY_MS, 2 * rule.for_ms) if rule.alert else 0
    turns = min(back_ms // interval_ms, _MOST_TURNS)
    try:
        times_ms, value = promql.query_range(
            rule.expression,
            series,
            start_ms=at_ms - turns * interval_ms,
            end_ms=at_ms,
            step_ms=interval_ms,
            now_ms=at_ms,
        )
    except Invalid as error:
        return Evaluation(error=error.message)
    vector = _vector(value)
    found, kind = int(vector.present[:, -1].sum()), "alerts" if rule.alert else "series"
    if 0 < group.limit < found:
        return Evaluation(error=f"exceeded limit of {group.limit} with {found} {kind}")
    return Evaluation(_alerts(rule, times_ms.tolist(), vector) if rule.alert else ())


def _alerts(rule: Rule, times_ms: list[int], vector: Vector) -> list[Alert]:
    found: list[Alert] = []
    for row, labels in enumerate(vector.labels):
        present = vector.present[row].tolist()
        active_ms, fired = _history(rule, times_ms, present)
        if active_ms is not None:
            value = float(vector.values[row][vector.present[row]][-1])
            found.append(_alert(rule, dict(labels), value, active_ms, fired=fired))
    return found


def _history(rule: Rule, times_ms: list[int], present: list[bool]) -> tuple[int | None, bool]:
    """Since when an alert is active at the end, if it is, and whether it fires."""
    active_ms: int | None = None
    gone_ms: int | None = None
    fired = False
    for at_ms, holds in zip(times_ms, present, strict=True):
        if holds:
            active_ms, gone_ms = at_ms if active_ms is None else active_ms, None
            fired = fired or at_ms - active_ms >= rule.for_ms
            continue
        gone_ms = at_ms if gone_ms is None else gone_ms
        if not fired or at_ms - gone_ms >= rule.keep_firing_for_ms:
            active_ms, fired = None, False
    return active_ms, fired


def _alert(
    rule: Rule, labels: dict[str, str], value: float, active_ms: int, *, fired: bool
) -> Alert:
    template = Template(labels, value)
    own = {name: template.expanded(text) for name, text in rule.labels.items()}
    kept = {name: text for name, text in labels.items() if name != NAME}
    merged = {**kept, **own, "alertname": rule.alert}
    return Alert(
        labels={name: text for name, text in sorted(merged.items()) if text},
        annotations={name: template.expanded(text) for name, text in rule.annotations.items()},
        state="firing" if fired else "pending",
        active_ms=active_ms,
        value=value,
    )


def _vector(value: Scalar | Vector) -> Vector:
    """A rule may be a plain number: one series without labels."""
    if isinstance(value, Vector):
        return value
    return Vector([()], value.values[None, :], np.ones((1, len(value.values)), dtype=np.bool_))


def _rule(raw: Mapping[str, Any]) -> Rule:
    if not raw.get("alert") and not raw.get("record"):
        raise ValueError("a rule needs `alert` or `record`")
    return Rule(
        alert=str(raw.get("alert") or ""),
        record=str(raw.get("record") or ""),
        expression=str(raw.get("expr", "")),
        for_ms=_duration_ms(raw.get("for")),
        keep_firing_for_ms=_duration_ms(raw.get("keep_firing_for")),
        labels=_texts(raw.get("labels")),
        annotations=_texts(raw.get("annotations")),
    )


def _texts(raw: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): str(text) for name, text in (raw or {}).items()}


def _duration_ms(raw: object) -> int:
    return duration_ms(str(raw or 0))
