"""What people tell is recognised in both languages, and a question is never taken for it."""

import pytest

from agent.teaching import taught


@pytest.mark.parametrize(
    ("said", "kept", "everybody"),
    [
        ("team payments owns shop", "team payments owns shop", False),
        ("Remember that cart is restarted on Mondays.", "cart is restarted on Mondays", False),
        ("remember for everyone: team payments owns shop", "team payments owns shop", True),
        ("记住：shop 由支付团队负责", "shop 由支付团队负责", False),
        ("shop 归支付团队负责。", "shop 归支付团队负责", False),
        ("请记住，所有人：cart 周一重启", "cart 周一重启", True),
    ],
)
def test_a_fact_that_is_told_is_read(said: str, kept: str, everybody: bool) -> None:
    found = taught(said)
    assert found
    assert (found.wants, found.text, found.everybody) == ("keep", kept, everybody)


@pytest.mark.parametrize(
    "asked", ["who owns shop?", "Why is checkout failing?", "shop 由谁负责？", "list pods in shop"]
)
def test_a_question_teaches_nothing(asked: str) -> None:
    assert taught(asked) is None
