"""Unit tests of rules in promtool's format: values as they are written, alerts and samples as expected."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from sandbox.prometheus_api.rule_tests import Failure
from sandbox.prometheus_api.rule_tests import tested as judged

DOWN: dict[str, Any] = {
    "alert": "Down",
    "expr": "up == 0",
    "for": "5m",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "{{ $labels.job }} is down"},
}
RATIO = {"record": "job:up:avg", "expr": "avg by (job) (up)", "labels": {"by": "test"}}
GROUPS = [{"name": "web", "rules": [RATIO, DOWN]}]
FIRING = {
    "exp_labels": {"severity": "critical", "job": "a"},
    "exp_annotations": {"summary": "a is down"},
}


def failures(values: str, **checks: Any) -> tuple[Failure, ...]:
    series = [{"series": 'up{job="a"}', "values": values}]
    return judged({"tests": [{"input_series": series, **checks}]}, GROUPS).failures


def alerts(at: str, *expected: Any) -> dict[str, Any]:
    one = {"eval_time": at, "alertname": "Down", "exp_alerts": list(expected)}
    return {"alert_rule_test": [one]}


def samples(expr: str, at: str, **expected: float) -> dict[str, Any]:
    found = [{"labels": f'up{{job="{job}"}}', "value": value} for job, value in expected.items()]
    return {"promql_expr_test": [{"expr": expr, "eval_time": at, "exp_samples": found}]}


def test_an_alert_fires_when_it_held_for_long_enough_and_not_before() -> None:
    assert failures("1 0x20", **alerts("5m59s")) == ()
    assert failures("1 0x20", **alerts("6m", FIRING)) == ()
    assert failures("1 0x4 1 0x20", **alerts("7m")) == ()


def test_what_differs_is_shown_as_expected_and_as_it_came() -> None:
    [one] = failures("0x20", **alerts("1m", FIRING))
    assert (one.test, one.at, one.about, one.got) == ("test 1", "1m", "Down", ())
    assert one.expected == (
        '{alertname="Down", job="a", severity="critical"} {summary="a is down"}',
    )
    other = {**FIRING, "exp_annotations": {"summary": "b is down"}}
    assert len(failures("0x20", **alerts("10m", other))) == 1


def test_recording_rules_are_seen_by_expressions() -> None:
    expected = [{"labels": 'job:up:avg{by="test", job="a"}', "value": 1}]
    one = {"expr": "job:up:avg", "eval_time": "3m", "exp_samples": expected}
    assert failures("1x5", promql_expr_test=[one]) == ()
    assert len(failures("0x5", promql_expr_test=[one])) == 1


def test_a_series_ends_where_it_is_stale_and_goes_on_over_what_is_missing() -> None:
    assert failures("1 _ _ 2", **samples("up", "2m", a=1)) == ()
    assert failures("1 stale 2", **samples("up", "1m")) == ()
    assert failures("1 stale 2", **samples("up", "2m", a=2)) == ()


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 9))
def test_steps_are_written_as_promtool_reads_them(first: int, step: int, more: int) -> None:
    values = f"{first}{step:+d}x{more}"
    last = float(first + step * more)
    assert failures(values, **samples("up", f"{more}m", a=last)) == ()
    assert failures(f"{first}x{more}", **samples("up", f"{more}m", a=float(first))) == ()


def test_an_alert_over_nothing_holds_from_the_beginning_of_the_test_and_not_before() -> None:
    gone = {"alert": "Gone", "expr": "absent(nothing)", "for": "5m"}
    groups = [{"name": "web", "rules": [gone]}]

    def found(at: str) -> int:
        one = {"eval_time": at, "alertname": "Gone"}
        return len(judged({"tests": [{"alert_rule_test": [one]}]}, groups).failures)

    assert (found("4m"), found("5m")) == (0, 1)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"tests": [{"input_series": [{"series": "up", "values": "1 x 2"}]}]}, "no value of a series"),
        ({"tests": [{"input_series": [{"series": 'up{job=~"a"}', "values": "1"}]}]}, "is no series"),
        ({"tests": [{"external_labels": {"a": "b"}}]}, "promtool alone"),
        ({"evaluation_interval": "soon"}, "no duration"),
        ({"tests": {"name": "x"}}, "no list"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(document: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        judged(document, GROUPS)
