"""What a search had to do without is said, whoever words the answer."""

from collections.abc import AsyncGenerator

import pytest

from agent.graph import Assistant
from agent.models import ModelChoice
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Connections, KnowledgePlace, Sessions, in_process
from tests.agent.conftest import QUICK
from tests.agent.turns import ask, choice_of
from tests.ports import free_port

SAID = {
    "en": "Only the pages shipped with Midwatch were searched, not your own:",
    "zh": "本次只检索了 Midwatch 自带的页面，没有检索您自己添加的页面：",
}
QUESTIONS = {
    "en": "What does the runbook say about a container that is OOMKilled?",
    "zh": "手册里容器 OOMKilled 怎么处理？",
}


@pytest.fixture
async def redis_is_away() -> AsyncGenerator[Sessions]:
    place = KnowledgePlace(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    connections = Connections(clusterless=True, knowledge=place)
    async with in_process(connections, only=["knowledge"]) as opened:
        yield opened


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_answer_of_a_model_says_that_only_the_shipped_pages_were_searched(
    redis_is_away: Sessions, language: str
) -> None:
    call = ("knowledge_search", {"query": "OOMKilled"})
    with provider_serving(Say(calls=[call]), Say("Raise the limit [1].")) as provider:
        model = choice_of("openai", provider)
        async with Assistant.opened(
            model=model, sessions=redis_is_away, memory=None, lineup=QUICK
        ) as assistant:
            told = await ask(assistant, QUESTIONS[language])
    assert told.answer.startswith("Raise the limit [1].")
    assert told.answer.count(SAID[language]) == 1


async def test_where_rules_answer_it_is_said_once(redis_is_away: Sessions) -> None:
    async with Assistant.opened(
        model=ModelChoice(), sessions=redis_is_away, memory=None, lineup=QUICK
    ) as assistant:
        told = await ask(assistant, QUESTIONS["en"])
    assert told.answer.count(SAID["en"]) == 1
