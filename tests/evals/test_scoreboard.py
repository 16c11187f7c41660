"""Calibration figures, the scoreboard, and the floors of the gate."""

import pytest

from core.errors import Invalid
from evals.calibration import calibration, expected_error, reliability
from evals.gate import fallen, gates, pass_gate
from evals.runner import Drawn
from evals.scoreboard import Failure, SuiteResult


def test_confidence_that_comes_true_has_no_error() -> None:
    assert expected_error([(0.75, right) for right in (True, True, True, False)]) == 0
    assert expected_error([]) is None


def test_overconfidence_is_the_gap_weighted_by_answers() -> None:
    stated = [(0.9, False), (0.9, True), (0.6, True), (0.6, True)]
    assert expected_error(stated) == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)


def test_bins_without_answers_are_left_out() -> None:
    assert [one.at_least for one in reliability([(0.2, True), (0.97, True)])] == [0.0, 0.95]


def test_sure_answers_are_counted_from_nine_tenths_on() -> None:
    told = calibration([(0.9, True), (0.95, False), (0.89, False)])
    assert (told["sure_answers"], told["sure_and_right"]) == (2, 0.5)
    assert calibration([(0.5, True)])["sure_and_right"] is None


METRICS = {
    "root_hit_at_1": 0.9,
    "healthy": 4,
    "healthy_verdicts": 4,
    "calibration": {"sure_and_right": None},
}


def test_what_lies_below_its_floor_is_told_with_both_figures() -> None:
    told = list(fallen(METRICS, {"root_hit_at_1": 0.91, "healthy_verdicts": 1.0}))
    assert told == ["root hit at 1 is 0.9, its floor is 0.91"]


def test_a_figure_that_is_missing_has_fallen() -> None:
    assert list(fallen(METRICS, {"sure_and_right": 0.9})) == [
        "sure and right is None, its floor is 0.9"
    ]


def test_held_out_seeds_tell_totals_alone() -> None:
    assert Drawn(10, 1000).held_out
    assert not Drawn(10, 999).held_out
    result = SuiteResult("rca", 2, (Failure("a", "wrong"),), {"x": 1}, totals_only=True)
    assert result.as_json()["failures"] == []
    assert result.as_json()["passed"] == 1
    assert "wrong" not in "\n".join(result.as_text())


def test_figures_within_figures_are_printed_with_their_names() -> None:
    metrics = {"calibration": {"sure_and_right": 0.95, "bins": [{"at_least": 0.9, "right": 1}]}}
    text = "\n".join(SuiteResult("rca", 1, (), metrics).as_text())
    assert "sure and right" in text
    assert "at least 0.9, right 1" in text


async def test_the_quick_gate_holds() -> None:
    result, through = await pass_gate("quick")
    assert through == []
    assert result.cases == gates()["quick"]["cases"]


async def test_an_unknown_gate_names_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"no gate 'fast'.*quick, full"):
        await pass_gate("fast")
