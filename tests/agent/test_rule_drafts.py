"""An alert rule that is asked for in words is written out, and nothing is stored by it."""

import pytest

from agent.answers.rule_drafts import rule_draft
from agent.asked import Asked
from agent.dividing import read_all


def drafted(words: str) -> str:
    [route] = read_all(words)
    assert (route.subagent, route.intent) == ("alert_admin", "rules")
    return rule_draft(Asked(words, route.intent, route.language, route.arguments))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("tell me when cpu of checkout goes over 85%", 'resource="cpu",pod=~"checkout(-.*)?"}) > 0.85'),
        ("checkout 的 cpu 超过 85% 就告诉我", 'resource="cpu",pod=~"checkout(-.*)?"}) > 0.85'),
        ("alert me if storefront error rate stays above 5%", '{service="storefront"}[5m])) > 0.05'),
        ("checkout 副本少于 3 个就叫醒我", 'available{deployment="checkout"} < 3'),
        ("page us when checkout takes longer than 500 ms", 'service="checkout"}[5m]))) > 0.5'),
    ],
)  # fmt: skip
def test_the_rule_says_what_was_asked_for(words: str, told: str) -> None:
    assert told in drafted(words)


def test_it_says_that_nothing_was_set() -> None:
    assert drafted("tell me when cpu of checkout goes over 85%").startswith("I set no rule")


def test_rules_that_are_only_asked_about_are_not_drafted() -> None:
    assert drafted("list the alert rules") == ""
