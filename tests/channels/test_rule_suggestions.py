"""Rules suggested over the wire, from the shop's history."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from core.errors import Conflict, Invalid
from mcp_servers.client import Tools
from tests.channels.test_rule_files import shop

__all__ = ["shop"]

CHECKOUT: dict[str, Any] = {
    "name": "checkout",
    "objective_percent": 99.9,
    "errors": 'sum(rate(http_requests_total{code=~"5.."}[$window]))',
    "total": "sum(rate(http_requests_total[$window]))",
    "window": "PT2H",
}


async def test_an_objective_becomes_rules_that_the_linter_finds_no_fault_with(
    shop: tuple[Tools, Tools],
) -> None:
    asked = {**CHECKOUT, "runbook_url": "https://runbooks.example/slo"}
    found = (await shop[0].call("alerting_suggest_slo_rules", **asked)).data
    assert found["budget_minutes"] == 43.2
    assert 0 <= found["measured"] <= 1
    assert found["spent"] == pytest.approx(found["measured"] / 0.001)
    assert {one["rule"] for one in found["trials"]} == {
        "ErrorBudgetBurnsFast",
        "ErrorBudgetBurnsSlowly",
    }
    assert [one["failed"] for one in found["trials"]] == ["", ""]
    linted = (await shop[0].call("alerting_lint_rules", text=found["text"])).data
    assert linted["counts"] == {}


async def test_a_service_without_data_is_no_service_without_faults(
    shop: tuple[Tools, Tools],
) -> None:
    asked = {**CHECKOUT, "errors": "rate(gone[$window])", "total": "rate(away[$window])"}
    found = (await shop[0].call("alerting_suggest_slo_rules", **asked)).data
    assert (found["measured"], found["spent"]) == (None, None)
    assert all(one["without_data"] for one in found["trials"])


async def test_the_alerts_speak_chinese_when_asked(shop: tuple[Tools, Tools]) -> None:
    found = (await shop[0].call("alerting_suggest_slo_rules", **CHECKOUT, language="zh")).data
    assert "错误预算" in found["text"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"errors": "sum(rate(x[5m]))"}, "no \\$window"),
        ({"total": "sum(rate(x[$window])"}, "cannot be read"),
        ({"objective_percent": 90}, "could not fire"),
    ],
)
async def test_what_could_make_no_rules_is_refused_in_words(
    shop: tuple[Tools, Tools], wrong: dict[str, Any], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        await shop[0].call("alerting_suggest_slo_rules", **{**CHECKOUT, **wrong})


async def test_a_threshold_comes_from_history_with_what_it_would_have_done(
    shop: tuple[Tools, Tools],
) -> None:
    asked = {"name": "Busy", "expression": "sum(rate(http_requests_total[5m]))", "window": "PT2H"}
    found = (await shop[0].call("alerting_suggest_threshold", **asked, at_most=0)).data
    assert found["verdict"] == "ok"
    assert found["suggested"]["fired"] == 0
    assert found["candidates"][-1]["fired"] == 0
    assert f"> {found['suggested']['value']:g}" in found["text"]


async def test_too_little_history_is_said_and_nothing_suggested(shop: tuple[Tools, Tools]) -> None:
    asked = {"name": "Gone", "expression": "nothing_of_the_kind"}
    found = (await shop[0].call("alerting_suggest_threshold", **asked)).data
    assert (found["verdict"], found["suggested"], found["text"]) == ("insufficient_data", None, "")


async def test_who_sees_some_namespaces_only_is_suggested_nothing(
    shop: tuple[Tools, Tools],
) -> None:
    with pytest.raises(Invalid, match="every namespace"):
        await shop[1].call("alerting_suggest_slo_rules", **CHECKOUT)


@pytest.fixture
async def switched_on_again(shop: tuple[Tools, Tools]) -> AsyncGenerator[None]:
    """The shop is that of the other tests, too."""
    yield
    await shop[0].call("alerting_set_flag", name="rule_suggestions", terms={"state": "on"})


@pytest.mark.parametrize("labels", [{}, {"user": "nobody"}])
async def test_switched_off_nothing_is_suggested_and_it_is_said_how_to_switch_it_on(
    shop: tuple[Tools, Tools], switched_on_again: None, labels: dict[str, str]
) -> None:
    terms = {"state": "on" if labels else "off", "labels": labels}
    await shop[0].call("alerting_set_flag", name="rule_suggestions", terms=terms)
    with pytest.raises(Conflict, match=r"switched off for you.*flags set rule_suggestions on"):
        await shop[0].call("alerting_suggest_slo_rules", **CHECKOUT)


async def test_in_shadow_what_was_found_is_noted_and_not_given(
    shop: tuple[Tools, Tools], switched_on_again: None
) -> None:
    terms = {"state": "shadow"}
    await shop[0].call("alerting_set_flag", name="rule_suggestions", terms=terms)
    with pytest.raises(Conflict, match="on trial"):
        await shop[0].call("alerting_suggest_from_words", words="memory of checkout")
    asked = {"name": "rule_suggestions"}
    [noted] = (await shop[0].call("alerting_flag_events", **asked, what="shadow")).data["rows"]
    assert noted["detail"]["asked"] == {"words": "memory of checkout"}
    assert noted["detail"]["found"]["choices"]
    events = (await shop[0].call("alerting_flag_events", **asked)).data["rows"]
    assert {one["what"] for one in events} == {"set"}
