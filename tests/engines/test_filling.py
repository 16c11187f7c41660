"""Days until full, against fillings whose end is known."""

import numpy as np
import pytest

from mcp_servers.engines.filling import DAY_S, filling

STEP = 3 * 3600.0


def days(count: float) -> list[float]:
    return [i * STEP for i in range(round(count * DAY_S / STEP) + 1)]


def test_a_straight_line_is_full_on_its_day() -> None:
    at = days(14)
    found = filling(at, [50 + 1 * one / DAY_S for one in at], 100)
    assert (found.state, found.per_day) == ("filling", pytest.approx(0.01))
    assert found.days == pytest.approx(36)
    assert found.earliest == pytest.approx(36)


def test_noise_widens_the_interval_that_holds_four_of_five() -> None:
    at, held = days(14), 0
    for seed in range(100):
        noise = np.random.default_rng(seed).normal(0, 1.5, len(at))
        used = [40 + 2 * one / DAY_S + float(off) for one, off in zip(at, noise, strict=True)]
        found = filling(at, used, 100)
        true = (1 - found.share) / 0.02
        assert found.days == pytest.approx(true, rel=0.25)
        held += (found.earliest or 0) <= true <= (found.latest or 1e9)
    assert 68 <= held <= 92


def test_what_came_before_a_clean_up_is_not_carried_on() -> None:
    at = days(14)
    used = [90.0 if one < 10 * DAY_S else 30 + 5 * (one - 10 * DAY_S) / DAY_S for one in at]
    found = filling(at, used, 100)
    assert found.days == pytest.approx(10, abs=0.2)
    assert found.cleaned == pytest.approx(4, abs=0.2)


def test_what_goes_down_or_stays_is_never_full() -> None:
    at = days(14)
    for slope in (0.0, -0.5):
        found = filling(at, [50 + slope * one / DAY_S for one in at], 100)
        assert (found.state, found.days, found.latest) == ("steady", None, None)


def test_what_takes_more_than_a_year_is_steady() -> None:
    at = days(14)
    assert filling(at, [10 + 0.01 * one / DAY_S for one in at], 100).state == "steady"


def test_less_than_a_day_says_nothing_and_full_is_full() -> None:
    at = days(0.6)
    assert filling(at, [50.0 + i for i in range(len(at))], 100).state == "insufficient_data"
    assert filling(at, [100.0] * len(at), 100).days == 0
    assert filling([], [], 100).state == "insufficient_data"
