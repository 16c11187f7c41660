"""PromQL on numbers that a person can check. `test_promql_live` compares with the real one."""

import math
from pathlib import Path

import numpy as np
import pytest

from sandbox.promql import (
    Ranges,
    Scalar,
    Text,
    Unanswerable,
    Unparsable,
    Vector,
    query,
    query_range,
)
from sandbox.series import SeriesStore
from tests.sandbox.test_series import T, store

# Ten minutes, a sample a minute: counters that rise by 60 and by 6, the second one restarting at
# six minutes; gauges that stand still, climb by one, and end after two minutes.
SERIES = {
    'hits_total{path="/a",code="200"}': [60 * n for n in range(11)],
    'hits_total{path="/a",code="500"}': [6 * (n % 6) for n in range(11)],
    'hits_total{path="/b",code="200"}': [600 + 12 * n for n in range(11)],
    'load{node="n1",zone="x"}': [0.5] * 11,
    'load{node="n2",zone="x"}': [float(n) for n in range(11)],
    'load{node="n3",zone="y"}': [7.0, 7.0, 7.0],
    'cores{node="n1"}': [2] * 11,
    'cores{node="n2"}': [4] * 11,
    'took_bucket{le="0.1"}': [40 * n for n in range(11)],
    'took_bucket{le="0.5"}': [80 * n for n in range(11)],
    'took_bucket{le="1"}': [90 * n for n in range(11)],
    'took_bucket{le="+Inf"}': [100 * n for n in range(11)],
}
NOW = T + 600


@pytest.fixture
def series(tmp_path: Path) -> SeriesStore:
    lines = [
        f"{name} {value} {T + 60 * minute}"
        for name, values in SERIES.items()
        for minute, value in enumerate(values)
    ]
    return store(tmp_path, "\n".join([*lines, "# EOF"]))


def at_once(text: str, series: SeriesStore, at_s: float = NOW) -> dict[str, float]:
    """Values by their labels."""
    found = query(text, series, at_ms=round(at_s * 1000), now_ms=NOW * 1000)
    if isinstance(found, Scalar):
        return {"scalar": float(found.values[0])}
    assert isinstance(found, Vector)
    names = (",".join(f"{name}={value}" for name, value in labels) for labels in found.labels)
    return dict(zip(names, found.values[:, 0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 ^ 2", {"scalar": 19}),
        ("-2 ^ 2", {"scalar": -4}),
        ("5 % 3 == bool 2", {"scalar": 1}),
        ("time()", {"scalar": NOW}),
        ("vector(3)", {"": 3}),
        ("rate(hits_total{path='/a',code='200'}[5m])", {"code=200,path=/a": 1}),
        ("increase(hits_total{path='/a',code='500'}[4m])", {"code=500,path=/a": 24}),
        ("irate(hits_total{path='/b'}[5m])", {"code=200,path=/b": 0.2}),
        ("delta(load{node='n2'}[5m])", {"node=n2,zone=x": 5}),
        ("idelta(load{node='n2'}[5m])", {"node=n2,zone=x": 1}),
        ("deriv(load{node='n2'}[5m]) * 60", {"node=n2,zone=x": 1}),
        ("predict_linear(load{node='n2'}[5m], 600)", {"node=n2,zone=x": 20}),
        ("resets(hits_total{code='500'}[10m])", {"code=500,path=/a": 1}),
        ("changes(load{zone='x'}[5m])", {"node=n1,zone=x": 0, "node=n2,zone=x": 5}),
        ("avg_over_time(load{node='n2'}[4m])", {"node=n2,zone=x": 8}),
        ("sum_over_time(load{node='n2'}[1m])", {"node=n2,zone=x": 19}),
        ("count_over_time(load{node='n3'}[10m])", {"node=n3,zone=y": 3}),
        ("quantile_over_time(0.5, load{node='n2'}[4m])", {"node=n2,zone=x": 8}),
        ("stddev_over_time(load{node='n2'}[2m]) ^ 2 * 3", {"node=n2,zone=x": 2}),
        ("max_over_time(load{node='n3'}[10m])", {"node=n3,zone=y": 7}),
        ("sum(load)", {"": 10.5}),
        ("sum by (zone) (load)", {"zone=x": 10.5}),
        ("max without (node, zone) (load)", {"": 10}),
        ("count(hits_total)", {"": 3}),
        ("group(load)", {"": 1}),
        ("quantile(0.5, load)", {"": 5.25}),
        ("topk(1, load)", {"__name__=load,node=n2,zone=x": 10}),
        ("count_values('cores', cores)", {"cores=2": 1, "cores=4": 1}),
        ("load / on (node) cores", {"node=n1": 0.25, "node=n2": 2.5}),
        (
            "load / on (node) group_left cores",
            {"node=n1,zone=x": 0.25, "node=n2,zone=x": 2.5},
        ),
        ("load > 5", {"__name__=load,node=n2,zone=x": 10}),
        ("load > bool 5", {"node=n1,zone=x": 0, "node=n2,zone=x": 1}),
        ("load and on (node) (cores == 2)", {"__name__=load,node=n1,zone=x": 0.5}),
        ("load unless on (node) (cores == 2)", {"__name__=load,node=n2,zone=x": 10}),
        ("sum(load) or sum(cores)", {"": 10.5}),
        ("histogram_quantile(0.5, rate(took_bucket[5m]))", {"": 0.2}),
        ("histogram_quantile(0.99, rate(took_bucket[5m]))", {"": 1}),
        ("clamp_max(load, 2)", {"node=n1,zone=x": 0.5, "node=n2,zone=x": 2}),
        ("round(load{node='n2'} / 3, 0.5)", {"node=n2,zone=x": 3.5}),
        ("absent(nothing{a='b'})", {"a=b": 1}),
        ("absent(load)", {}),
        ("timestamp(load{node='n1'})", {"node=n1,zone=x": NOW}),
        ("label_replace(cores{node='n1'}, 'n', '$1', 'node', 'n(.)')", {
            "__name__=cores,n=1,node=n1": 2
        }),
        ("label_join(cores{node='n1'}, 'n', '-', 'node', 'node')", {
            "__name__=cores,n=n1-n1,node=n1": 2
        }),
        ("load{node='n2'} offset 4m", {"__name__=load,node=n2,zone=x": 6}),
        (f"load{{node='n2'}} @ {T + 120}", {"__name__=load,node=n2,zone=x": 2}),
        ("max_over_time(sum(load)[10m:2m])", {"": 13.5}),
        ("scalar(load)", {"scalar": math.nan}),
        ("hour(vector(NaN)) or year(vector(Inf))", {"": math.nan}),
        ("up atan2 1 or load{node='n1'} atan2 0.5", {"node=n1,zone=x": math.pi / 4}),
        ("scalar(load{node='n1'})", {"scalar": 0.5}),
    ],
)  # fmt: skip
def test_at_once(series: SeriesStore, text: str, expected: dict[str, float]) -> None:
    assert at_once(text, series) == pytest.approx(expected, nan_ok=True)


def test_a_series_is_gone_after_five_minutes(series: SeriesStore) -> None:
    last_s = T + 120
    assert at_once("load{node='n3'}", series, last_s + 300)
    assert not at_once("load{node='n3'}", series, last_s + 300.001)


def test_a_window_includes_both_its_ends(series: SeriesStore) -> None:
    assert at_once("count_over_time(load{node='n1'}[2m])", series, T + 240) == {"node=n1,zone=x": 3}


def test_nothing_after_now_is_seen(tmp_path: Path) -> None:
    lines = [f"load 1 {T + 60 * minute}" for minute in range(11)]
    series = store(tmp_path, "\n".join(lines), grows=True)
    assert at_once("count_over_time(load[10m])", series, NOW + 300) == {"": 6}


def test_every_step_has_its_value_or_none(series: SeriesStore) -> None:
    times_ms, found = query_range(
        "load{node='n3'} > 5",
        series,
        start_ms=(T - 60) * 1000,
        end_ms=NOW * 1000,
        step_ms=60_000,
        now_ms=NOW * 1000,
    )
    assert isinstance(found, Vector)
    assert len(times_ms) == 12
    assert np.flatnonzero(found.present[0]).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_start_and_end_are_those_of_the_query(series: SeriesStore) -> None:
    _, found = query_range(
        "sum(load{node='n2'} @ end()) - sum(load{node='n2'} @ start())",
        series,
        start_ms=(T + 60) * 1000,
        end_ms=NOW * 1000,
        step_ms=60_000,
        now_ms=NOW * 1000,
    )
    assert set(found.values.ravel().tolist()) == {9.0}


def test_texts_and_samples_are_values_too(series: SeriesStore) -> None:
    assert query("'hello'", series, at_ms=0, now_ms=0) == Text("hello")
    found = query("load[2m]", series, at_ms=NOW * 1000, now_ms=NOW * 1000)
    assert isinstance(found, Ranges)
    assert found.counts.ravel().tolist() == [3, 3]


@pytest.mark.parametrize("text", ["", "load{", "rate(load)", "nonsense(load)", "load{node=~'('}"])
def test_what_is_not_promql_cannot_be_parsed(series: SeriesStore, text: str) -> None:
    with pytest.raises(Unparsable, match=r"parse error: "):
        at_once(text, series)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1:1: parse error: no expression found in input"),
        ("# none", "1:1: parse error: no expression found in input"),
        ("load{", "1:6: parse error: unexpected end of input inside braces"),
        ("load\n  + nonsense(load)", '2:5: parse error: unknown function with name "nonsense"'),
        ("load + foo(1) )", '1:8: parse error: unknown function with name "foo"'),
        ('"é" + rate(', "1:13: parse error: unclosed left parenthesis"),
        ("load)", "1:6: parse error: unexpected right parenthesis ')'"),
        ("load[5m:x]", "1:9: parse error: unexpected colon 'x'"),
        ("sum by (a b) (load)", '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'),
        ("sum(rate(load[5m]) + )", '1:22: parse error: unexpected ")" in aggregation'),
        ("load offset -x", '1:14: parse error: unexpected identifier "x" in offset, expected duration'),
        ('load{a="b" c="d"}', '1:12: parse error: unexpected identifier "c" in label matching, expected "," or "}"'),
        ("load @ 1 verylongidentifier", '1:10: parse error: unexpected identifier "verylongidentifier"'),
        ("rate(load)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'),
        ("1   >=   (2)", "1:5: parse error: comparisons between scalars must use BOOL modifier"),
        ("1 + (load[5m])", "1:5: parse error: binary expression must contain only scalar and instant vector types"),
        ("sum(1, load)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2"),
        ("(load)[5m]", "1:7: parse error: ranges only allowed for vector selectors"),
        ("load[1s1h]", '1:6: parse error: not a valid duration string: "1s1h"'),
        ("load @ NaN", "1:1: parse error: timestamp out of bounds for @ modifier: NaN"),
        ('load{a=~"("}', "1:6: parse error: error parsing regexp: missing closing ): `^(?:()$`"),
        ("1e400", '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e400": value out of range'),
        ('"\\q"', "1:1: parse error: unknown escape sequence U+0071 'q'"),
        ("load @ 5 @ 6", "1:1: parse error: @ <timestamp> may not be set multiple times"),
    ],
)  # fmt: skip
def test_the_place_and_the_reason_are_told_as_by_prometheus(
    series: SeriesStore, text: str, why: str
) -> None:
    with pytest.raises(Unparsable) as failure:
        at_once(text, series)
    assert failure.value.message == why


@pytest.mark.parametrize(
    "text", ["(" * 5000 + "1" + ")" * 5000, "1" + " + 1" * 5000, "-" * 5000 + "1"]
)
def test_an_endless_expression_ends_nothing_but_itself(series: SeriesStore, text: str) -> None:
    with pytest.raises(Unparsable, match="too many operators"):
        at_once(text, series)


def test_a_long_but_reasonable_expression_is_answered(series: SeriesStore) -> None:
    assert at_once(" + ".join(["1"] * 150), series) == {"scalar": 150}
    assert at_once("(" * 150 + "1" + ")" * 150, series) == {"scalar": 1}
    assert at_once("sum(" * 190 + "load" + ")" * 190, series) == {"": 10.5}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("info(load)", "function info is not supported by the practice cluster"),
        ("limitk(1, load)", "aggregation limitk is not supported by the practice cluster"),
        ("load * on (zone) load", "many-to-many matching not allowed"),
        ("cores * on () load", "found duplicate series for the match group {}"),
        ("load * on (zone) (sum by (zone) (load))", "many-to-one matching must be explicit"),
        (
            "label_replace(load, 'node', '', '', '')",
            "vector cannot contain metrics with the same labelset",
        ),
        ("topk(NaN, load)", "Scalar value NaN overflows int64"),
    ],
)
def test_what_cannot_be_answered_says_why(series: SeriesStore, text: str, why: str) -> None:
    with pytest.raises(Unanswerable) as failure:
        at_once(text, series)
    assert why in failure.value.message


def test_a_question_too_large_to_hold_is_refused(series: SeriesStore) -> None:
    with pytest.raises(Unanswerable, match="too many samples"):
        at_once("max_over_time({__name__!=''}[312d:1m])", series)
    with pytest.raises(Unanswerable, match="a subquery of so many steps"):
        at_once("max_over_time(load[100y:1ms])", series)


def test_a_subquery_in_which_no_step_falls_finds_nothing(series: SeriesStore) -> None:
    assert at_once("max_over_time(load[30s:97s])", series) == {}


def test_double_exponential_smoothing_follows_a_line_exactly(series: SeriesStore) -> None:
    found = at_once('holt_winters(load{node="n2"}[10m], 0.5, 0.1)', series)
    assert list(found.values()) == [10.0]
    assert at_once("count(holt_winters(nothing[5m], 0.5, 0.5))", series) == {}
    with pytest.raises(Unanswerable, match="invalid trend factor"):
        at_once("holt_winters(load[5m], 0.5, 1)", series)
    with pytest.raises(Unanswerable, match="invalid smoothing factor"):
        at_once("holt_winters(load[5m], 0, 0.5)", series)
