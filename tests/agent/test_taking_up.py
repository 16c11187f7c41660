"""A process is killed in the middle of a turn; another one goes on at the node that was running."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, aclosing, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.approvals import Decision
from agent.events import SubagentFinished
from agent.graph import Assistant
from evals.providers.saying import Json, Say
from evals.providers.serving import Provider, provider_serving
from mcp_servers.client import Sessions
from tests.agent.changing_server import Ledger, changing
from tests.agent.conftest import assistant_with
from tests.agent.real_stores import postgres_serving, redis_serving
from tests.agent.turns import ANN, Told, choice_of

QUICK = ("autofix_look", {"name": "cart"})
SLOW = ("autofix_look", {"name": "slow-checkout"})
QUESTION = "restart checkout"


def killed_in_the_slow_look(provider: Provider, memory: Path | str, journal: Path) -> None:
    """Start a turn in a process of its own, and kill it while it makes the slow call."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.agent.interrupted",
            provider.base_url,
            memory,
            journal,
            QUESTION,
        ]
    )
    try:
        deadline = time.monotonic() + 60
        while "slow-checkout" not in (journal.read_text() if journal.exists() else ""):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.3)  # the checkpoint of the step before is being written
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()


@contextmanager
def file(folder: Path) -> Generator[Path]:
    yield folder / "memory.db"


@pytest.mark.parametrize(
    "store",
    [
        file,
        pytest.param(redis_serving, marks=pytest.mark.live),
        pytest.param(postgres_serving, marks=pytest.mark.live),
    ],
)
async def test_finished_nodes_are_not_run_again_after_a_kill(
    store: Callable[[Path], AbstractContextManager[Path | str]], tmp_path: Path
) -> None:
    with store(tmp_path) as memory:
        await _taken_up_after_a_kill(memory, tmp_path / "journal.txt")


async def _taken_up_after_a_kill(memory: Path | str, journal: Path) -> None:
    script = Say("", [QUICK]), Say("", [SLOW]), Say("It has 256Mi [1].")
    with provider_serving(*script) as provider:
        killed_in_the_slow_look(provider, memory, journal)
        asked = len(provider.requests)
        ledger = Ledger()
        async with (
            changing(ledger) as sessions,
            assistant_with(sessions, choice_of("openai", provider), memory=memory) as assistant,
        ):
            standing = await assistant.standing("thread")
            told = Told()
            await told.collect(assistant.resume("thread", principal=ANN))
            left = await assistant.standing("thread")
    assert standing
    assert (standing.question, standing.approvals) == (QUESTION, ())
    assert ledger.done == ["look slow-checkout"]
    assert len(provider.requests) == asked + 1
    assert told.answer == "It has 256Mi [1]."
    assert told.done.citations[0].ref == "autofix_look name=cart"
    assert left is None


async def test_a_new_question_leaves_the_unfinished_one_behind(tmp_path: Path) -> None:
    memory, journal = tmp_path / "memory.db", tmp_path / "journal.txt"
    with provider_serving(Say("", [QUICK]), Say("", [SLOW]), Say("Fine.")) as provider:
        killed_in_the_slow_look(provider, memory, journal)
        ledger = Ledger()
        async with (
            changing(ledger) as sessions,
            assistant_with(sessions, choice_of("openai", provider), memory=memory) as assistant,
        ):
            told = Told()
            await told.collect(assistant.run("scale cart to 3", principal=ANN, thread_id="thread"))
            left = await assistant.standing("thread")
    assert (told.answer, ledger.done, left) == ("Fine.", [], None)


@pytest.mark.parametrize(
    ("call", "told_of_it"),
    [
        (("autofix_restart", {"name": "checkout"}), "unknown"),
        # The server sees to it that this is done once, so that asking again tells how it went.
        (("autofix_apply", {"plan_id": "plan-1"}), "ok"),
    ],
)
async def test_a_change_that_may_have_been_made_is_not_made_again(
    tmp_path: Path, call: tuple[str, dict[str, str]], told_of_it: str
) -> None:
    """The process dies between a person's yes and the record of what came of it."""
    memory = tmp_path / "memory.db"
    with provider_serving(Say("", [call]), Say("I looked.")) as provider:
        choice, ledger = choice_of("openai", provider), Ledger()
        async with (
            changing(ledger) as sessions,
            assistant_with(sessions, choice, memory=memory) as assistant,
        ):
            told = Told()
            await told.collect(
                assistant.run(QUESTION, principal=ANN, thread_id="thread", can_ask=True)
            )
            yes = [Decision(told.done.approvals[0]["id"], approved=True)]
            in_person = replace(ANN, present=True)
            events = assistant.resume("thread", principal=in_person, decisions=yes)
            async for event in events:
                if ledger.done or type(event).__name__ == "ToolStarted":
                    break
            await events.aclose()
        made = list(ledger.done)
        async with (
            changing(ledger) as sessions,
            assistant_with(sessions, choice, memory=memory) as assistant,
        ):
            again = Told()
            await again.collect(assistant.resume("thread", principal=ANN))
    assert ledger.done in (made, ["apply plan-1 for ann"])
    assert [one.status for one in again.calls] == [told_of_it]


@dataclass
class Witness(Ledger):
    """Looks into the memory's file in the moment in which something is changed."""

    memory: Path = Path()
    seen: list[int] = field(default_factory=list[int])

    def note(self, line: str) -> None:
        super().note(line)
        told = "SELECT count(*) FROM checkpoints WHERE instr(checkpoint, 'approved')"
        with closing(sqlite3.connect(self.memory)) as file:
            self.seen += [n for [n] in file.execute(told)]


async def test_a_change_is_made_when_the_yes_to_it_is_kept(tmp_path: Path) -> None:
    restart = ("autofix_restart", {"name": "checkout"})
    witness = Witness(memory=tmp_path / "memory.db")
    with provider_serving(Say("", [restart]), Say("Done.")) as provider:
        async with (
            changing(witness) as sessions,
            assistant_with(
                sessions, choice_of("openai", provider), memory=witness.memory
            ) as assistant,
        ):
            told, after = Told(), Told()
            await told.collect(
                assistant.run(QUESTION, principal=ANN, thread_id="thread", can_ask=True)
            )
            yes = [Decision(told.done.approvals[0]["id"], approved=True)]
            await after.collect(assistant.resume("thread", principal=ANN, decisions=yes))
    assert (witness.done, witness.seen) == (["restart checkout"], [1])


class Slowly:
    """Answers about checkout at once, and about cart only when it is told to."""

    def __init__(self) -> None:
        self.quick = False

    def __call__(self, body: Json) -> Say:
        if "is cart healthy" not in str(body["messages"]):
            return Say("Checkout lacks memory.")
        return Say("Cart is fine.", pause_s=0 if self.quick else 600)


async def kept(assistant: Assistant) -> None:
    """Until what a finished subagent wrote is in the memory."""
    async with asyncio.timeout(120):
        while True:
            snapshot = await assistant.graph.aget_state({"configurable": {"thread_id": "thread"}})
            if any(task.result for task in snapshot.tasks):
                return
            await asyncio.sleep(0.02)


async def test_of_two_asks_of_one_subagent_only_the_unfinished_one_is_taken_up(
    sessions: Sessions, tmp_path: Path
) -> None:
    memory, slowly = tmp_path / "memory.db", Slowly()
    with provider_serving(slowly) as provider:
        choice = choice_of("openai", provider, timeout_s=300)
        async with assistant_with(sessions, choice, memory=memory) as assistant:
            question = "Why is checkout down, and is cart healthy?"
            events = assistant.run(question, principal=ANN, thread_id="thread")
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, SubagentFinished) and event.status == "ok":
                        await kept(assistant)
                        break
        slowly.quick = True
        asked = len(provider.requests)
        async with assistant_with(sessions, choice, memory=memory) as assistant:
            told = Told()
            await told.collect(assistant.resume("thread", principal=ANN))
            left = await assistant.standing("thread")
    first, second = told.answer.index("lacks memory"), told.answer.index("Cart is fine")
    assert first < second
    assert [str(one["messages"]).count("is cart healthy") for one in provider.requests[asked:]] == [
        1
    ]
    assert left is None
