"""Whether a smart function may be on, by its evaluation and by what was seen of it."""

from datetime import UTC, datetime, timedelta

import pytest

from mcp_servers.engines.flag_health import breaches, figures, stays
from mcp_servers.facts.flags import Evaluation, Figures, Gates, Run, Verdict

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
GATES = Gates(
    min_accuracy=0.9, min_cases=50, max_p95_ms=1000, max_failure_rate=0.1, max_cost_usd=10
)
GOOD = Evaluation("rca", 100, 95, NOW)


def codes(seen: Figures, evaluation: Evaluation | None = GOOD, *, held: bool = False) -> list[str]:
    return [one.code for one in breaches(GATES, evaluation, seen, held=held)]


@pytest.mark.parametrize(
    ("evaluation", "code"),
    [
        (None, ["no_evaluation"]),
        (Evaluation("rca", 49, 49, NOW), ["few_cases"]),
        (Evaluation("rca", 100, 89, NOW), ["evaluation"]),
        (Evaluation("rca", 100, 90, NOW), []),
    ],
)
def test_without_a_good_evaluation_it_may_not_be_on(
    evaluation: Evaluation | None, code: list[str]
) -> None:
    assert codes(Figures(0, 0), evaluation) == code


def test_too_little_seen_is_no_reason_either_way() -> None:
    few = [Run(NOW, failed=True, duration_ms=9e9)] * 19
    seen = figures(few, [Verdict(NOW, right=False)] * 19, GATES, NOW)
    assert (seen.runs, seen.verdicts, seen.failure_rate, seen.accuracy) == (19, 19, None, None)
    assert codes(seen) == []


@pytest.mark.parametrize(
    ("seen", "between", "code"),
    [
        (Figures(50, 50, accuracy=0.80), Figures(50, 50, accuracy=0.85), "accuracy"),
        (Figures(50, 50, p95_ms=1201), Figures(50, 50, p95_ms=1100), "latency"),
        (Figures(50, 50, failure_rate=0.15), Figures(50, 50, failure_rate=0.12), "failures"),
        (Figures(50, 50, cost_usd=12.1), Figures(50, 50, cost_usd=11.0), "cost"),
    ],
)
def test_what_is_bad_by_far_holds_it_and_what_is_bad_at_all_keeps_it_held(
    seen: Figures, between: Figures, code: str
) -> None:
    assert (codes(seen), codes(seen, held=True)) == ([code], [code])
    assert (codes(between), codes(between, held=True)) == ([], [code])


def test_figures_are_of_the_window_alone() -> None:
    old, new = NOW - timedelta(hours=25), NOW - timedelta(hours=1)
    runs = [Run(old, failed=True, duration_ms=5000, cost_usd=99)] * 50
    runs += [Run(new, failed=n < 5, duration_ms=100 + n, cost_usd=0.5) for n in range(50)]
    seen = figures(runs, [Verdict(old, right=False)] * 30, GATES, NOW)
    assert (seen.runs, seen.verdicts, seen.failure_rate, seen.cost_usd) == (50, 0, 0.1, 25.0)
    assert seen.p95_ms is not None
    assert 145 <= seen.p95_ms <= 149


def test_money_counts_however_few_the_runs_and_an_unknown_price_is_not_free() -> None:
    dear = figures([Run(NOW, failed=False, duration_ms=1, cost_usd=13)], [], GATES, NOW)
    unpriced = figures([Run(NOW, failed=False, duration_ms=1)] * 30, [], GATES, NOW)
    assert codes(dear) == ["cost"]
    assert unpriced.cost_usd is None


def test_it_is_held_for_a_while_at_least() -> None:
    assert stays(GATES, NOW - timedelta(minutes=59), NOW)
    assert not stays(GATES, NOW - timedelta(minutes=61), NOW)
    assert not stays(GATES, None, NOW)
