"""Long results are shown in parts, and nothing of them is lost."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reading_on import SHOWN_CHARACTERS, Long
from core.errors import Invalid, NotFound
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import BOTH, Vendor, ask, choice_of

LEFT = re.compile(
    r"\n… \d+ of \d+ characters are not shown: read_on with result=(\d+), start=(\d+).*"
)
LINES = st.lists(st.text(st.characters(exclude_characters="…"), max_size=400), max_size=200)


@given(LINES, LINES)
def test_the_parts_of_a_result_make_up_the_whole(before: list[str], lines: list[str]) -> None:
    long, text = Long(), "\n".join(lines)
    long.shown("\n".join(before))
    shown = long.shown(text)
    parts: list[str] = []
    while left := LEFT.search(shown):
        parts.append(shown[: left.start()])
        assert 0 < len(parts[-1]) <= SHOWN_CHARACTERS
        shown = long.read_on({"result": int(left[1]), "start": int(left[2])})
    assert "".join((*parts, shown)) == text


def test_what_is_not_there_is_told_with_what_is() -> None:
    long = Long()
    long.shown("x" * (SHOWN_CHARACTERS + 1))
    with pytest.raises(NotFound, match="number 2"):
        long.read_on({"result": 2, "start": 0})
    with pytest.raises(Invalid, match="ends at character 8001"):
        long.read_on({"result": 1, "start": 9_000})


@pytest.mark.parametrize("vendor", BOTH)
async def test_a_model_reads_on_in_a_long_log(vendor: Vendor, sessions: Sessions) -> None:
    reading = ("kubernetes_get_logs", {"namespace": "shop", "name": "storefront", "tail": 500})
    script = (
        Say("", [reading]),
        Say("", [("read_on", {"result": 1, "start": SHOWN_CHARACTERS})]),
        Say("Read [1]."),
    )
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "show the logs of storefront in shop")
    whole = told.calls[0].result
    first, second = offered(provider.requests[0]), offered(provider.requests[1])
    assert second - first == {"read_on"}
    assert [(one.tool, one.status) for one in told.calls][1] == ("read_on", "ok")
    assert told.calls[1].result == whole[SHOWN_CHARACTERS:]
    assert told.answer == "Read [1]."


def offered(request: dict[str, Any]) -> set[str]:
    return {one.get("name") or one["function"]["name"] for one in request["tools"]}
