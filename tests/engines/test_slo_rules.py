"""Burn rates of an objective: the factors that are known, and thresholds that can be met."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.slo_rules import burn_alerts, error_ratio, ruled, too_low_for
from mcp_servers.facts.slo import Slo

CHECKOUT = Slo("checkout", 0.999, 30, "sum(rate(bad[$window]))", "sum(rate(all[$window]))")


def test_a_budget_of_thirty_days_has_the_factors_of_the_workbook() -> None:
    assert [one.factor for one in burn_alerts(CHECKOUT)] == [14.4, 6, 3, 1]
    assert [one.threshold for one in burn_alerts(CHECKOUT)] == [0.0144, 0.006, 0.003, 0.001]


def test_a_budget_of_four_weeks_has_those_of_its_own_length() -> None:
    factors = [one.factor for one in burn_alerts(replace(CHECKOUT, days=28))]
    assert factors == pytest.approx([13.44, 5.6, 2.8, 0.9333])


@given(st.floats(0.5, 0.99999), st.integers(7, 90))
def test_an_objective_is_refused_when_an_alert_could_never_fire(share: float, days: int) -> None:
    slo = replace(CHECKOUT, objective=share, days=days)
    can_fire = all(one.threshold < 1 for one in burn_alerts(slo))
    assert too_low_for(slo) is not can_fire


def test_each_window_that_an_alert_asks_for_is_recorded() -> None:
    rules = ruled(CHECKOUT).rules
    recorded = {one["record"] for one in rules if "record" in one}
    for one in burn_alerts(CHECKOUT):
        assert f"slo:error_ratio:rate{one.burn.long}" in recorded
        assert f"slo:error_ratio:rate{one.burn.short}" in recorded


def test_a_service_that_never_failed_has_a_ratio_of_nothing() -> None:
    assert error_ratio(CHECKOUT, "5m") == (
        "((sum(rate(bad[5m]))) or (sum(rate(all[5m]))) * 0) / (sum(rate(all[5m])))"
    )
