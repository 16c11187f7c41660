"""What comes next: honest about too little, right where a series is plain, sure by as much as it was."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import made_load
from mcp_servers.engines.backtests import NAIVE, WEIGHTED
from mcp_servers.engines.forecast import Forecast, forecast

HOUR, DAY = 3600.0, 86_400.0
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()


def of(values: list[float], *, step: float = HOUR, horizon: int = 24, **more: float) -> Forecast:
    times = [START + i * step for i in range(len(values))]
    return forecast(times, values, horizon=horizon, **more)


def load(days: int, *, seed: int = 1, noise: float = 5) -> list[float]:
    """A daily course with calm weekends."""
    rng, hours = np.random.default_rng(seed), np.arange(days * 24)
    course = 100 + 50 * np.sin(2 * np.pi * hours / 24)
    weekend = np.where((hours // 24) % 7 >= 5, 0.5, 1.0)
    return list(course * weekend + rng.normal(0, noise, len(hours)))


def mean(found: Forecast) -> list[float]:
    return [one.mean for one in found.points]


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=120),
    st.integers(1, 40),
    st.sampled_from([60.0, HOUR, DAY]),
)
def test_whatever_comes_in_what_comes_out_is_whole(
    values: list[float], horizon: int, step: float
) -> None:
    found = of(values, step=step, horizon=horizon)
    assert found.enough == bool(found.points)
    assert found.enough or found.why in {"too_few", "gaps", "times"}
    for one in found.points:
        assert math.isfinite(one.mean)
        if one.lower is not None and one.upper is not None:
            assert one.lower <= one.mean <= one.upper
    assert len(found.points) in (0, horizon)
    assert [one.at for one in found.points] == sorted(one.at for one in found.points)


def test_a_week_of_load_is_known_again_with_its_weekend() -> None:
    values = load(35)
    found = of(values[: 28 * 24], horizon=168)
    truth = values[28 * 24 :]
    missed = np.abs(np.array(mean(found)) - truth)
    assert (found.period, found.season) == (168, "day and week")
    assert missed.mean() < 8
    assert found.backtest is not None
    assert found.backtest.mase < 0.8


def test_the_interval_holds_about_the_share_it_says() -> None:
    held: list[bool] = []
    for seed in range(20):
        values = load(30, seed=seed)
        found = of(values[: 28 * 24], horizon=48)
        for one, truth in zip(found.points, values[28 * 24 :], strict=True):
            assert one.lower is not None
            assert one.upper is not None
            held.append(one.lower <= truth <= one.upper)
    assert 0.72 <= sum(held) / len(held) <= 0.88


def test_a_wider_level_is_a_wider_interval() -> None:
    values = load(21)
    narrow, wide = of(values, level=60), of(values, level=95)
    for one, other in zip(narrow.points, wide.points, strict=True):
        assert one.upper is not None
        assert other.upper is not None
        assert other.upper > one.upper


@pytest.mark.parametrize(
    ("values", "why"),
    [([1.0] * 11, "too_few"), ([1.0, math.nan, math.nan] * 20, "gaps"), ([], "too_few")],
)
def test_too_little_is_said_and_nothing_is_made_up(values: list[float], why: str) -> None:
    found = of(values)
    assert (found.enough, found.why, found.points) == (False, why, ())


def test_times_without_a_step_are_refused() -> None:
    times = [START + 1.5**i for i in range(40)]
    found = forecast(times, [1.0] * 40, horizon=3)
    assert (found.enough, found.why) == (False, "times")


def test_a_flat_series_stays_flat_without_any_doubt() -> None:
    found = of([7.0] * 100)
    assert mean(found) == [7.0] * 24
    assert (found.points[0].lower, found.points[-1].upper) == (7.0, 7.0)


def test_a_line_goes_on_for_a_while() -> None:
    found = of([float(i) for i in range(60)], step=DAY, horizon=7)
    assert 62 < mean(found)[-1] < 68


def test_what_was_never_negative_will_not_be_and_a_full_disk_stays_full() -> None:
    falling = of([100.0 - i for i in range(99)], step=DAY, horizon=30)
    rising = of([float(i) for i in range(60)], step=DAY, horizon=30, capacity=65)
    assert min(one.lower or 0 for one in falling.points) >= 0
    assert max(one.upper or 0 for one in rising.points) <= 65


def test_where_nothing_beats_the_naive_way_the_naive_way_is_taken() -> None:
    rng = np.random.default_rng(5)
    walk = list(1000 + np.cumsum(rng.normal(0, 1, 400)))
    found = of(walk, step=60, horizon=10)
    assert found.scores[found.method].mae <= found.scores[NAIVE].mae
    assert {NAIVE, WEIGHTED} <= found.scores.keys()
    assert sum(found.weights.values()) == pytest.approx(1)


@pytest.mark.parametrize(("horizon", "seed"), [(24, 7), (168, 9), (168, 12)])
def test_what_runs_by_a_timetable_is_told_by_the_week_before(horizon: int, seed: int) -> None:
    """Of each hour of a week a number of its own, a little of it different each time; none at night."""
    rng = np.random.default_rng(seed)
    plan = rng.integers(5, 60, 168) * (np.arange(168) % 24 >= 5)
    weeks = np.tile(plan, 6)[: 720 + horizon].astype(float)
    shifted = rng.permutation(len(weeks))[:60]
    values = np.where(np.isin(np.arange(len(weeks)), shifted) & (weeks > 0), weeks + 1, weeks)
    found = of(values[:720].tolist(), horizon=horizon)
    assert found.method == "seasonal_naive_week"
    assert mean(found) == np.resize(values[552:720], horizon).tolist()


@pytest.mark.parametrize("horizon", [24, 168])
def test_a_level_that_wanders_is_foretold_no_worse_than_by_the_last_day_and_the_doubt_grows(
    horizon: int,
) -> None:
    """Forty series, each error in steps of its own past; an interval of 80 % holds about as much."""
    ours: list[float] = []
    naive: list[float] = []
    held: list[float] = []
    for seed in range(3000, 3040):
        values = made_load.made_load("wandering", seed, 720 + horizon)
        past, truth = values[:720], values[720:]
        found = of(past.tolist(), horizon=horizon)
        step = np.abs(past[24:] - past[:-24]).mean()
        ours.append(float(np.abs(np.array(mean(found)) - truth).mean() / step))
        naive.append(float(np.abs(np.resize(past[-24:], horizon) - truth).mean() / step))
        for one, value in zip(found.points, truth, strict=True):
            assert one.lower is not None
            assert one.upper is not None
            held.append(one.lower <= value <= one.upper)
        widths = [(one.upper or 0) - one.mean for one in found.points]
        assert widths == pytest.approx(sorted(widths))
    assert np.median(ours) <= np.median(naive)
    assert 0.7 <= np.mean(held) <= 0.9


def test_a_season_that_grows_with_the_level_goes_on_at_the_level_of_now() -> None:
    hours = np.arange(28 * 24)
    course = 100 + 40 * np.sin(2 * np.pi * hours / 24)
    level = np.where(hours < 20 * 24, 1.0, 3.0)
    told = np.array(mean(of((course * level).tolist())))
    assert told == pytest.approx(3 * course[:24], rel=0.05)


def test_months_go_on_by_the_calendar() -> None:
    at = [datetime(2020 + i // 12, i % 12 + 1, 1, tzinfo=UTC).timestamp() for i in range(60)]
    values = [100 + 10 * math.sin(i * math.pi / 6) for i in range(60)]
    found = forecast(at, values, horizon=14)
    told = [datetime.fromtimestamp(one.at, UTC) for one in found.points]
    assert [(one.year, one.month, one.day) for one in told[:2]] == [(2025, 1, 1), (2025, 2, 1)]
    assert (told[-1].year, told[-1].month) == (2026, 2)
    assert (found.season, found.period) == ("year", 12)
    assert mean(found)[3] == pytest.approx(values[3], abs=1)


def test_last_days_of_months_stay_last_days() -> None:
    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    at = [datetime(2027, i + 1, days[i], tzinfo=UTC).timestamp() for i in range(12)]
    found = forecast(at, [1.0] * 12, horizon=2)
    told = [datetime.fromtimestamp(one.at, UTC) for one in found.points]
    assert [(one.month, one.day) for one in told] == [(1, 31), (2, 29)]


def test_gaps_and_disorder_change_little() -> None:
    values = load(28)
    whole = mean(of(values))
    holed = [math.nan if i % 17 == 3 else one for i, one in enumerate(values)]
    times = [START + i * HOUR for i in range(len(values))]
    order = np.random.default_rng(2).permutation(len(values))
    found = forecast([times[i] for i in order], [holed[i] for i in order], horizon=24)
    assert found.gaps == sum(math.isnan(one) for one in holed)
    assert np.abs(np.array(mean(found)) - whole).mean() < 5
