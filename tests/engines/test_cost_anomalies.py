"""Spend that its weeks do not explain, in both directions, told once."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.cost_anomalies import CostAnomalies, cost_anomalies

DAY = 86_400.0
START = datetime(2026, 1, 5, tzinfo=UTC).timestamp()


def of(values: list[float], *, step: float = DAY, **more: float) -> CostAnomalies:
    return cost_anomalies([START + i * step for i in range(len(values))], values, **more)


def spend(
    days: int = 90, *, seed: int = 3, weekend: float = 0.6, growth: float = 0.001
) -> list[float]:
    rng, day = np.random.default_rng(seed), np.arange(days)
    course = 400 * np.exp(growth * day) * np.where(day % 7 >= 5, weekend, 1.0)
    return list(course * np.exp(rng.normal(0, 0.04, days)))


def flagged(found: CostAnomalies) -> list[int]:
    return [round((one.at - START) / DAY) for one in found.points if one.severity]


@pytest.mark.parametrize("after", [0.0, -5.0])
def test_spend_that_ends_or_is_paid_back_is_told_and_then_the_level(after: float) -> None:
    found = of([*spend(40), *([after] * 30)])
    assert flagged(found)[:7] == list(range(40, 47))
    assert all(math.isfinite(one.score) for one in found.points)


@given(st.lists(st.floats(-1e6, 1e9) | st.just(math.nan), max_size=80))
def test_whatever_comes_in_every_known_day_is_judged_once(values: list[float]) -> None:
    found = of(values)
    known = [one for one in values if math.isfinite(one)]
    assert found.enough or not found.points
    if found.enough:
        assert [one.value for one in found.points] == known
        assert all(math.isfinite(one.score) for one in found.points)
        assert all(one.expected is not None for one in found.points if one.severity)
        assert sum(one.values for one in found.episodes) == sum(
            bool(one.severity) for one in found.points
        )


def test_a_month_of_weekends_and_growth_is_ordinary() -> None:
    assert flagged(of(spend())) == []


@pytest.mark.parametrize(
    ("factor", "severity"), [(1.45, "medium"), (1.7, "high"), (3.0, "critical"), (0.4, "high")]
)
def test_a_day_far_off_is_found_in_both_directions(factor: float, severity: str) -> None:
    values = spend()
    values[60] *= factor
    found = of(values)
    assert flagged(found) == [60]
    point = found.points[60]
    assert (point.severity, point.score > 0) == (severity, factor > 1)
    assert point.expected == pytest.approx(values[60] / factor, rel=0.12)


def test_a_cheap_monday_is_found_though_saturdays_are_as_cheap() -> None:
    values = spend()
    values[63] *= 0.6
    assert flagged(of(values)) == [63]


def test_a_new_level_is_one_episode_and_then_the_level() -> None:
    values = spend(120)
    values[70:] = [1.6 * one for one in values[70:]]
    found = of(values)
    [episode] = found.episodes
    assert (flagged(found)[0], episode.values) == (70, 7)
    assert episode.impact == pytest.approx(0.6 / 1.6 * sum(values[70:77]), rel=0.1)


def test_going_back_to_what_it_was_is_no_news() -> None:
    values = spend(120)
    values[60:75] = [1.6 * one for one in values[60:75]]
    assert all(60 <= day < 75 for day in flagged(of(values)))


def test_two_days_that_are_a_little_off_together_are_told_and_one_alone_is_not() -> None:
    rng = np.random.default_rng(11)
    values = list(400 * np.exp(rng.normal(0, 0.1, 90)))
    one, two = list(values), list(values)
    one[60] = 400 * 1.32
    two[60] = two[61] = 400 * 1.32
    assert flagged(of(one)) == []
    assert flagged(of(two)) == [61]


def test_the_first_hours_of_a_calm_weekend_are_ordinary() -> None:
    rng, hours = np.random.default_rng(8), np.arange(24 * 35)
    weekend = np.where((hours // 24) % 7 >= 5, 0.4, 1.0)
    values = list(10 * weekend * np.exp(rng.normal(0, 0.05, len(hours))))
    assert flagged(of(values, step=3600.0)) == []


def test_missing_days_are_unknown_and_not_zero() -> None:
    values = spend()
    for day in (50, 51, 58):
        values[day] = math.nan
    found = of(values)
    assert (flagged(found), found.gaps) == ([], 3)


def test_the_running_day_is_not_judged() -> None:
    values = [*spend(60), 3.0]
    found = of(values, partial_from=START + 60 * DAY)
    assert flagged(found) == []
    assert len(found.points) == 60


def test_spend_that_appears_after_long_nothing_is_told_once() -> None:
    found = of([*([0.0] * 40), 30.0, 30.0, 31.0])
    assert flagged(found) == [40]


@pytest.mark.parametrize(
    ("values", "step", "why"),
    [([5.0] * 14, DAY, "too_few"), ([5.0] * 40, 600.0, "step"), ([], DAY, "too_few")],
)
def test_too_little_to_know_what_is_usual_is_said(
    values: list[float], step: float, why: str
) -> None:
    found = of(values, step=step)
    assert (found.enough, found.why) == (False, why)


def test_an_hour_is_judged_by_the_hours_of_other_days() -> None:
    rng, hours = np.random.default_rng(4), np.arange(24 * 21)
    course = 10 + 6 * np.sin(2 * np.pi * hours / 24)
    values = list(course * np.exp(rng.normal(0, 0.05, len(hours))))
    values[24 * 18 + 4] *= 2.5
    found = of(values, step=3600.0)
    assert [round((one.at - START) / 3600) for one in found.points if one.severity] == [24 * 18 + 4]


@pytest.mark.parametrize("step", [DAY, 3600.0])
def test_how_many_spreads_are_too_far_can_be_said(step: float) -> None:
    """A day (or hour) 2.6 and one 4.2 spreads from a noisy level, by the measured way and two others."""
    rng = np.random.default_rng(11)
    count = 60 if step == DAY else 24 * 30
    values = 400 * np.exp(np.clip(rng.normal(0, 0.16, count), -0.3, 0.3))
    values[count - 12], values[count - 4] = 400 * math.exp(0.42), 400 * math.exp(0.7)
    found = {
        spreads: {one.value for one in of(values.tolist(), step=step, spreads=spreads).points if one.severity}
        for spreads in (2.0, 0.0, 9.0)
    }  # fmt: skip
    assert {values[count - 12], values[count - 4]} <= found[2.0]
    assert found[9.0] <= found[0.0] < found[2.0]
