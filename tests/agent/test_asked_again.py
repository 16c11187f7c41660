"""A question about the pages that a model answered before is answered again without one."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from agent.graph import Assistant
from api.app.watching import KEEPER
from core.principal import Permission, Principal
from evals.providers.saying import Say
from evals.providers.serving import Provider, provider_serving
from mcp_servers.client import Connections, KnowledgePlace, Sessions, Tools, in_process
from tests.agent.conftest import QUICK
from tests.agent.turns import ANN, Notes, ask, choice_of

EVE = Principal("eve", frozenset({"user"}), frozenset({Permission.KNOWLEDGE_READ}))
BOB = Principal("bob", frozenset({"user"}), frozenset({Permission.KNOWLEDGE_READ}))
MAX = Principal("max", frozenset({"manager"}), frozenset({Permission.KNOWLEDGE_READ}))
PAGE = "# Walrus runbook\n\nHow to feed the walrus: at noon, with herring."
SECRET = "---\ngroups: [manager]\n---\n# Walrus secrets\n\nThe walrus runbook for managers."
QUESTION = "What does the runbook say: how do I feed the walrus?"


@pytest.fixture
async def sessions() -> AsyncGenerator[Sessions]:
    place = KnowledgePlace(shipped=False)
    connections = Connections(clusterless=True, knowledge=place)
    async with in_process(connections, only=["knowledge"]) as opened:
        await add(opened, "walrus.md", PAGE)
        yield opened


async def add(sessions: Sessions, name: str, page: str) -> None:
    encoded = base64.b64encode(page.encode()).decode()
    await Tools(sessions, ANN).call("knowledge_add_document", name=name, content_base64=encoded)


def search_then(answer: str) -> list[Say]:
    call = ("knowledge_search", {"query": "feed the walrus"})
    return [Say(calls=[call]), Say(answer)]


@asynccontextmanager
async def assistant_over(sessions: Sessions, provider: Provider) -> AsyncGenerator[Assistant]:
    async with Assistant.opened(
        model=choice_of("openai", provider),
        sessions=sessions,
        memory=None,
        lineup=QUICK,
        keeper=KEEPER,
    ) as opened:
        yield opened


async def test_the_same_question_is_answered_once_by_a_model(sessions: Sessions) -> None:
    script = search_then("Feed it at noon, with herring [1].")
    with provider_serving(*script) as provider:
        async with assistant_over(sessions, provider) as assistant:
            first = await ask(assistant, QUESTION, principal=EVE, thread="a")
            asked = len(provider.requests)
            again = await ask(
                assistant, "what does the runbook say, how can i feed a walrus", principal=BOB,
                thread="b",
            )  # fmt: skip
    assert asked == len(provider.requests)
    assert first.answer == "Feed it at noon, with herring [1]."
    assert again.answer.startswith(first.answer)
    assert "A model answered this question before, at 20" in again.answer
    assert again.done.citations == first.done.citations
    assert again.done.usage[0].model == "rules"


async def test_who_may_read_other_pages_and_who_comes_after_a_change_is_answered_anew(
    sessions: Sessions,
) -> None:
    await add(sessions, "secret.md", SECRET)
    script = search_then("Feed it at noon [1].") + search_then("Managers feed it [1].")
    with provider_serving(*script, *search_then("Feed it at midnight [1].")) as provider:
        async with assistant_over(sessions, provider) as assistant:
            await ask(assistant, QUESTION, principal=EVE, thread="a")
            theirs = await ask(assistant, QUESTION, principal=MAX, thread="b")
            await add(sessions, "walrus.md", PAGE.replace("noon", "midnight"))
            later = await ask(assistant, QUESTION, principal=EVE, thread="c")
    assert theirs.answer == "Managers feed it [1]."
    assert later.answer == "Feed it at midnight [1]."


@pytest.mark.parametrize("answer", ["I do not know.", "See https://walrus.invalid/feeding [1]."])
async def test_an_answer_without_evidence_or_with_doubts_is_not_kept(
    sessions: Sessions, answer: str
) -> None:
    with provider_serving(*search_then(answer)) as provider:
        async with assistant_over(sessions, provider) as assistant:
            await ask(assistant, QUESTION, principal=EVE, thread="a")
    told = await Tools(sessions, ANN).call("knowledge_stats")
    assert told.data["kept_answers"] == 0


async def test_a_question_that_goes_on_with_a_conversation_is_asked_of_the_model(
    sessions: Sessions,
) -> None:
    script = search_then("Feed it at noon [1].") + search_then("As I said, at noon [1].")
    with provider_serving(*script) as provider:
        async with assistant_over(sessions, provider) as assistant:
            await ask(assistant, QUESTION, principal=EVE, thread="a")
            again = await ask(assistant, QUESTION, principal=EVE, thread="a")
    assert again.answer == "As I said, at noon [1]."


async def test_readers_cannot_keep_answers_themselves(sessions: Sessions) -> None:
    names = {one.name for one in await Tools(sessions, EVE).list("knowledge")}
    assert "knowledge_recall_answer" in names
    assert names.isdisjoint({"knowledge_keep_answer", "knowledge_clear_cache"})


async def test_switched_off_nothing_is_given_again_and_nothing_kept(sessions: Sessions) -> None:
    notes = Notes(states={"answers": "off"})
    with provider_serving(*search_then("At noon [1]."), *search_then("At noon [1].")) as provider:
        async with assistant_over(sessions, provider) as assistant:
            for thread in "ab":
                await ask(assistant, QUESTION, principal=EVE, thread=thread, account=notes)
    assert len(provider.requests) == 4
    told = await Tools(sessions, ANN).call("knowledge_stats")
    assert told.data["kept_answers"] == 0


async def test_who_is_to_hear_no_model_is_not_given_what_one_answered_before(
    sessions: Sessions,
) -> None:
    notes = Notes()
    with provider_serving(*search_then("Feed it at noon, with herring [1].")) as provider:
        async with assistant_over(sessions, provider) as assistant:
            await ask(assistant, QUESTION, principal=EVE, thread="a", account=notes)
            # As the account of the service says it: no model may be asked then.
            silent = Notes(states={"models": "off"}, used_up_after=0, says="models_off")
            by_rules = await ask(assistant, QUESTION, principal=EVE, thread="b", account=silent)
            again = await ask(assistant, QUESTION, principal=EVE, thread="c", account=notes)
    assert "answered this question before" not in by_rules.answer
    assert by_rules.done.usage[0].model == "rules"
    assert "A model answered this question before" in again.answer


async def test_in_shadow_a_model_answers_and_it_is_noted_that_it_need_not_have_been_asked(
    sessions: Sessions,
) -> None:
    notes = Notes(states={"answers": "shadow"})
    script = search_then("At noon [1].") + search_then("With herring, at noon [1].")
    with provider_serving(*script) as provider:
        async with assistant_over(sessions, provider) as assistant:
            await ask(assistant, QUESTION, principal=EVE, thread="a", account=notes)
            assert notes.tried == []
            again = await ask(assistant, QUESTION, principal=EVE, thread="b", account=notes)
    assert again.answer == "With herring, at noon [1]."
    [(function, tried)] = notes.tried
    told = await tried
    assert (function, told["subagent"], told["given_again"]) == ("answers", "rag", True)
