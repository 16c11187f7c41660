"""What `help` shows in a chat: examples, each of which a subagent takes and answers from the cluster."""

from pathlib import Path

import pytest

from agent.intents import Language
from api.bots.conversing import helping
from tests.api.conftest import Midwatch
from tests.api.dingtalk_service import dingtalk_serving
from tests.api.test_dingtalk import listening

TAKEN_BY = ["rca", "rca", "rca", "alert_admin", "cost", "rag"]


def examples(text: str) -> list[str]:
    return [line[2:] for line in text.splitlines() if line.startswith("- ")]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_example_is_taken_by_who_knows_and_answered(
    midwatch: Midwatch, language: Language
) -> None:
    asked = examples(helping(language))
    async with midwatch.client() as http:
        taken = [(await http.post("/api/v1/route", json={"question": one})).json() for one in asked]
        answers = [
            (await http.post("/api/v1/query", json={"question": one})).json() for one in asked
        ]
    assert [one["subagent"] for one in taken] == TAKEN_BY
    assert [(one["status"], one["language"]) for one in answers] == [("done", language)] * 6
    assert all(one["citations"] for one in answers)


async def test_help_in_a_chat_gives_examples_in_the_language_of_who_asks(
    midwatch: Midwatch, tmp_path: Path
) -> None:
    async with (
        dingtalk_serving() as service,
        listening(service, midwatch.turns, tmp_path),
    ):
        await service.send(service.message("help"))
        await service.texts(1)
        await service.send(service.message("帮助", msgId="msg-2"))
        english, chinese = await service.texts(2)
    assert examples(english) == examples(helping("en"))
    assert examples(chinese) == examples(helping("zh"))
