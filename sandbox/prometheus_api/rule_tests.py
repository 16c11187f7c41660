"""Unit tests of rules in promtool's format, evaluated here.

Left out, and refused: native histograms, external labels and `group_eval_order`. `ALERTS` of an expression
that holds without any data (`absent`) counts as active from before the test began.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import Invalid
from sandbox import promql
from sandbox.prometheus_api.recording import RecordedByRules
from sandbox.prometheus_api.rules import Alert, Group, alerts_since
from sandbox.promql import Scalar, Vector, duration_ms
from sandbox.series import Labels, Series, SeriesStore

DEFAULT_INTERVAL = "1m"
REFUSED = ("external_labels", "external_url", "group_eval_order")
MOST_SAMPLES = 1_000_000
_NUMBER = r"(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[Ii]nf|NaN)"
_ITEM = re.compile(rf"(?P<first>[-+]?{_NUMBER})(?:(?P<step>[-+]{_NUMBER})?x(?P<more>\d+))?")
_MISSING = re.compile(r"(?P<what>_|stale)(?:x(?P<count>\d+))?")
# As promtool compares them: the last digits of a sum depend on its order.
CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Failure:
    """`about` is an alert or an expression, `at` the time it was looked at, as the file says it."""

    test: str
    at: str
    about: str
    expected: tuple[str, ...]
    got: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    checks: int
    failures: tuple[Failure, ...]


def tested(document: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> Tested:
    """Run every test of a file over these rule groups. Raises `Invalid` for what it cannot read."""
    if left_out := [one for one in REFUSED if document.get(one)]:
        raise Invalid(f"{left_out[0]} of the test file is understood by promtool alone.")
    interval_ms = _span(document.get("evaluation_interval") or DEFAULT_INTERVAL)
    rules = [replace(Group.of(one), interval_ms=interval_ms) for one in groups]
    checks, failures = 0, list[Failure]()
    for n, test in enumerate(_listed(document, "tests")):
        run = _Run(test, rules, interval_ms, name=str(test.get("name") or f"test {n + 1}"))
        for count, failure in run.checks():
            checks += count
            failures += [failure] if failure else []
    return Tested(checks, tuple(failures))


class _Run:
    """One test: its series, and the rules over them from the moment zero on."""

    def __init__(
        self, test: Mapping[str, Any], groups: Sequence[Group], interval_ms: int, *, name: str
    ) -> None:
        if left_out := [one for one in REFUSED if test.get(one)]:
            raise Invalid(f"{left_out[0]} of {name} is understood by promtool alone.")
        self._test, self._groups, self._interval_ms, self._name = test, groups, interval_ms, name
        every_ms = _span(test["interval"]) if test.get("interval") else interval_ms
        series = [_series(one, every_ms) for one in _listed(test, "input_series")]
        written = [one for one in series if len(one.times_ms)]
        store = SeriesStore(tuple(sorted(written, key=lambda one: one.labels)))
        self._source = RecordedByRules(store, groups)

    def checks(self) -> Iterator[tuple[int, Failure | None]]:
        for one in _listed(self._test, "alert_rule_test"):
            yield 1, self._alerts(one)
        for one in _listed(self._test, "promql_expr_test"):
            yield 1, self._expression(one)

    def _alerts(self, one: Mapping[str, Any]) -> Failure | None:
        name, at = str(one.get("alertname") or ""), str(one.get("eval_time") or "0")
        at_ms = _span(at) // self._interval_ms * self._interval_ms
        expected = [
            _shown(
                {**_texts(want, "exp_labels"), "alertname": name}, _texts(want, "exp_annotations")
            )
            for want in _listed(one, "exp_alerts")
        ]
        got = [_shown(found.labels, found.annotations) for found in self._firing(name, at_ms)]
        return self._judged(at, name, expected, got)

    def _firing(self, name: str, at_ms: int) -> Iterator[Alert]:
        for group in self._groups:
            for rule in group.rules:
                if rule.alert == name:
                    found = alerts_since(rule, group, self._source, first_ms=0, at_ms=at_ms)
                    yield from (alert for alert in found if alert.state == "firing")

    def _expression(self, one: Mapping[str, Any]) -> Failure | None:
        text, at = str(one.get("expr") or ""), str(one.get("eval_time") or "0")
        at_ms = _span(at)
        value = promql.query(text, self._source, at_ms=at_ms, now_ms=at_ms)
        got = dict(_samples(value))
        expected = {
            _labels(str(want.get("labels") or "{}")): float(want.get("value", 0))
            for want in _listed(one, "exp_samples")
        }
        same = got.keys() == expected.keys() and all(
            _is_close(got[labels], expected[labels]) for labels in got
        )
        told = [[_sample(*pair) for pair in some.items()] for some in (expected, got)]
        return None if same else self._judged(at, text, told[0], told[1])

    def _judged(
        self, at: str, about: str, expected: Sequence[str], got: Sequence[str]
    ) -> Failure | None:
        if sorted(expected) == sorted(got):
            return None
        return Failure(self._name, at, about, tuple(sorted(expected)), tuple(sorted(got)))


def _series(raw: Mapping[str, Any], every_ms: int) -> Series:
    values = list(_values(str(raw.get("values", ""))))
    if len(values) > MOST_SAMPLES:
        raise Invalid(f"{raw.get('series')} has more than {MOST_SAMPLES} values.")
    times = [n * every_ms for n, value in enumerate(values) if isinstance(value, float)]
    stale = [n * every_ms for n, value in enumerate(values) if value == "stale"]
    return Series(
        _labels(str(raw.get("series") or "")),
        np.array(times, dtype=np.int64),
        np.array([one for one in values if isinstance(one, float)], dtype=np.float64),
        stale_ms=np.array(stale, dtype=np.int64),
    )


def _values(text: str) -> Iterator[float | str]:
    """A number, `_` or `stale` for each scrape. Raises `Invalid` for what promtool would not read."""
    for item in text.split():
        if found := _MISSING.fullmatch(item):
            yield from [found["what"]] * int(found["count"] or 1)
        elif found := _ITEM.fullmatch(item):
            first, step = float(found["first"]), float(found["step"] or 0)
            yield from (first + n * step for n in range(int(found["more"] or 0) + 1))
        else:
            raise Invalid(f"{item!r} is no value of a series; write 1, 0+5x10, 3x4, _ or stale.")


def _labels(text: str) -> Labels:
    if text.replace(" ", "") == "{}":
        return ()
    matchers = promql.parse_selector(text)
    if wrong := [one for one in matchers if one.operator != "="]:
        raise Invalid(f"{text!r} is no series: {wrong[0].label} has no one value.")
    return tuple(sorted((one.label, one.value) for one in matchers))


def _samples(value: promql.Value) -> Iterator[tuple[Labels, float]]:
    if isinstance(value, Scalar):
        yield (), float(value.values[-1])
    elif isinstance(value, Vector):
        for n, labels in enumerate(value.labels):
            if value.present[n][-1]:
                yield labels, float(value.values[n][-1])


def _is_close(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=CLOSE)


def _shown(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    told = ", ".join(f'{name}="{text}"' for name, text in sorted(labels.items()))
    said = ", ".join(f'{name}="{text}"' for name, text in sorted(annotations.items()))
    return f"{{{told}}} {{{said}}}"


def _sample(labels: Labels, value: float) -> str:
    rest = ", ".join(f'{name}="{text}"' for name, text in labels if name != "__name__")
    return f"{dict(labels).get('__name__', '')}{{{rest}}} {value:g}"


def _texts(raw: Mapping[str, Any], key: str) -> dict[str, str]:
    found: Mapping[str, Any] = raw.get(key) or {}
    return {str(name): str(text) for name, text in found.items()}


def _listed(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found: Any = raw.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):  # pyright: ignore[reportUnknownVariableType]
        raise Invalid(f"{key} of the test file is no list of mappings.")
    return found  # pyright: ignore[reportUnknownVariableType]


def _span(text: object) -> int:
    try:
        return duration_ms(str(text))
    except ValueError as error:
        raise Invalid(f"{text!r} is no duration such as 5m or 1h30m.") from error
