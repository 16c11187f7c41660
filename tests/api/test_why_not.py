"""Who says no may say why, at every door: it is kept, and told to whoever goes on."""

# pyright: reportUnknownMemberType=false

import asyncio
import re
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from openai import AsyncOpenAI

from agent.approvals import REASON_CHARACTERS, Decision
from api.turns.replies import decision_in
from tests.api import test_dingtalk, test_feishu, test_langgraph_sdk, test_slack
from tests.api.dingtalk_service import dingtalk_serving
from tests.api.doors import printed
from tests.api.feishu_service import PERSON, feishu_serving
from tests.api.feishu_service import message as feishu_message
from tests.api.feishu_service import pressed as feishu_pressed
from tests.api.repairs import QUESTION, Repairs, repairing
from tests.api.slack_service import message as slack_message
from tests.api.slack_service import pressed as slack_pressed
from tests.api.slack_service import slack_serving, submitted

WHY = "not before the <sale>"
Wire = dict[str, Any]


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        yield repairs


async def kept(repairs: Repairs) -> str:
    """Why the one change that was asked for was not made."""
    async with repairs.client() as http:
        lines = (await http.get("/api/v1/audit")).json()["items"]
    [said] = [one["detail"] for one in lines if one["action"] == "approval.deny"]
    assert repairs.ledger.done == []
    return str(said["reason"])


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("deny apr_1f", ""),
        ("`reject: apr_1f`", ""),
        ("deny apr_1f not before the sale", "not before the sale"),
        ("Deny apr_1f: not before\nthe sale", "not before\nthe sale"),
        ("`deny apr_1f` reason: a sale", "a sale"),
        ("拒绝 apr_1f 大促之前不动", "大促之前不动"),
        ("拒绝apr_1f，原因：大促", "大促"),
    ],
)
def test_a_reply_that_says_no_may_say_why(message: str, reason: str) -> None:
    assert decision_in(message) == Decision("apr_1f", approved=False, reason=reason)


def test_behind_a_yes_there_is_a_name_alone() -> None:
    assert decision_in("批准 apr_1f checkout") == Decision("apr_1f", True, "checkout")
    for said in ("approve apr_1f but only at night", "yes", "why deny apr_1f?", "deny it"):
        assert decision_in(said) is None


def test_of_a_long_reason_the_beginning_is_kept() -> None:
    said = decision_in(f"deny apr_1f {'long ' * 200}")
    assert said is not None
    assert len(said.reason) in (REASON_CHARACTERS, REASON_CHARACTERS - 1)


async def test_in_slack_a_form_asks_and_the_message_says_who_and_why(
    repairs: Repairs, tmp_path: Path
) -> None:
    async with slack_serving() as service:
        async with test_slack.listening(service, repairs.turns, tmp_path):
            await service.send(slack_message(QUESTION))
            [waiting] = await service.ended(1)
            [no] = [one for one in waiting["blocks"][0]["elements"] if one["style"] == "danger"]
            root = service.of("chat.startStream")[0]["thread_ts"]
            at = {"channel": "D01", "ts": waiting["ts"], "root": root}
            await service.send(slack_pressed(no, **at), "interactive")
            await service.until(lambda: service.of("views.open"))
            assert await _still_waits(repairs)
            view = service.of("views.open")[0]["view"]
            await service.send(submitted(view, WHY), "interactive")
            await service.ended(2)
        [updated] = service.of("chat.update")
    assert await kept(repairs) == WHY
    told = orjson.dumps(updated["blocks"]).decode()
    assert "Denied by <@U1>: not before the &lt;sale&gt;" in told
    assert view["blocks"][0]["optional"]


async def test_in_feishu_the_card_takes_why_and_says_it(repairs: Repairs, tmp_path: Path) -> None:
    async with (
        feishu_serving() as service,
        test_feishu.listening(service, repairs.turns, tmp_path),
    ):
        await service.send(feishu_message(QUESTION))
        await service.card('"do":"deny"')
        name, card = service.card_with('"do":"deny"')
        [_, no] = test_feishu.buttons(card)
        await service.send(feishu_pressed(no, name, number=1, reason=WHY))
        told = await service.card(f"Denied by <at id={PERSON}></at>")
    assert await kept(repairs) == WHY
    assert "not before the &#60;sale&#62;" in told


async def test_a_reply_in_dingtalk_says_why(repairs: Repairs, tmp_path: Path) -> None:
    async with (
        dingtalk_serving() as service,
        test_dingtalk.listening(service, repairs.turns, tmp_path),
    ):
        await service.send(service.message(QUESTION))
        [waiting] = await service.texts(1)
        approval = re.findall(r"apr_\w+", waiting)[-1]
        await service.send(service.message(f"拒绝 {approval}，大促之前不动", msgId="msg-2"))
        texts = await service.texts(2)
    assert await kept(repairs) == "大促之前不动"
    assert "大促之前不动" in str(repairs.provider.requests[-1])
    assert len(texts) == 2


async def test_clients_of_openais_api_say_why_in_the_reply(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    async with AsyncOpenAI(api_key=repairs.token, base_url=f"{repairs.address}/v1") as client:
        said: Any = [
            {"role": "user", "content": f"deny {waiting['approvals'][0]['id']} {WHY}"},
        ]
        await client.chat.completions.create(model="midwatch", messages=said)
    assert await kept(repairs) == WHY


@pytest.mark.parametrize("field", ["message", "reason"])
async def test_clients_of_langgraphs_platform_say_why(repairs: Repairs, field: str) -> None:
    made = test_langgraph_sdk.get_client(url=f"{repairs.address}/langgraph", api_key=repairs.token)
    async with made as client:
        thread = (await client.threads.create())["thread_id"]
        asked: Any = {"messages": [{"type": "human", "content": QUESTION}]}
        await client.runs.wait(thread, "midwatch", input=asked)
        no: Any = {"resume": {"decisions": [{"type": "reject", field: WHY}]}}
        await client.runs.wait(thread, "midwatch", command=no)
    assert await kept(repairs) == WHY


async def test_the_command_line_says_why(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    said = ["approve", waiting["approvals"][0]["id"], "--reason", WHY, "-o", "json"]
    reach = ["--server", repairs.address, "--token", repairs.token]
    command = (sys.executable, "-m", "api.cli", *said, *reach)
    refused = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    told = (await refused.communicate())[1].decode()
    assert (refused.returncode, "--deny" in told) == (2, True)
    assert await _still_waits(repairs)
    shape = await printed(*said, "--deny", *reach)
    assert (shape["status"], await kept(repairs)) == ("done", WHY)


async def test_the_command_that_is_printed_is_the_one_that_works_there(repairs: Repairs) -> None:
    reach = ["--server", repairs.address, "--token", repairs.token]
    told = await _printed("ask", QUESTION, "--lang", "en", *reach)
    found = re.search(r"Go on with: midwatch (.+?) \(or: midwatch (.+?)\)", told)
    assert found, told
    assert repairs.address in found[2]
    yes = shlex.split(found[1])
    assert "Done." in await _printed(*yes, "--token", repairs.token)
    assert repairs.ledger.done == ["restart checkout"]


async def _printed(*arguments: str) -> str:
    command = (sys.executable, "-m", "api.cli", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode()


async def _still_waits(repairs: Repairs) -> bool:
    async with repairs.client() as http:
        return len((await http.get("/api/v1/approvals")).json()["items"]) == 1
