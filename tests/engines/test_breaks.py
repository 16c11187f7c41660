"""Newest values that leave what was foretold of them: found at any hour, seldom told where none are."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.made_load import HOUR_S, SHAPES, START, made_load
from mcp_servers.engines.breaks import Break, break_of
from sandbox.promql import Vector, query_range
from sandbox.series import SeriesStore, Weeks
from sandbox.snapshot import Snapshot

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"
HOURS = 28 * 24
WORLDS = range(2000, 2020)


def found(values: Sequence[float]) -> Break | None:
    return break_of([START + i * HOUR_S for i in range(len(values))], values)


def course(days: int, *, ends_at: int) -> list[float]:
    """100 requests and a daily course of 50 with a little noise; the last value is of that hour."""
    rng, hours = np.random.default_rng(7), np.arange(days * 24) - days * 24 + 1 + ends_at
    return list(100 + 50 * np.sin(2 * np.pi * hours / 24) + rng.normal(0, 3, len(hours)))


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=200),
    st.sampled_from([60.0, HOUR_S, 24 * HOUR_S]),
)
def test_whatever_comes_in_a_break_is_of_the_newest_values(
    values: list[float], step: float
) -> None:
    told = break_of([START + i * step for i in range(len(values))], values)
    if told is not None:
        assert 0 < told.values < len(values)
        assert told.since == pytest.approx(told.after + step)
        assert told.rises == (told.mean > told.foretold)


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("length", [1, 7, 30])
@pytest.mark.parametrize("factor", [0.3, 2.0])
def test_a_fall_and_a_rise_are_found_at_any_hour_and_since_when(
    hour: int, length: int, factor: float
) -> None:
    values = course(28, ends_at=hour)
    usual = np.mean(values[-length:])
    told = found([*values[:-length], *(factor * one for one in values[-length:])])
    assert told is not None
    assert (told.values, told.rises) == (length, factor > 1)
    assert told.since == START + (len(values) - length) * HOUR_S
    assert told.foretold == pytest.approx(usual, rel=0.15)
    assert told.lasting(told.foretold) == pytest.approx(told.mean)


@pytest.mark.parametrize("hour", range(24))
def test_what_goes_on_as_foretold_is_no_break(hour: int) -> None:
    assert found(course(28, ends_at=hour)) is None


def test_what_fell_and_came_back_is_no_break() -> None:
    values = course(28, ends_at=12)
    values[-9:-3] = [0.0] * 6
    assert found(values) is None


def test_a_level_that_lasted_a_whole_week_is_the_usual_one() -> None:
    values = course(35, ends_at=12)
    values[-8 * 24 :] = [one / 2 for one in values[-8 * 24 :]]
    assert found(values) is None


@pytest.mark.parametrize("shape", ["office", "shop"])
def test_made_up_load_that_goes_on_is_never_told_of_a_break(shape: str) -> None:
    told = [found(list(made_load(shape, seed, HOURS))) for seed in WORLDS]
    assert told == [None] * len(WORLDS)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_outage_of_hours_is_found_in_every_shape_of_load(shape: str) -> None:
    hits = 0
    for seed in WORLDS:
        values = made_load(shape, seed, HOURS)
        values[-6:] *= 0.1
        told = found(list(values))
        hits += told is not None and not told.rises
    assert hits >= 0.8 * len(WORLDS)


@pytest.mark.parametrize("values", [[], [5.0] * 11, [5.0, math.nan, math.nan] * 20])
def test_too_little_says_nothing_of_a_break(values: list[float]) -> None:
    assert found(values) is None


def test_a_flat_series_breaks_by_more_than_rounding() -> None:
    flat = [7.0] * 200
    assert found([*flat, 7.1]) is None
    told = found([*flat, 3.0])
    assert told is not None
    assert (told.mean, told.foretold) == (3.0, 7.0)


def test_values_on_both_sides_of_zero_are_moved_and_not_multiplied() -> None:
    values = [one - 100 for one in course(28, ends_at=12)]
    told = found([*values[:-6], *(one + 200 for one in values[-6:])])
    assert told is not None
    assert (told.relative, told.rises) == (False, True)
    assert told.lasting(0.0) == pytest.approx(200, abs=10)


@pytest.mark.parametrize("hour", range(24))
def test_the_failing_checkout_of_the_practice_shop_is_a_fall_at_any_hour(hour: int) -> None:
    now = datetime(2026, 3, 30, hour, 20, tzinfo=UTC)
    snapshot = Snapshot.read(SHOP, now=now)
    weeks = Weeks.of(snapshot.weeks, SHOP / "weeks.yaml")
    series = SeriesStore.read(snapshot.metrics, snapshot.shift.total_seconds(), weeks=weeks)
    end_ms, hour_ms = round(now.timestamp() * 1000), 3_600_000
    times_ms, load = query_range(
        'sum(rate(http_requests_total{namespace="shop",service="checkout"}[10m]))',
        series,
        start_ms=end_ms - (HOURS - 1) * hour_ms,
        end_ms=end_ms,
        step_ms=hour_ms,
        now_ms=end_ms,
    )
    assert isinstance(load, Vector)
    told = break_of([float(at) / 1000 for at in times_ms], [float(one) for one in load.values[0]])
    assert told is not None
    assert not told.rises
    assert told.mean < 0.9 * told.foretold
