"""What people wrote stands inside a sentence of ours, which ends once."""

import pytest

from mcp_servers.rca.texts import unended


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("发布 checkout 4.19。", "发布 checkout 4.19"),
        ("Roll out 4.19. ", "Roll out 4.19"),
        ("发布 checkout", "发布 checkout"),
        ("wait…", "wait…"),
    ],
)
def test_a_sentence_that_stands_in_another_gives_up_its_own_end(written: str, told: str) -> None:
    assert unended(written) == told
