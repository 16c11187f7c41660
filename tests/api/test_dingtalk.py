"""Midwatch in DingTalk: its own library against a gateway, sockets and sessions on loopback."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from api.app import create_app
from api.bots.dingtalk import parts
from api.bots.opening import dingtalk
from api.turns.running import Turns
from core.clock import utc_now
from core.settings.bots import DingTalkSettings
from core.storage.database import Database
from core.storage.repositories.handles import Handles
from tests.api.conftest import Midwatch, Stage, offline, serving
from tests.api.dingtalk_service import CLIENT, SECRET, DingTalk, dingtalk_serving
from tests.api.owed import forgetting
from tests.api.repairs import QUESTION, Repairs, repairing

QUESTIONS = ["Why is checkout failing?", "checkout 为什么报错？"]


@pytest.fixture
async def service() -> AsyncIterator[DingTalk]:
    async with dingtalk_serving() as service:
        yield service


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        yield repairs


def settings_for(service: DingTalk, **more: Any) -> DingTalkSettings:
    told: dict[str, Any] = {
        "client_id": CLIENT,
        "client_secret": SecretStr(SECRET),
        "api_url": service.url,
        "session_hosts": service.host,
        **more,
    }
    return DingTalkSettings(**told)


async def known(database: Database, user: str, handle: str) -> None:
    async with database.session() as session:
        await Handles(session).link(user, "dingtalk", handle, utc_now())


@asynccontextmanager
async def listening(
    service: DingTalk, turns: Turns, folder: Path, **more: Any
) -> AsyncGenerator[None]:
    await known(turns.database, "admin", "manager01")
    settings = offline(folder).model_copy(update={"dingtalk": settings_for(service, **more)})
    async with forgetting(turns.database), dingtalk(settings, turns):
        yield


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_message_is_acknowledged_and_answered_in_its_session(
    midwatch: Midwatch, service: DingTalk, tmp_path: Path, question: str
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(service.message(question))
        [text] = await service.texts()
        await service.until(lambda: service.acknowledged)
    assert "256Mi" in text
    assert "[1]" in text
    assert service.acknowledged[0]["code"] == 200
    assert service.told[0]["at"]["atUserIds"] == ["manager01"]


async def test_a_conversation_goes_on_and_the_same_message_is_answered_once(
    midwatch: Midwatch, service: DingTalk, tmp_path: Path
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        for _ in range(3):
            await service.send(service.message(QUESTIONS[0]))
        await service.texts(1)
        await service.send(service.message("and show me its logs", msgId="msg-2"))
        texts = await service.texts(2)
    assert len(texts) == 2
    assert "checkout" in texts[1]


async def test_a_stranger_is_told_how_to_become_known(
    midwatch: Midwatch, service: DingTalk, tmp_path: Path
) -> None:
    stranger = {"senderStaffId": "", "senderId": "$:LWCP_v1:$xyz"}
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(service.message(QUESTIONS[1], **stranger))
        [text] = await service.texts()
    assert "dingtalk $:LWCP_v1:$xyz" in text
    assert "256Mi" not in text


async def test_a_change_is_approved_by_a_reply_and_done_once(
    repairs: Repairs, service: DingTalk, tmp_path: Path
) -> None:
    async with listening(service, repairs.turns, tmp_path):
        await service.send(service.message(QUESTION))
        [waiting] = await service.texts(1)
        approval = re.findall(r"apr_\w+", waiting)[-1]
        assert repairs.ledger.done == []
        for number in (2, 3):
            said = service.message(f"批准 {approval}", msgId=f"msg-{number}")
            await service.send(said)
            await service.texts(number)
    assert repairs.ledger.done == ["restart checkout"]


async def test_a_thumb_as_a_reply_is_of_the_answer_before(
    midwatch: Midwatch, service: DingTalk, tmp_path: Path
) -> None:
    talk = {"conversationId": "cidThumb"}
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(service.message("[赞]", **talk))
        [none_yet] = await service.texts(1)
        await service.send(service.message(QUESTIONS[1], msgId="msg-2", **talk))
        await service.texts(2)
        await service.send(service.message("👎", msgId="msg-3", **talk))
        texts = await service.texts(3)
    assert "没有会话" in none_yet
    assert "Thank you" in texts[2]
    async with midwatch.client() as http:
        words = (await http.get("/api/v1/feedback", params={"helpful": False})).json()["items"]
    assert ("dingtalk", QUESTIONS[1]) in [(one["door"], one["question"]) for one in words]


async def test_answers_go_to_dingtalk_alone(
    stage: Stage, service: DingTalk, tmp_path: Path
) -> None:
    async with listening(service, stage.turns, tmp_path):
        for number, where in enumerate(
            ("http://127.0.0.1:1/robot", f"http://{service.host}@evil.example/", "", "file:///etc")
        ):
            await service.send(service.message("help", msgId=f"bad-{number}", sessionWebhook=where))
        await service.send(service.message("帮助"))
        texts = await service.texts()
        await service.until(lambda: len(service.acknowledged) == 5)
    assert len(texts) == 1


async def test_a_refused_answer_is_no_answer_and_ends_nothing(
    stage: Stage, service: DingTalk, tmp_path: Path
) -> None:
    service.code = 130101
    async with listening(service, stage.turns, tmp_path):
        await service.send(service.message("why?"))
        await service.texts(1)
        service.code = 0
        await service.send(service.message("why?", msgId="msg-2"))
        texts = await service.texts(2)
    assert "Out of memory." in texts[1]


def signed(*, at_s: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int((at_s or time.time()) * 1000))
    told = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(told).decode()}


async def test_what_is_posted_must_be_signed_and_fresh(
    stage: Stage, service: DingTalk, tmp_path: Path
) -> None:
    await known(stage.opened.database, "admin", "manager01")
    chosen = settings_for(service, mode="http")
    settings = offline(tmp_path).model_copy(update={"dingtalk": chosen})
    app = create_app(settings)
    app.state.opened, app.state.turns = stage.opened, stage.turns
    async with dingtalk(settings, stage.turns) as bot:
        app.state.dingtalk = bot
        async with serving(app) as address, stage.client("") as http:

            async def posted(headers: dict[str, str]) -> int:
                place, message = f"{address}/dingtalk/messages", service.message("why?")
                return (await http.post(place, json=message, headers=headers)).status_code

            assert await posted({}) == 401
            assert await posted(signed(secret="another")) == 401
            assert await posted(signed(at_s=time.time() - 7200)) == 401
            assert service.told == []
            assert await posted(signed()) == 200
            [text] = await service.texts()
    assert "Out of memory." in text


@given(st.text(max_size=400), st.integers(4, 60))
def test_a_long_text_is_cut_into_parts_that_fit_and_loses_nothing(text: str, most: int) -> None:
    cut = parts(text, most)
    assert all(len(one.encode()) <= most for one in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


def test_an_app_without_its_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="CLIENT_SECRET"):
        DingTalkSettings(client_id=CLIENT)
