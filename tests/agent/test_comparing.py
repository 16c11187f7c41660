"""What is asked about in one breath: each thing is meant, and is shown beside the others."""

import pytest

from agent.comparing import named_beside


@pytest.mark.parametrize(
    ("words", "name", "others"),
    [
        ("compare memory of checkout and cart", "checkout", ("cart",)),
        ("对比 checkout 和 cart 的内存", "checkout", ("cart",)),
        ("checkout's memory vs cart's", "checkout", ("cart",)),
        ("checkout 的内存和 cart 的内存", "checkout", ("cart",)),
        ("cpu of find-api, cart and ledger", "cart", ("find-api", "ledger")),
        ("compare checkout with cart", "cart", ("checkout",)),
        ("is checkout slower than catalog", "checkout", ("catalog",)),
    ],
)
def test_names_that_are_joined_or_compared_are_all_meant(
    words: str, name: str, others: tuple[str, ...]
) -> None:
    assert named_beside(words, name) == others


@pytest.mark.parametrize(
    "words",
    [
        "show the logs of checkout and restart it",
        "why does checkout fail with timeouts",
        "move checkout to another node",
        "checkout 为什么慢和怎么修",
    ],
)
def test_other_words_beside_a_name_are_no_names(words: str) -> None:
    assert named_beside(words, "checkout") == ()
