"""The classifier that is asked where rules are unsure."""

import pytest

from agent.intents import read
from agent.likeness import features, likeness


@pytest.mark.parametrize(
    ("words", "subagent"),
    [
        ("restart the web deployment", "autofix"),
        ("how much does namespace shop cost", "cost"),
        ("why does the web deployment keep failing", "rca"),
        ("把 HostDown 静默一小时", "alert_admin"),
        ("怎么处理磁盘写满", "rag"),
    ],
)
def test_a_plain_sentence_is_like_others_of_its_subagent(words: str, subagent: str) -> None:
    assert likeness(words).of(subagent) > 0.9


def test_names_and_numbers_make_no_difference() -> None:
    assert features("scale web-api to 3 replicas") == features("scale cart-ui to 12 replicas")


def test_nothing_known_is_nothing_certain() -> None:
    assert likeness("ξψφ").familiar == 0.0


def test_rules_that_are_sure_are_not_overruled() -> None:
    assert read("restart the alerts-exporter deployment").subagent == "autofix"
