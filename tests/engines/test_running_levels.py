"""What the hours just before say of the next one, and at which hours they say nothing."""

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.running_levels import RunningLevel

DAYS = 28


def days(*, begins: int, seed: int = 5) -> NDArray[np.float64]:
    """Every day is another size from the hour it begins at on, and hours differ a little."""
    rng = np.random.default_rng(seed)
    sizes = np.repeat(rng.normal(0, 0.1, DAYS + 1), 24)[24 - begins : 24 - begins + DAYS * 24]
    return sizes + rng.normal(0, 0.02, DAYS * 24)


def ahead(rest: NDArray[np.float64], until: int, left_out: int = 0) -> tuple[float, float]:
    real = np.ones(until, dtype=np.bool_)
    real[until - left_out :] = False
    return RunningLevel().ahead(until, rest[:until], real)


def test_an_hour_is_expected_where_the_ones_before_it_on_that_day_were() -> None:
    rest = days(begins=0)
    shift, spread = ahead(rest, 27 * 24 + 12)
    assert abs(shift - rest[27 * 24 : 27 * 24 + 12].mean()) < 0.03
    assert spread < 0.04


def test_at_the_hour_at_which_days_begin_only_the_usual_counts() -> None:
    for begins in (0, 6):
        shift, spread = ahead(days(begins=begins), 27 * 24 + begins)
        assert shift == 0
        assert 0.05 < spread < 0.15


def test_what_was_anomalous_for_half_a_day_says_nothing_of_the_next_hour() -> None:
    rest = days(begins=0)
    assert ahead(rest, 27 * 24 + 14, left_out=2)[0] != 0
    shift, spread = ahead(rest, 27 * 24 + 14, left_out=13)
    assert shift == 0
    assert spread > 0.05


def test_hours_that_are_not_alike_within_a_day_are_hardly_followed() -> None:
    rest = np.random.default_rng(9).normal(0, 0.1, DAYS * 24)
    shifts = [abs(ahead(rest, 27 * 24 + hour)[0]) for hour in range(24)]
    assert shifts.count(0.0) >= 22
    assert max(shifts) < 0.1


def test_a_day_goes_by_what_was_learned_at_its_beginning_and_by_its_own_hours() -> None:
    rest, level = days(begins=0), RunningLevel()
    real = np.ones(len(rest), dtype=np.bool_)
    morning = level.ahead(26 * 24 + 9, rest[: 26 * 24 + 9], real[: 26 * 24 + 9])
    ways = level.ways
    evening = level.ahead(26 * 24 + 20, rest[: 26 * 24 + 20], real[: 26 * 24 + 20])
    assert level.ways is ways
    assert abs(morning.shift - evening.shift) < 0.05
    level.ahead(27 * 24 + 9, rest[: 27 * 24 + 9], real[: 27 * 24 + 9])
    assert level.ways is not ways
