"""What a turn remembers of its calls: for whom a call is a repetition, and when to look again."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agent.evidence import Evidence
from agent.toolbox import Toolbox, new_call
from evals.providers.saying import Json, Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Sessions, Tools
from tests.agent.changing_server import Ledger, changing
from tests.agent.conftest import assistant_with
from tests.agent.turns import ANN, BOTH, Vendor, ask, choice_of

LOOK, RESTART = ("autofix_look", {"name": "cart"}), ("autofix_restart", {"name": "cart"})
PODS = ("kubernetes_list_pods", {"namespace": "shop"})
WAIT_S = 120.0


@pytest.fixture
async def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def changeable(ledger: Ledger) -> AsyncGenerator[Sessions]:
    async with changing(ledger) as sessions:
        yield sessions


def toolbox(sessions: Sessions) -> Toolbox:
    deadline_s = asyncio.get_running_loop().time() + WAIT_S
    return Toolbox(Tools(sessions, ANN), Evidence(), unheard, unheard, deadline_s)


def unheard(*_: object) -> None:
    """Nobody listens."""


async def made(box: Toolbox, call: tuple[str, Json]) -> str:
    [told] = await box.call([new_call(*call)], await box.tools.list(), "run")
    return told.text


async def test_a_subagent_that_asks_again_is_told_so(changeable: Sessions, ledger: Ledger) -> None:
    box = toolbox(changeable)
    assert "256Mi" in await made(box, LOOK)
    assert "made this very call before" in await made(box, LOOK)
    assert ledger.done == ["look cart"]


async def test_another_subagent_is_given_what_was_found(
    changeable: Sessions, ledger: Ledger
) -> None:
    box = toolbox(changeable)
    first = await made(box, LOOK)
    box.begin()
    assert await made(box, LOOK) == first
    assert await made(box.aside(), LOOK) == first
    assert ledger.done == ["look cart"]


async def test_what_was_found_before_a_restart_is_given_once_it_is_taken_back(
    changeable: Sessions, ledger: Ledger
) -> None:
    box = toolbox(changeable)
    first = await made(box, LOOK)
    later = toolbox(changeable)
    later.take_back(box.results)
    assert await made(later, LOOK) == first
    gone_on = toolbox(changeable)
    gone_on.take_back(box.results, heard=True)
    assert "made this very call before" in await made(gone_on, LOOK)
    assert ledger.done == ["look cart"]


async def test_after_a_change_it_is_looked_again(changeable: Sessions, ledger: Ledger) -> None:
    box = toolbox(changeable)
    for call in (LOOK, RESTART, LOOK, RESTART):
        await made(box, call)
    assert ledger.done == ["look cart", "restart cart", "look cart"]


def looks_once(body: Json) -> Say:
    """Every conversation makes the same call, and then answers."""
    last = str(body["messages"][-1])
    return Say("Seen [1].") if "tool_data" in last else Say("", [PODS])


@pytest.mark.parametrize("vendor", BOTH)
async def test_two_asks_of_one_subagent_share_a_call(vendor: Vendor, sessions: Sessions) -> None:
    with provider_serving(looks_once) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout down, and is cart healthy?")
    assert [one.cached for one in told.calls] == [False, False]
    assert told.calls[0].data == told.calls[1].data
    assert told.answer.count("Seen [1].") == 2
    asked = [str(one["messages"]) for one in provider.requests]
    assert not [one for one in asked if "Why is checkout" in one and "is cart healthy" in one]
