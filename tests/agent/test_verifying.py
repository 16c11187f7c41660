"""Claims without evidence are marked by code; what claims nothing is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.graph import Assistant
from agent.verifying import Verifying
from tests.agent.turns import ask

MARK = "(?)"


def told(text: str, *, size: int = 10_000) -> str:
    verifying = Verifying({"checkout", "cart-7d9"})
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join(verifying.told(one, MARK) for one in pieces) + verifying.rest(MARK)


@pytest.mark.parametrize(
    "text",
    [
        "The limit is 256Mi.",
        "Pods of checkout are well.",
        "- cart-7d9 was restarted 4 times",
        "It ended with OOMKilled.",
        "**Root cause:** the container outgrew 256 MB.",
        "错误率上升到 12%。",
        "checkout 已经恢复。",
        "The node is NotReady\nsince it lost its network.",
    ],
)
def test_a_statement_about_the_cluster_without_a_number_behind_it_is_marked(text: str) -> None:
    assert told(text) == f"{text} {MARK}"


@pytest.mark.parametrize(
    "text",
    [
        "The limit is 256Mi [1].",
        "checkout outgrew its limit,\nwhich is 256Mi [1].",
        "## Root cause of checkout",
        "Evidence for checkout:",
        "Next steps:\n- raise the limit of checkout to 512Mi.\n- watch it.",
        "Raise the memory limit of checkout to 512Mi.",
        "建议：\n- 把 checkout 的内存上限调到 512Mi。",
        "Is checkout still failing?",
        "I can look into this for you.",
        "```\nkubectl -n shop get pods checkout\n```",
        "| pod | state |\n|---|---|\n| cart-7d9 | Running |\n",
        "",
    ],
)
def test_what_is_cited_or_claims_nothing_is_left_as_it_is(text: str) -> None:
    assert told(text) == text


def test_each_block_answers_for_itself() -> None:
    text = "It began at noon [1].\n\n- checkout is down\n- cart-7d9 is well [2]\n"
    assert told(text) == text.replace("is down", f"is down {MARK}")


PARTS = ["checkout ", "is ", "down", ". ", "\n", "\n\n", "- ", "[1]", "256Mi", "```\n", "# ", "? "]


@given(st.lists(st.sampled_from(PARTS), max_size=20), st.integers(1, 7))
def test_how_an_answer_is_cut_into_pieces_changes_nothing(parts: list[str], size: int) -> None:
    text = "".join(parts)
    assert told(text, size=size) == told(text)
    assert told(text).replace(f" {MARK}", "") == text


async def test_what_rules_say_is_not_doubted(assistant: Assistant) -> None:
    told = await ask(assistant, "why is chekcout failing?", namespace="shop")
    assert "chekcout" in told.answer
    assert "no evidence cited" not in told.answer
