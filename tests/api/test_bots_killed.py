"""Who asked in a chat is answered there, once, though the process was killed outright while it worked."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.http import client
from tests.api import feishu_service, slack_service
from tests.api.dingtalk_service import DingTalk, dingtalk_serving
from tests.api.feishu_service import Feishu, feishu_serving
from tests.api.slack_service import Slack, slack_serving
from tests.api.test_feishu import buttons

ROOT = Path(__file__).parents[2]
SAID = re.compile(r"^(http://127\.0\.0\.1:\d+) token (\S+)$", re.MULTILINE)
START_S, END_S = 120, 60
QUESTION, ANSWER = "restart checkout", "It is done."


@dataclass
class Office:
    """The three services, and a Midwatch in a process of its own that hears from them."""

    home: Path
    slack: Slack
    dingtalk: DingTalk
    feishu: Feishu
    address: str = ""
    token: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list[Any])

    async def start(self, risk: str) -> None:
        output = self.home / f"output-{len(self.processes)}.txt"
        urls = [self.slack.url, self.dingtalk.url, self.feishu.url]
        command = [sys.executable, "-m", "tests.api.dying_bots", self.home / "data", risk, *urls]
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        with output.open("w") as file:
            self.processes.append(
                subprocess.Popen(  # noqa: ASYNC220 - a process of its own is what is tested
                    command, cwd=self.home, env=environment, stdout=file, stderr=subprocess.STDOUT
                )
            )
        deadline = time.monotonic() + START_S
        while not (said := SAID.search(output.read_text())):
            assert self.processes[-1].poll() is None, output.read_text()
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        self.address, self.token = said.groups()

    def kill(self) -> None:
        self.processes[-1].kill()
        self.processes[-1].wait()

    async def worked(self, line: str) -> None:
        """Wait until the tool server was asked for this."""
        await until(lambda: line in self.done())

    async def settled(self) -> None:
        """Wait until nothing is owed any more: an answer is told a moment before that is noted."""

        def owed() -> int:
            with closing(sqlite3.connect(self.home / "data" / "midwatch.db")) as database:
                query = "SELECT count(*) FROM jobs WHERE kind LIKE 'reply.%' AND state != 'done'"
                return int(database.execute(query).fetchone()[0])

        await until(lambda: owed() == 0)

    def done(self) -> list[str]:
        journal = self.home / "journal.txt"
        return journal.read_text().splitlines() if journal.exists() else []


async def until(so: Callable[[], Any]) -> Any:
    async with asyncio.timeout(END_S):
        while not (found := so()):  # noqa: ASYNC110 - three services change, each in its way
            await asyncio.sleep(0.05)
    return found


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        services = (
            await enter(slack_serving()),
            await enter(dingtalk_serving()),
            await enter(feishu_serving()),
        )
        office = Office(tmp_path, *services)
        yield office
        if office.processes:
            office.kill()


async def asked_in_slack(office: Office) -> None:
    await office.slack.send(slack_service.message(QUESTION))


async def asked_in_dingtalk(office: Office) -> None:
    await office.dingtalk.send(office.dingtalk.message(QUESTION))


async def asked_in_feishu(office: Office) -> None:
    await office.feishu.send(feishu_service.message(QUESTION))


async def help_in_slack(office: Office) -> None:
    await office.slack.send(slack_service.message("help", ts="1700000009.000100"))


async def help_in_dingtalk(office: Office) -> None:
    await office.dingtalk.send(office.dingtalk.message("help", msgId="msg-help"))


async def help_in_feishu(office: Office) -> None:
    await office.feishu.send(feishu_service.message("help", said="om_help"))


def told_in_slack(office: Office) -> list[str]:
    ends = office.slack.of("chat.stopStream", "chat.postMessage", "chat.postEphemeral")
    return [orjson.dumps(one).decode() for one in ends]


def told_in_dingtalk(office: Office) -> list[str]:
    return [str(one["markdown"]["text"]) for one in office.dingtalk.told]


def told_in_feishu(office: Office) -> list[str]:
    return [orjson.dumps(one).decode() for one in office.feishu.cards().values()]


Ask = Callable[[Office], Awaitable[None]]
Told = Callable[[Office], list[str]]
SERVICES = [
    pytest.param(asked_in_slack, told_in_slack, help_in_slack, id="slack"),
    pytest.param(asked_in_dingtalk, told_in_dingtalk, help_in_dingtalk, id="dingtalk"),
    pytest.param(asked_in_feishu, told_in_feishu, help_in_feishu, id="feishu"),
]


@pytest.mark.parametrize(("ask", "told", "help_me"), SERVICES)
async def test_a_question_that_was_being_worked_on_is_answered_where_it_was_asked_and_once(
    office: Office, ask: Ask, told: Told, help_me: Ask
) -> None:
    await office.start("slow")
    await ask(office)
    await office.worked("look slow-checkout")
    office.kill()
    await office.start("done")
    await until(lambda: [one for one in told(office) if ANSWER in one])
    await office.settled()
    await ask(office)  # services send again what nobody acknowledged
    await help_me(office)  # what comes after it is answered, so that it was heard
    await until(lambda: [one for one in told(office) if "A change waits for your yes" in one])
    assert len([one for one in told(office) if ANSWER in one]) == 1


async def approved_in_slack(office: Office) -> None:
    [waiting] = office.slack.of("chat.stopStream")
    [yes, _] = waiting["blocks"][0]["elements"]
    root = office.slack.of("chat.startStream")[0]["thread_ts"]
    at = {"channel": "D01", "ts": waiting["ts"], "root": root}
    await office.slack.send(slack_service.pressed(yes, **at), "interactive")


async def approved_in_dingtalk(office: Office) -> None:
    said = f"批准 {approval_in(told_in_dingtalk(office))}"
    await office.dingtalk.send(office.dingtalk.message(said, msgId="msg-yes"))


async def approved_in_feishu(office: Office) -> None:
    name, card = office.feishu.card_with('"do":"approve"')
    await office.feishu.send(feishu_service.pressed(buttons(card)[0], name, number=7))


async def approved_by_rest(office: Office) -> None:
    headers = {"Authorization": f"Bearer {office.token}"}
    async with client(office.address, timeout_s=60, headers=headers) as http:
        [waiting] = (await http.get("/api/v1/approvals")).json()["items"]
        said = await http.post(f"/api/v1/approvals/{waiting['id']}", json={"approved": True})
    assert said.json()["answer"] == ANSWER


async def approved_from_dingtalk_in_feishu(office: Office) -> None:
    said = f"批准 {approval_in(told_in_dingtalk(office))}"
    await office.feishu.send(feishu_service.message(said, said="om_yes"))
    await until(lambda: [one for one in told_in_feishu(office) if ANSWER in one])


def approval_in(texts: list[str]) -> str:
    return str(re.findall(r"apr_\w+", texts[-1])[-1])


@pytest.mark.parametrize(
    ("ask", "told", "approve"),
    [
        pytest.param(asked_in_slack, told_in_slack, approved_in_slack, id="slack"),
        pytest.param(asked_in_dingtalk, told_in_dingtalk, approved_in_dingtalk, id="dingtalk"),
        pytest.param(asked_in_feishu, told_in_feishu, approved_in_feishu, id="feishu"),
        pytest.param(asked_in_dingtalk, told_in_dingtalk, approved_by_rest, id="dingtalk-rest"),
        pytest.param(
            asked_in_dingtalk,
            told_in_dingtalk,
            approved_from_dingtalk_in_feishu,
            id="dingtalk-feishu",
        ),
    ],
)
async def test_what_waited_for_a_yes_is_approved_after_the_process_was_killed(
    office: Office, ask: Ask, told: Told, approve: Ask
) -> None:
    await office.start("waits")
    await ask(office)
    await until(lambda: [one for one in told(office) if "apr_" in one or "approve" in one])
    await office.settled()
    office.kill()
    assert office.done() == []
    before = len(told(office))
    await office.start("done")
    await approve(office)
    await office.worked("restart checkout")
    if approve in (approved_in_slack, approved_in_dingtalk, approved_in_feishu):
        await until(lambda: [one for one in told(office) if ANSWER in one])
    else:
        assert len(told(office)) == before
    assert office.done() == ["restart checkout"]
