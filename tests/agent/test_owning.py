"""Who owns something is asked in many words, and answered with what people told."""

from datetime import UTC, datetime

import pytest

from agent.owning import owned, owners
from agent.teaching import ToldFact


@pytest.mark.parametrize(
    "question",
    [
        "who owns shop?",
        "Who is responsible for the shop service?",
        "which team maintains shop",
        "whose is shop?",
        "shop 由谁负责？",
        "shop 谁负责",
        "谁负责 shop",
        "shop 服务归哪个团队管",
        "shop 是谁的",
        "shop 的负责人是谁",
        "哪个团队维护 shop",
    ],
)
def test_a_question_for_an_owner_names_what_is_owned(question: str) -> None:
    assert owned(question) == "shop"


def test_what_a_team_owns_is_asked_of_the_team() -> None:
    assert owned("what does team payments own?") == "payments"
    assert owned("payments 团队负责哪些服务") == "payments"


def test_it_is_what_the_turn_before_named() -> None:
    assert owned("who owns it?", {"name": "checkout"}) == "checkout"
    assert owned("它归谁管", {"namespace": "shop"}) == "shop"
    assert owned("who owns it?") == ""


@pytest.mark.parametrize(
    "question",
    [
        "who owns pod web-0",
        "who changed shop yesterday",
        "who calls shop",
        "why is shop failing",
        "谁在调用 shop",
        "shop 谁动过",
        "who is on call for shop",
        "告警通知发给谁",
        "影响谁",
        "法国总统是谁",
        "谁把 shop 弄挂了",
        "shop 为什么报错",
        "team payments owns shop",
    ],
)
def test_another_question_about_who_is_no_question_for_an_owner(question: str) -> None:
    assert owned(question) == ""


def test_a_fact_answers_when_it_names_the_thing_and_says_whose_it_is() -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    texts = (
        "team payments owns shop",
        "shop is restarted on Mondays",
        "team search owns shop-index",
        "Shop 由支付团队负责",
    )
    known = [ToldFact(str(n), text, "ann", at, False) for n, text in enumerate(texts)]
    assert [one.text for one in owners(known, "shop")] == [texts[0], texts[3]]
