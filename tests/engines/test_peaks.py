"""How likely a peak is: a distribution, wider where the past was, and right as often as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import made_load
from mcp_servers.engines.forecast import forecast
from mcp_servers.engines.peaks import Peaks, peaks

LEVELS = st.floats(-1e6, 1e6)


@given(LEVELS, LEVELS, st.floats(0, 1e3), st.floats(2, 30))
def test_a_higher_level_is_never_likelier(
    low: float, high: float, spread: float, freedom: float
) -> None:
    told = Peaks(10.0, spread, freedom, 8)
    first, second = sorted((low, high))
    assert 0 <= told.above(second) <= told.above(first) <= 1


@given(st.floats(0.02, 0.98), st.floats(0.1, 100), st.floats(2, 30))
def test_the_level_of_a_share_is_exceeded_by_the_rest(
    share: float, spread: float, freedom: float
) -> None:
    told = Peaks(10.0, spread, freedom, 8)
    assert told.above(told.at(share)) == pytest.approx(1 - share, abs=1e-3)


# Tables of Student's t: what lies below 1.3304 with 18 degrees, 2.92 with 2 and 6.2053 with 2.
@pytest.mark.parametrize(
    ("freedom", "value", "above"), [(18, 1.3304, 0.10), (2, 2.92, 0.05), (2, 6.2053, 0.0125)]
)
def test_the_distribution_is_that_of_the_tables(freedom: float, value: float, above: float) -> None:
    assert Peaks(0.0, 1.0, freedom, 8).above(value) == pytest.approx(above, abs=2e-4)


def test_one_origin_shows_no_spread() -> None:
    assert peaks(np.ones(4), np.ones((1, 4)), 0.0, [20]) is None


def test_what_never_missed_is_certain() -> None:
    told = peaks(np.array([1.0, 3.0, 2.0]), np.zeros((3, 3)), 0.0, [10, 13, 16])
    assert told is not None
    assert (told.above(2.9), told.above(3.1)) == (1.0, 0.0)


def test_leads_that_an_origin_does_not_know_are_those_of_another() -> None:
    missed = np.array([[1.0, 4.0], [1.0, np.nan]])
    told = peaks(np.zeros(4), missed, 0.0, [10, 11])
    assert told is not None
    assert told.above(0.0) > 0.5


def test_chances_are_right_about_as_often_as_they_say() -> None:
    """Over six shapes of load: of peaks with a chance below 20 %, few come; below 80 %, most do not."""
    told: list[float] = []
    for shape in made_load.SHAPES:
        for seed in range(1000, 1012):
            values = made_load.made_load(shape, seed, 744)
            times = [made_load.START + i * made_load.HOUR_S for i in range(720)]
            found = forecast(times, values[:720].tolist(), horizon=24).peaks
            assert found is not None
            told.append(found.above(float(values[720:].max())))
    below = {share: float(np.mean(np.array(told) < share)) for share in (0.2, 0.5, 0.8)}
    assert below[0.2] == pytest.approx(0.2, abs=0.12)
    assert below[0.5] == pytest.approx(0.5, abs=0.17)
    assert below[0.8] == pytest.approx(0.8, abs=0.12)
