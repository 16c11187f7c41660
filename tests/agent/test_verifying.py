"""Claims without evidence are marked by code; what claims nothing is left alone."""

import pytest

from agent.verifying import Marks, Verifying

MARK, UNMADE = MARKS = Marks("(?)", "(!)")


def told(text: str, *, size: int = 10_000, changed: bool = False) -> str:
    verifying = Verifying({"checkout", "cart-7d9"}, changed=changed)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join(verifying.told(one, MARKS) for one in pieces) + verifying.rest(MARKS)


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


CLAIMED = [
    "I restarted checkout [1].",
    "I have scaled it to 5 replicas [1].",
    "Memory was too low [1]. I've raised the limit to 512Mi.",
    "Done, checkout is back [1].",
    "- I just rolled it back.",
    "The limit has been raised to 512Mi as you asked [1].",
    "Successfully applied the plan [2].",
    "我已重启 checkout [1]。",
    "已为您把副本数改为 5 [1]。",
    "我把内存上限调整为 512Mi 了。",
    "已成功回滚。",
    "修复已完成，请观察。",
]


@pytest.mark.parametrize("text", CLAIMED)
def test_a_change_that_no_tool_reported_is_marked_whatever_is_cited(text: str) -> None:
    assert told(text) == f"{text} {UNMADE}"
    assert UNMADE not in told(text, changed=True)


@pytest.mark.parametrize(
    "text",
    [
        "checkout was restarted 4 times [1].",
        "The deployment was rolled back at 10:00 [2].",
        "I have not restarted anything.",
        "I can restart checkout if you want.",
        "If I restarted it, the memory would grow again.",
        "We have a plan; nothing was applied [1].",
        "Once you approve it, I will have scaled it.",
        "checkout 已重启 4 次 [1]。",
        "我没有重启任何东西。",
        "您批准之后，我会把它回滚。",
        "该部署在 10:00 被回滚 [2]。",
        "I looked at its pods [1].",
        "我查看了它的 Pod [1]。",
    ],
)
def test_what_happened_to_the_cluster_or_was_not_done_is_no_such_claim(text: str) -> None:
    assert told(text) == text


def test_a_record_of_a_change_is_a_report_of_it() -> None:
    verifying = Verifying()
    verifying.learn("chg-0123456789ab verified: checkout now has 384Mi")
    assert verifying.told("I raised the limit [1].\n", MARKS) == "I raised the limit [1].\n"


PARTS = ["checkout ", "is ", "down", ". ", "\n", "\n\n", "- ", "[1]", "256Mi", "```\n", "# ", "? "]
ACTS = ["I ", "restarted ", "我已", "重启"]
