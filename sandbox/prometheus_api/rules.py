"""Rule files, evaluated when somebody asks: which alerts are pending or firing, and since when.

Nothing runs in the background. A question evaluates a rule at every turn of its group over the
last hours and goes through these turns as Prometheus would have done; the answer is kept until
the group's next turn. An alert that is older than these hours counts from their beginning.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import Invalid
from sandbox import promql
from sandbox.prometheus_api.templating import Template
from sandbox.promql import Scalar, Unanswerable, Vector, duration_ms
from sandbox.promql.values import NAME, Mask, relabelled
from sandbox.series import Labels, Millis, Source

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
    def series(self) -> str:
        """The name of what it writes to the storage."""
        return self.record or "ALERTS"

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


def evaluate(rule: Rule, series: Source, group: Group, *, at_ms: int) -> Evaluation:
    """A rule at its group's turn, with what the turns before it left behind."""
    try:
        if rule.record:
            recorded_at(rule, group, series, first_ms=at_ms, last_ms=at_ms)
            return Evaluation()
        times_ms, vector = _asked(rule, group, series, _before(rule, group, at_ms), at_ms)
        _check_limit(group, vector.present[:, -1:], "alerts")
    except Invalid as error:
        return Evaluation(error=error.message)
    return Evaluation(_alerts(rule, times_ms.tolist(), vector))


def alerts_since(
    rule: Rule, group: Group, series: Source, *, first_ms: int, at_ms: int
) -> list[Alert]:
    """What is pending or firing at a turn when nothing was evaluated before another one.

    Raises `Unparsable`, or `Unanswerable` where the rule fails at one of the turns.
    """
    times_ms, vector = _asked(rule, group, series, first_ms, at_ms)
    return _alerts(rule, times_ms.tolist(), vector)


def recorded_at(
    rule: Rule, group: Group, series: Source, *, first_ms: int, last_ms: int
) -> tuple[Millis, Vector]:
    """What is written to the storage at some turns: of an alert, that it is pending or firing.

    Raises `Unparsable`, or `Unanswerable` where the rule fails at one of the turns.
    """
    if rule.record:
        times_ms, vector = _asked(rule, group, series, first_ms, last_ms)
        _check_limit(group, vector.present, "series")
        return times_ms, _renamed(rule, vector)
    times_ms, vector = _asked(rule, group, series, _before(rule, group, first_ms), last_ms)
    wanted = times_ms >= first_ms
    _check_limit(group, vector.present[:, wanted], "alerts")
    rows = [row for at in range(len(vector.labels)) for row in _states(rule, times_ms, vector, at)]
    values = np.ones((len(rows), len(times_ms)))
    present = np.array([row for _, row in rows], dtype=np.bool_).reshape(values.shape)
    states = relabelled([labels for labels, _ in rows], values, present)
    return times_ms[wanted], Vector(
        states.labels, states.values[:, wanted], states.present[:, wanted]
    )


def _before(rule: Rule, group: Group, at_ms: int) -> int:
    """The first turn that may still matter to an alert at a turn."""
    turns = min(max(_HISTORY_MS, 2 * rule.for_ms) // group.interval_ms, _MOST_TURNS)
    return at_ms - turns * group.interval_ms


def _asked(
    rule: Rule, group: Group, series: Source, first_ms: int, last_ms: int
) -> tuple[Millis, Vector]:
    times_ms, value = promql.query_range(
        rule.expression,
        series,
        start_ms=first_ms,
        end_ms=last_ms,
        step_ms=group.interval_ms,
        now_ms=last_ms,
    )
    return times_ms, _vector(value)


def _check_limit(group: Group, present: Mask, kind: str) -> None:
    found = int(present.sum(axis=0).max(initial=0))
    if 0 < group.limit < found:
        raise Unanswerable(f"exceeded limit of {group.limit} with {found} {kind}")


def _renamed(rule: Rule, vector: Vector) -> Vector:
    """Under the rule's name and with its labels; an empty one takes a label away."""
    own = {**rule.labels, NAME: rule.record}
    labels = [
        tuple(sorted((name, text) for name, text in {**dict(one), **own}.items() if text))
        for one in vector.labels
    ]
    try:
        return relabelled(labels, vector.values, vector.present)
    except Unanswerable as error:
        why = "vector contains metrics with the same labelset after applying rule labels"
        raise Unanswerable(why) from error


def _states(
    rule: Rule, times_ms: Millis, vector: Vector, row: int
) -> Iterator[tuple[Labels, list[bool]]]:
    """The two series of an alert: when it was pending, and when it fired."""
    present, values = vector.present[row], vector.values[row]
    history = list(_history(rule, times_ms.tolist(), present.tolist()))
    last = float(values[present][-1])
    alert = _alert(rule, dict(vector.labels[row]), last, 0, fired=False)
    for state in ("pending", "firing"):
        labels = {**alert.labels, NAME: "ALERTS", "alertstate": state}
        fires = state == "firing"
        yield (
            tuple(sorted(labels.items())),
            [active is not None and fired is fires for active, fired in history],
        )


def _alerts(rule: Rule, times_ms: list[int], vector: Vector) -> list[Alert]:
    found: list[Alert] = []
    for row, labels in enumerate(vector.labels):
        present = vector.present[row].tolist()
        *_, (active_ms, fired) = _history(rule, times_ms, present)
        if active_ms is not None:
            value = float(vector.values[row][vector.present[row]][-1])
            found.append(_alert(rule, dict(labels), value, active_ms, fired=fired))
    return found


def _history(
    rule: Rule, times_ms: list[int], present: list[bool]
) -> Iterator[tuple[int | None, bool]]:
    """Since when an alert is active, if it is, and whether it fires, turn by turn."""
    active_ms: int | None = None
    gone_ms: int | None = None
    fired = False
    for at_ms, holds in zip(times_ms, present, strict=True):
        if holds:
            active_ms, gone_ms = at_ms if active_ms is None else active_ms, None
            fired = fired or at_ms - active_ms >= rule.for_ms
        else:
            gone_ms = at_ms if gone_ms is None else gone_ms
            if not fired or at_ms - gone_ms >= rule.keep_firing_for_ms:
                active_ms, fired = None, False
        yield active_ms, fired


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
