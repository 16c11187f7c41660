"""What is anomalous in a series and what is not: noise, seasons, trends, counters, planted faults."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_servers.engines.anomalies import Anomalies, anomalies
from mcp_servers.engines.anomaly_limits import limits_of, scale_of
from mcp_servers.engines.metric_tables import Array

DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0
BEGIN = 1_767_225_600.0  # the first of a month, midnight UTC

Random = np.random.Generator
Noise = Callable[[Random, int], Array]

# The share of series of each kind of noise in which anything may be called anomalous.
NOISES: dict[str, tuple[Noise, float]] = {
    "normal": (lambda r, n: r.normal(100, 10, n), 0.05),
    "double exponential": (lambda r, n: r.laplace(100, 10, n), 0.2),
    "lognormal": (lambda r, n: r.lognormal(0, 0.5, n), 0.15),
    "counts": (lambda r, n: r.poisson(3, n).astype(float), 0.1),
    "remembering": (lambda r, n: _remembering(r, n, 0.9), 0.25),
    "a random walk": (lambda r, n: 500 + np.cumsum(r.normal(0, 1, n)), 0.05),
    "a walk of wild steps": (lambda r, n: 500 + np.cumsum(r.standard_t(4, n)), 0.05),
    "Student's t": (lambda r, n: 100 + 5 * r.standard_t(4, n), 0.4),
}


def _remembering(chance: Random, count: int, memory: float) -> Array:
    values = np.zeros(count)
    for i, step in enumerate(chance.normal(0, 1, count)):
        values[i] = memory * values[i - 1] + step if i else step
    return values + 50


def times(count: int, step_s: float = MINUTE) -> list[float]:
    return [BEGIN + step_s * i for i in range(count)]


def judged(values: Array, step_s: float = MINUTE, name: str = "load") -> Anomalies:
    return anomalies(times(len(values), step_s), [float(one) for one in values], name=name)


def flagged(found: Anomalies) -> list[int]:
    return [i for i, one in enumerate(found.points) if one.severity]


def daily(chance: Random, days: int, step_s: float, *, weekend: float = 1.0) -> Array:
    at = np.array(times(round(days * DAY / step_s), step_s))
    course = 100 + 50 * np.sin(2 * np.pi * at / DAY)
    course = np.where((at // DAY) % 7 < 2, course * weekend, course)
    return course + chance.normal(0, 4, len(at))


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("count", [100, 600])
def test_noise_seldom_rings(kind: str, count: int) -> None:
    noise, at_most = NOISES[kind]
    chance = np.random.default_rng(7)
    rang = sum(bool(flagged(judged(noise(chance, count)))) for _ in range(60))
    assert rang <= at_most * 60


@pytest.mark.parametrize(
    ("days", "step_s", "weekend", "season"), [(7, 600.0, 1.0, "day"), (35, HOUR, 0.5, "week")]
)
def test_a_season_is_known_and_keeps_silent(
    days: int, step_s: float, weekend: float, season: str
) -> None:
    chance = np.random.default_rng(11)
    for _ in range(8):
        found = judged(daily(chance, days, step_s, weekend=weekend), step_s)
        assert found.season == season
        assert len(flagged(found)) <= 1
        assert found.changes == ()


def test_what_is_usual_at_noon_is_odd_at_midnight() -> None:
    values = daily(np.random.default_rng(3), 7, 600.0)
    peak = float(values.max())
    valley = 5 * 144 + int(np.argmin(values[5 * 144 : 6 * 144]))
    values[valley] = peak
    assert flagged(judged(values, 600.0)) == [valley]


@pytest.mark.parametrize("size", [8, 15])
def test_planted_spikes_are_found_both_ways(size: float) -> None:
    values = np.random.default_rng(5).normal(100, 10, 500)
    values[100], values[300] = 100 + 10 * size, 100 - 10 * size
    found = judged(values)
    assert flagged(found) == [100, 300]
    assert found.points[100].score > 0 > found.points[300].score
    assert found.points[100].expected == pytest.approx(100, abs=3)


def test_in_wild_noise_a_fault_stands_out_that_the_noise_does_not_make() -> None:
    chance = np.random.default_rng(21)
    for _ in range(20):
        values = 100 + 5 * chance.standard_t(3, 400)
        values[350] += 5 * 28
        assert 350 in flagged(judged(values))


def test_a_shift_that_stays_is_anomalous_as_a_whole_and_dated() -> None:
    values = np.random.default_rng(6).normal(100, 10, 500)
    values[400:] += 50
    found = judged(values)
    assert len(set(flagged(found)) & set(range(400, 500))) >= 98
    assert len(flagged(found)) <= 101
    [change] = found.changes
    assert abs(change.at - times(500)[400]) <= 3 * MINUTE
    assert change.before == pytest.approx(100, abs=4)
    assert change.after == pytest.approx(150, abs=4)


def test_a_plateau_in_the_middle_is_found_and_what_follows_is_ordinary() -> None:
    values = np.random.default_rng(8).normal(100, 10, 500)
    values[250:270] += 50
    found = judged(values)
    assert set(flagged(found)) >= set(range(251, 269))
    assert set(flagged(found)) <= set(range(247, 273))


def test_a_new_level_becomes_the_usual_one_when_it_has_lasted_as_long() -> None:
    values = np.random.default_rng(9).normal(100, 5, 600)
    values[200:] += 60
    found = judged(values)
    assert flagged(found)[-1] < 450
    assert found.points[-1].expected == pytest.approx(160, abs=4)


def test_steady_growth_is_a_trend_and_no_anomaly() -> None:
    chance = np.random.default_rng(10)
    found = judged(0.1 * np.arange(500) + chance.normal(0, 1, 500))
    assert (found.trend, flagged(found), found.season) == (True, [], "")


def test_a_counter_is_judged_by_its_growth_and_a_restart_is_no_fall() -> None:
    grown = np.cumsum(np.random.default_rng(12).poisson(600, 300)).astype(float)
    grown[150:] -= grown[149]
    found = judged(grown, name="requests_total")
    assert (found.counter, found.resets) == (True, 1)
    assert flagged(found) == []
    assert found.points[0].value == pytest.approx(10, abs=2)
    assert "counter" in found.method


def test_a_burst_of_a_counter_is_found() -> None:
    steps = np.random.default_rng(13).poisson(600, 300).astype(float)
    steps[200] = 1500
    assert flagged(judged(np.cumsum(steps), name="requests_total")) == [199]


@pytest.mark.parametrize("count", [0, 1, 2, 14])
def test_too_few_values_are_not_judged(count: int) -> None:
    found = judged(np.arange(count, dtype=float))
    assert (found.enough, found.why, found.values, found.points) == (False, "too_few", count, ())


def test_mostly_gaps_are_not_judged_and_few_gaps_do_no_harm() -> None:
    values = np.random.default_rng(14).normal(100, 10, 300)
    values[::10] = np.nan
    few = judged(values)
    assert (few.enough, flagged(few), len(few.points)) == (True, [], 270)
    values[:200] = np.nan
    assert judged(values).why == "gaps"


def test_a_constant_is_calm_and_where_it_breaks_is_found() -> None:
    values = np.full(200, 3.0)
    assert flagged(judged(values)) == []
    values[120:140] = 0.0
    assert flagged(judged(values)) == list(range(120, 140))


def test_severity_grows_with_the_distance() -> None:
    order = ("low", "medium", "high", "critical")
    values = np.random.default_rng(15).normal(100, 10, 500)
    ranks: list[int] = []
    for size in (60, 90, 150, 400):
        values[250] = 100 + size
        ranks.append(order.index(judged(values).points[250].severity))
    assert ranks == sorted(ranks)
    assert ranks[-1] == 3


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-6, 0.01, 1000.0, 1e9]))
def test_the_unit_does_not_matter(seed: int, factor: float) -> None:
    values = np.random.default_rng(seed).normal(100.5, 10, 120)
    values[60] = 230
    assert flagged(judged(values)) == flagged(judged(values * factor))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    chance = np.random.default_rng(seed)
    values, at = chance.normal(100, 10, 120), times(120)
    mixed = [int(one) for one in chance.permutation(120)]
    shuffled = anomalies([at[i] for i in mixed], [float(values[i]) for i in mixed])
    assert shuffled == judged(values, name="")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=0, max_size=80))
def test_whatever_stands_in_a_file_is_judged_in_finite_numbers(values: list[float]) -> None:
    found = anomalies(times(len(values)), values)
    for one in found.points:
        assert np.isfinite([one.value, one.expected, one.score]).all()
        assert one.severity in ("", "low", "medium", "high", "critical")


def test_durations_are_looked_at_as_logarithms_and_counts_are_not() -> None:
    chance = np.random.default_rng(16)
    assert scale_of(chance.lognormal(0, 1, 500), counted=False).logarithmic
    assert not scale_of(chance.normal(100, 10, 500), counted=False).logarithmic
    assert not scale_of(chance.poisson(3, 500).astype(float), counted=True).logarithmic


def test_limits_grow_with_the_length_and_with_heavy_tails() -> None:
    chance = np.random.default_rng(17)
    short, long = (limits_of(chance.normal(0, 1, n)).above for n in (300, 30_000))
    heavy = limits_of(chance.laplace(0, 0.7, 30_000)).above
    assert short < long < heavy


def test_a_season_of_whole_weeks_is_told_in_weeks() -> None:
    times = 604_800.0 * np.arange(60)
    found = anomalies(times.tolist(), [10.0 + i % 4 for i in range(60)])
    assert found.season == "4 weeks"
