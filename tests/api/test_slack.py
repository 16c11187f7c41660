"""Midwatch in Slack: Bolt against Slack's API and sockets on loopback."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from agent.events import Done, Token
from api.app import create_app
from api.bots.opening import slack
from api.bots.slack import SlackBot
from api.bots.slack_stream import calling_nobody
from api.turns.running import Turns
from api.turns.runs import Ending
from core.clock import utc_now
from core.settings.bots import SlackSettings
from core.storage.database import Database
from core.storage.repositories.handles import Handles
from mcp_servers.backends.senders.slack import INVESTIGATE
from tests.api.conftest import Midwatch, Stage, offline, serving
from tests.api.owed import forgetting
from tests.api.repairs import QUESTION, Repairs, repairing
from tests.api.slack_service import (
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    BOT_USER,
    SECRET,
    Slack,
    Wire,
    mention,
    message,
    pressed,
    signed,
    slack_serving,
    wrapped,
)

QUESTIONS = ["Why is checkout failing?", "checkout 为什么报错？"]


@pytest.fixture
async def service() -> AsyncIterator[Slack]:
    async with slack_serving() as slack:
        yield slack


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        yield repairs


def settings_for(service: Slack, **more: Any) -> SlackSettings:
    given: dict[str, Any] = {
        "bot_token": SecretStr(BOT_TOKEN),
        "app_token": SecretStr(APP_TOKEN),
        "api_url": f"{service.url}/api",
        **more,
    }
    return SlackSettings(**given)


@asynccontextmanager
async def listening(
    service: Slack, turns: Turns, folder: Path, **more: Any
) -> AsyncGenerator[SlackBot]:
    """The bot, connected. U1 is the administrator."""
    await known(turns.database, "admin", "U1")
    settings = offline(folder).model_copy(update={"slack": settings_for(service, **more)})
    async with forgetting(turns.database), slack(settings, turns) as bot:
        assert bot is not None
        yield bot


async def known(database: Database, user: str, handle: str) -> None:
    async with database.session() as session:
        await Handles(session).link(user, "slack", handle, utc_now())


def chunks_of(answers: list[Wire], kind: str) -> list[Wire]:
    chunks: list[Wire] = [chunk for one in answers for chunk in one.get("chunks") or ()]
    return [chunk for chunk in chunks if chunk["type"] == kind]


def text_of(answers: list[Wire]) -> str:
    plain = [str(one.get("markdown_text") or one.get("text") or "") for one in answers]
    return "\n".join([*plain, *(str(one["text"]) for one in chunks_of(answers, "markdown_text"))])


def tasks_of(service: Slack) -> list[Wire]:
    told = service.of("chat.startStream", "chat.appendStream", "chat.stopStream")
    return chunks_of(told, "task_update")


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_direct_message_is_answered_in_its_thread_with_the_work_that_was_done(
    midwatch: Midwatch, service: Slack, tmp_path: Path, question: str
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        envelope = await service.send(message(question))
        [answer] = await service.ended()
        await service.reacted("white_check_mark")
    assert "256Mi" in text_of([answer])
    assert "[1]" in text_of([answer])
    assert service.acknowledged == [envelope]
    [opened] = service.of("chat.startStream")
    assert (opened["thread_ts"], opened["recipient_user_id"]) == ("1700000001.000100", "U1")
    shown = {task["title"].split("(")[0]: task["status"] for task in tasks_of(service)}
    assert shown["rca_investigate"] == "complete"
    assert [one["name"] for one in service.of("reactions.add")] == ["eyes", "white_check_mark"]


async def test_a_thread_goes_on_without_a_mention_for_who_began_it_and_nobody_else(
    midwatch: Midwatch, service: Slack, tmp_path: Path
) -> None:
    root = "1700000002.000100"
    in_thread = {"channel": "C01", "channel_type": "channel", "thread_ts": root}
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(message("just talking", ts="1700000001.900000", channel_type="channel"))
        await service.send(mention(QUESTIONS[0], ts=root))
        await service.ended(1)
        await midwatch.opened.sign_in.add_user("slack-bea", role="user")
        await known(midwatch.opened.database, "slack-bea", "U2")
        await service.send(message("show its logs?", ts="1700000003.1", **in_thread, user="U2"))
        await service.send(message("and show me its logs", ts="1700000004.1", **in_thread))
        answers = await service.ended(2)
        await service.reacted("white_check_mark", 2)
    assert len(answers) == 2
    assert "checkout" in text_of(answers[1:])
    assert {one["thread_ts"] for one in service.of("chat.startStream")} == {root}


async def test_the_same_message_twice_bots_and_edits_are_not_answered_again(
    midwatch: Midwatch, service: Slack, tmp_path: Path
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        for _ in range(3):
            await service.send(message("help"))
        await service.send(message("help", ts="2.1", bot_id="B99"))
        await service.send(message("help", ts="2.2", user=BOT_USER, bot_id=BOT))
        await service.send(message("help", ts="2.3", subtype="message_changed"))
        await service.send(message("帮助", ts="2.4"))
        answers = await service.ended(2)
        await service.reacted("white_check_mark", 2)
    assert len(answers) == 2
    assert "in a direct message" in text_of(answers)
    assert "请私聊" in text_of(answers)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_who_is_not_linked_to_a_user_is_told_how_to_become_so(
    midwatch: Midwatch, service: Slack, tmp_path: Path, question: str
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(message(question, user="U7"))
        [answer] = await service.ended()
        await service.reacted("x")
    assert "slack U7" in text_of([answer])
    assert "256Mi" not in text_of([answer])


async def test_guests_may_look_where_that_is_set_and_change_nothing(
    midwatch: Midwatch, service: Slack, tmp_path: Path
) -> None:
    async with listening(service, midwatch.turns, tmp_path, unmapped="read"):
        await service.send(message(QUESTIONS[0], user="U8"))
        first = await service.ended(1)
        await service.send(message("fix checkout in shop", ts="3.1", user="U8"))
        answers = await service.ended(2)
        await service.reacted("white_check_mark", 2)
    assert "256Mi" in text_of(first)
    assert "fix-" not in text_of(answers[1:])


async def test_a_channel_shows_only_what_it_is_about(
    midwatch: Midwatch, service: Slack, tmp_path: Path
) -> None:
    bound = {"C01": frozenset({"payments-only"})}
    async with listening(service, midwatch.turns, tmp_path, namespaces=bound):
        await service.send(mention("Why is checkout in shop failing?"))
        [answer] = await service.ended()
        await service.send(message("Why is checkout in shop failing?"))
        everywhere = await service.ended(2)
        await service.reacted("white_check_mark", 2)
    assert "256Mi" not in text_of([answer])
    assert "256Mi" in text_of(everywhere[1:])


async def test_a_button_approves_once_and_says_who_did(
    repairs: Repairs, service: Slack, tmp_path: Path
) -> None:
    await repairs.opened.sign_in.add_user("carl", role="admin")
    async with listening(service, repairs.turns, tmp_path):
        await known(repairs.opened.database, "carl", "U3")
        await service.send(message(QUESTION))
        [waiting] = await service.ended(1)
        buttons = {one["action_id"]: one for one in waiting["blocks"][0]["elements"]}
        assert set(buttons) == {"midwatch_approve", "midwatch_deny"}
        root = service.of("chat.startStream")[0]["thread_ts"]
        at = {"channel": "D01", "ts": waiting["ts"], "root": root}
        yes = buttons["midwatch_approve"]
        await service.send(pressed(yes, person="U3", **at), "interactive")
        await service.until(lambda: service.of("chat.postEphemeral"))
        assert repairs.ledger.done == []
        await service.send(pressed(yes, **at), "interactive")
        await service.until(lambda: len(service.of("chat.stopStream")) == 2)
        await service.send(pressed(yes, **at), "interactive")
        await service.until(lambda: len(service.of("chat.postEphemeral")) == 2)
    assert repairs.ledger.done == ["restart checkout"]
    assert "Done." in text_of(service.of("chat.stopStream")[1:])
    [updated] = service.of("chat.update")
    assert [block["type"] for block in updated["blocks"]] == ["markdown", "context"]
    assert "Approved by <@U1>" in orjson.dumps(updated["blocks"]).decode()


async def test_what_was_asked_for_in_slack_is_approved_at_another_door(
    repairs: Repairs, service: Slack, tmp_path: Path
) -> None:
    async with listening(service, repairs.turns, tmp_path):
        await service.send(message(QUESTION))
        await service.ended(1)
    async with repairs.client() as http:
        [waiting] = (await http.get("/api/v1/approvals")).json()["items"]
        told = await http.post(f"/api/v1/approvals/{waiting['id']}", json={"approved": True})
    assert told.json()["answer"] == "Done."
    assert repairs.ledger.done == ["restart checkout"]


async def test_a_thumb_under_an_answer_is_kept_and_thanked_for(
    midwatch: Midwatch, service: Slack, tmp_path: Path
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(message(QUESTIONS[0]))
        [answer] = await service.ended()
        [block] = [one for one in answer["blocks"] if one["type"] == "context_actions"]
        [thumbs] = block["elements"]
        action = {"action_id": thumbs["action_id"], "value": thumbs["negative_button"]["value"]}
        where = {"channel": "D01", "ts": "1700000100.000001", "root": "1700000001.000100"}
        payload = pressed({**action, "type": "feedback_buttons"}, **where)
        await service.send(payload, kind="interactive")
        await service.until(lambda: service.of("chat.postEphemeral"))
    assert "Thank you" in service.of("chat.postEphemeral")[0]["text"]
    run = orjson.loads(action["value"])["run"]
    async with midwatch.client() as http:
        words = (await http.get("/api/v1/feedback", params={"helpful": False})).json()["items"]
    assert (run, "slack") in [(one["run_id"], one["door"]) for one in words]


async def test_the_button_on_an_alert_asks_as_who_pressed_it_and_answers_below_it(
    midwatch: Midwatch, service: Slack, tmp_path: Path
) -> None:
    action = {"action_id": INVESTIGATE, "value": "找出 shop 命名空间 ServiceErrorsHigh 的根因"}
    where = {"channel": "C09", "ts": "1700000300.000100", "root": "1700000300.000100"}
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(pressed(action, person="U0STRANGER", **where), kind="interactive")
        [refused] = await service.ended(1)
        for _ in range(2):
            await service.send(pressed(action, **where), kind="interactive")
        answers = await service.ended(2)
    assert "256Mi" not in text_of([refused])
    assert "256Mi" in text_of(answers[1:])
    [_, opened] = service.of("chat.startStream")
    assert (opened["channel"], opened["thread_ts"]) == ("C09", "1700000300.000100")


async def test_a_reply_denies_as_a_button_does(
    repairs: Repairs, service: Slack, tmp_path: Path
) -> None:
    async with listening(service, repairs.turns, tmp_path):
        await service.send(message(QUESTION))
        [waiting] = await service.ended(1)
        approval = waiting["blocks"][0]["block_id"]
        in_thread = {"ts": "5.1", "thread_ts": "1700000001.000100"}
        await service.send(message(f"deny {approval}", **in_thread))
        await service.ended(2)
        await service.reacted("white_check_mark", 2)
    assert repairs.ledger.done == []


async def test_stop_ends_what_is_going_on(stage: Stage, service: Slack, tmp_path: Path) -> None:
    stage.script.wait_after = 3
    in_thread = {"thread_ts": "1700000001.000100"}
    async with listening(service, stage.turns, tmp_path):
        await service.send(message("why?"))
        await service.until(lambda: service.of("chat.startStream"))
        [run] = stage.turns.runs.by_id.values()
        await service.send(message("stop", ts="6.1", **in_thread))
        await service.until(lambda: "Stopped" in text_of(service.of("chat.stopStream")))
        await service.send(message("停", ts="6.2", **in_thread))
        await service.until(lambda: "没有正在进行" in text_of(service.of("chat.stopStream")))
    assert run.ending is Ending.CANCELLED


async def test_what_is_too_long_for_a_message_comes_as_a_file_too(
    stage: Stage, service: Slack, tmp_path: Path
) -> None:
    long = "\n".join(f"- finding {n}: {'词' * 40}" for n in range(400))
    stage.script.events[-2:] = [Token("m1", long), Done("m1", long, "en", ("rca",))]
    async with listening(service, stage.turns, tmp_path):
        await service.send(message("why?"))
        [answer] = await service.ended()
        await service.until(lambda: service.of("files.completeUploadExternal"))
        await service.reacted("white_check_mark")
    assert len(text_of([answer])) <= 12_000
    assert "in the file" in text_of([answer])
    [file] = service.files.values()
    assert "finding 399" in file.decode()


async def test_a_workspace_without_streams_gets_a_message(
    stage: Stage, service: Slack, tmp_path: Path
) -> None:
    service.refused = {"chat.startStream": "unknown_method"}
    async with listening(service, stage.turns, tmp_path):
        await service.send(message("why?"))
        [answer] = await service.ended()
        await service.reacted("white_check_mark")
    [told] = service.of("chat.postMessage")
    assert told == answer
    assert "Out of memory." in told["blocks"][0]["text"]


async def test_a_slack_that_is_away_does_not_keep_midwatch_from_starting(
    stage: Stage, service: Slack, tmp_path: Path
) -> None:
    service.refused = {"apps.connections.open": "internal_error"}
    async with listening(service, stage.turns, tmp_path):
        service.refused = {}
        await service.send(message("why?"))
        [answer] = await service.ended()
        await service.reacted("white_check_mark")
    assert "Out of memory." in text_of([answer])


@asynccontextmanager
async def over_http(stage: Stage, service: Slack, folder: Path) -> AsyncGenerator[str]:
    """A service to which Slack posts."""
    given = settings_for(service, app_token=SecretStr(""), signing_secret=SecretStr(SECRET))
    settings = offline(folder).model_copy(update={"slack": given})
    app = create_app(settings)
    app.state.opened, app.state.turns = stage.opened, stage.turns
    async with slack(settings, stage.turns) as bot:
        app.state.slack = bot
        async with serving(app) as address:
            yield address


async def test_what_slack_posts_must_be_signed_and_fresh(
    stage: Stage, service: Slack, tmp_path: Path
) -> None:
    await known(stage.opened.database, "admin", "U1")
    body = orjson.dumps(message("help"))
    async with over_http(stage, service, tmp_path) as address, stage.client("") as http:

        async def posted(content: bytes, headers: dict[str, str]) -> int:
            sent = {"content-type": "application/json", **headers}
            answer = await http.post(f"{address}/slack/events", content=content, headers=sent)
            return answer.status_code

        assert await posted(body, {}) == 401
        assert await posted(body, signed(body, secret="another")) == 401
        assert await posted(body, signed(body, at=1_700_000_000)) == 401
        assert await posted(body + b" ", signed(body)) == 401
        assert service.calls == []
        assert await posted(body, signed(body)) == 200
        again = {**signed(body), "x-slack-retry-num": "1"}
        assert await posted(body, again) == 200
        await service.ended(1)
        await service.reacted("white_check_mark")
        assert len(service.of("chat.stopStream")) == 1
        asked = orjson.dumps({"type": "url_verification", "challenge": "c-1"})
        sent = {"content-type": "application/json", **signed(asked)}
        answer = await http.post(f"{address}/slack/events", content=asked, headers=sent)
        assert answer.text.strip('"') == "c-1" or answer.json() == {"challenge": "c-1"}


async def test_where_slack_is_not_set_up_there_is_no_door(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        answer = await http.post("/slack/events", json=wrapped({"ts": "1"}))
    assert answer.status_code == 405, "what is no route is a page, and is only read"


def test_a_token_alone_cannot_be_heard() -> None:
    with pytest.raises(ValueError, match="needs MIDWATCH_SLACK__APP_TOKEN"):
        SlackSettings(bot_token=SecretStr(BOT_TOKEN))


@pytest.mark.parametrize(
    "call", ["<!channel>", "<!here|here>", "<@U123>", "<#C1|x>", "<<!channel>>"]
)
def test_no_text_of_an_answer_calls_anybody(call: str) -> None:
    told = calling_nobody(f"- [1] log: `{call}` a < b, <https://example.com>")
    assert not any(mark in told for mark in ("<!", "<@", "<#"))
    assert "a < b, <https://example.com>" in told
