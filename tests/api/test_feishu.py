"""Midwatch in Feishu: its open API, cards and long connection on loopback."""

import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from agent.events import Done, Token
from api.app import create_app
from api.bots.feishu_cards import answer_card, approval_card
from api.bots.feishu_frames import DATA, Frame, frame_of
from api.bots.opening import feishu
from api.turns.running import Turns
from core.clock import utc_now
from core.settings.bots import FeishuSettings
from core.storage.database import Database
from core.storage.repositories.handles import Handles
from tests.api.conftest import Midwatch, Stage, offline, serving
from tests.api.feishu_service import (
    APP,
    ENCRYPT_KEY,
    PERSON,
    SECRET,
    VERIFICATION,
    Feishu,
    Wire,
    feishu_serving,
    mention,
    message,
    pressed,
    sealed,
    signed,
)
from tests.api.owed import forgetting
from tests.api.repairs import QUESTION, Repairs, repairing

QUESTIONS = ["Why is checkout failing?", "checkout 为什么报错？"]
# What Feishu's own library writes for an event frame of these fields (lark-oapi 1.7.5).
RECORDED = bytes.fromhex(
    "080010ac0218f681801020012a0d0a047479706512056576656e742a110a0a6d6573736167655f696412036d2d31"
    "2a080a0373756d1201312a080a037365711201302a0d0a0874726163655f696412017432046a736f6e420e7b2261"
    "223a22e88a82e782b9227d4a0178"
)


@pytest.fixture
async def service() -> AsyncIterator[Feishu]:
    async with feishu_serving() as service:
        yield service


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        yield repairs


def settings_for(service: Feishu, **more: Any) -> FeishuSettings:
    told: dict[str, Any] = {"app_id": APP, "app_secret": SecretStr(SECRET), "api_url": service.url}
    return FeishuSettings(**{**told, **more})


async def known(database: Database, user: str, handle: str = PERSON) -> None:
    async with database.session() as session:
        await Handles(session).link(user, "feishu", handle, utc_now())


@asynccontextmanager
async def listening(
    service: Feishu, turns: Turns, folder: Path, **more: Any
) -> AsyncGenerator[None]:
    """The bot, over its long connection. ou_anna is the administrator."""
    await known(turns.database, "admin")
    settings = offline(folder).model_copy(update={"feishu": settings_for(service, **more)})
    async with forgetting(turns.database), feishu(settings, turns):
        yield


def buttons(card: Wire) -> list[Wire]:
    """Every value that a button of this card brings back, in order."""
    found: list[Wire] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            found.extend(one["value"] for one in part.get("behaviors") or ())
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    look(card)
    return found


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_direct_message_is_answered_in_a_card_that_shows_the_work_first(
    midwatch: Midwatch, service: Feishu, tmp_path: Path, question: str
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(message(question))
        answer = await service.card("256Mi", "[1]")
        acknowledged = await service.acknowledgements(1)
    assert acknowledged[0] == {"code": 200}
    assert service.replied_to == ["om_1"]
    first = orjson.dumps(service.told[0][2]).decode()
    assert "⏳" in first
    assert "256Mi" not in first
    assert answer == orjson.dumps(service.told[-1][2]).decode()
    assert len(service.cards()) == 1


async def test_an_event_in_pieces_and_more_than_once_is_one_message(
    midwatch: Midwatch, service: Feishu, tmp_path: Path
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        for _ in range(3):
            await service.send(message(QUESTIONS[0]), pieces=3)
        await service.card("256Mi")
        await service.acknowledgements(3)
        await service.send(message("and show me its logs", said="om_9"))
        await service.until(lambda: "om_9" in service.replied_to)
    assert service.replied_to == ["om_1", "om_9"]


async def test_in_a_group_it_hears_who_names_it_and_then_this_thread_of_theirs(
    stage: Stage, service: Feishu, tmp_path: Path
) -> None:
    async with listening(service, stage.turns, tmp_path):
        await service.send(mention("why?", said="om_other", named="ou_someone"))
        await service.send(mention("why?", said="om_bot", sender_type="app"))
        await service.send(mention("why?", said="om_root"))
        await service.card("Out of memory.")
        group = {"chat_id": "oc_group", "chat_type": "group"}
        await service.send(message("and now?", said="om_beside", **group))
        await service.send(message("and now?", said="om_on", root_id="om_root", **group))
        await service.until(lambda: "om_on" in service.replied_to)
        await service.acknowledgements(5)
    assert service.replied_to == ["om_root", "om_on"]
    assert len(stage.script.asked) == 2
    assert len(set(stage.script.asked)) == 1, "both in one conversation"


async def test_a_stranger_is_told_how_to_become_known_or_may_look(
    midwatch: Midwatch, service: Feishu, tmp_path: Path
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        asked = message(QUESTIONS[1])
        asked["event"]["sender"]["sender_id"]["open_id"] = "ou_stranger"
        await service.send(asked)
        answer = await service.card("feishu ou_stranger")
    assert "256Mi" not in answer
    async with listening(service, midwatch.turns, tmp_path, unmapped="read"):
        asked["event"]["message"]["message_id"] = "om_3"
        await service.send(asked)
        await service.card("256Mi")


async def test_a_change_is_approved_by_a_button_once_and_the_card_says_by_whom(
    repairs: Repairs, service: Feishu, tmp_path: Path
) -> None:
    async with listening(service, repairs.turns, tmp_path):
        await service.send(message(QUESTION))
        await service.card('"do":"approve"')
        name, card = service.card_with('"do":"approve"')
        [yes, no] = buttons(card)
        assert (yes["do"], no["do"]) == ("approve", "deny")
        assert repairs.ledger.done == []
        await service.send(pressed(yes, name, who="ou_stranger", number=1))
        refused = (await service.acknowledgements(2))[1]
        assert repairs.ledger.done == []
        for _ in range(2):
            await service.send(pressed(yes, name, number=2))
        await service.card(f"Approved by <at id={PERSON}></at>")
        await service.card("Done.")
        assert buttons(service.cards()[name]) == []
    assert b"toast" in _inside(refused)
    assert b"error" in _inside(refused)
    assert repairs.ledger.done == ["restart checkout"]


async def test_a_thumb_under_an_answer_is_kept_and_thanked_for(
    midwatch: Midwatch, service: Feishu, tmp_path: Path
) -> None:
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(message(QUESTIONS[1]))
        await service.card("256Mi", '"do":"helped"')
        name, card = service.card_with('"do":"helped"')
        [yes, no] = buttons(card)
        await service.send(pressed(no, name, number=1))
        await service.send(pressed(yes, name, who="ou_stranger", number=2))
        told = await service.acknowledgements(3)
    toasts = sorted(orjson.loads(_inside(one))["toast"]["type"] for one in told[1:])
    assert toasts == ["error", "success"]
    async with midwatch.client() as http:
        [word] = [
            one
            for one in (await http.get("/api/v1/feedback")).json()["items"]
            if one["run_id"] == yes["id"]
        ]
    assert (word["helpful"], word["door"], word["question"]) == (False, "feishu", QUESTIONS[1])


def test_at_high_risk_the_name_is_typed_into_the_card() -> None:
    asked = {
        "id": "apr_1",
        "tool": "autofix_apply",
        "objects": "shop/checkout",
        "typed": "checkout",
    }
    where = {"reply_to": "om_1", "thread": "oc_1"}
    card = orjson.loads(orjson.dumps(approval_card(asked, where, "zh")))
    form = card["body"]["elements"][1]
    assert (form["tag"], form["elements"][0]["name"]) == ("form", "typed")
    assert form["elements"][1]["form_action_type"] == "submit"
    assert "checkout" in orjson.dumps(form).decode()
    assert [one["do"] for one in buttons(card)] == ["approve", "deny"]


def _inside(acknowledged: Wire) -> bytes:
    return base64.b64decode(acknowledged["data"])


async def test_a_long_answer_comes_with_a_file_that_has_all_of_it(
    stage: Stage, service: Feishu, tmp_path: Path
) -> None:
    long = "\n".join(f"- finding {n}: {'词' * 40}" for n in range(400))
    stage.script.events[-2:] = [Token("m1", long), Done("m1", long, "en", ("rca",))]
    async with listening(service, stage.turns, tmp_path):
        await service.send(message("why?"))
        await service.until(lambda: [kind for _, kind, _ in service.told if kind == "file"])
        assert "in the file" in await service.card("finding 0")
    assert "finding 399" in service.files[0]


async def test_a_card_that_cannot_be_changed_is_followed_by_another(
    midwatch: Midwatch, service: Feishu, tmp_path: Path
) -> None:
    service.refused = {"change": 230020}
    async with listening(service, midwatch.turns, tmp_path):
        await service.send(message(QUESTIONS[0]))
        await service.card("256Mi")
    assert len(service.cards()) == 2


async def test_what_feishu_does_not_take_ends_nothing(
    stage: Stage, service: Feishu, tmp_path: Path
) -> None:
    service.refused = {"reply": 230002}
    async with listening(service, stage.turns, tmp_path):
        await service.send(message("why?"))
        await service.until(lambda: service.refusals == 3)  # a step, the end, the end once more
        service.tokens.append("a newer one than the bot has")
        service.refused = {}
        await service.send(message("why?", said="om_3"))
        await service.card("Out of memory.")
    assert "om_3" in service.replied_to


async def test_a_connection_that_ends_is_opened_again_and_one_that_is_refused_tried_again(
    stage: Stage, service: Feishu, tmp_path: Path
) -> None:
    service.refused = {"endpoint": 1}
    async with listening(service, stage.turns, tmp_path):
        service.refused = {}
        await service.until(lambda: service.pings >= 1)
        await service.cut()
        await service.until(lambda: service.pings >= 2)
        await service.send(message("why?"))
        await service.card("Out of memory.")


@asynccontextmanager
async def over_http(stage: Stage, service: Feishu, folder: Path) -> AsyncGenerator[str]:
    """A service to which Feishu posts."""
    chosen = settings_for(
        service,
        mode="http",
        encrypt_key=SecretStr(ENCRYPT_KEY),
        verification_token=SecretStr(VERIFICATION),
    )
    settings = offline(folder).model_copy(update={"feishu": chosen})
    app = create_app(settings)
    app.state.opened, app.state.turns = stage.opened, stage.turns
    async with feishu(settings, stage.turns) as bot:
        app.state.feishu = bot
        async with serving(app) as address:
            yield f"{address}/feishu/events"


async def test_what_is_posted_must_be_encrypted_signed_and_fresh(
    stage: Stage, service: Feishu, tmp_path: Path
) -> None:
    await known(stage.opened.database, "admin")
    body = sealed(message("why?"))
    other = sealed(message("why?"), key="another key")
    forged = message("why?")
    forged["header"]["token"] = "another"
    async with over_http(stage, service, tmp_path) as place, stage.client("") as http:

        async def posted(content: bytes, headers: dict[str, str]) -> int:
            return (await http.post(place, content=content, headers=headers)).status_code

        assert await posted(body, {}) == 401
        assert await posted(body, signed(body, key="another key")) == 401
        assert await posted(body, signed(body, at_s=1_700_000_000)) == 401
        assert await posted(body + b" ", signed(body)) == 401
        assert await posted(other, signed(other)) == 422
        assert await posted(orjson.dumps(message("why?")), signed(b"")) == 422
        assert await posted(sealed(forged), signed(sealed(forged))) == 401
        assert service.told == []
        for _ in range(2):
            assert await posted(body, signed(body)) == 200
        await service.card("Out of memory.")
    assert service.replied_to == ["om_1"]


async def test_who_is_there_is_answered_to_who_has_the_key_and_the_token(
    stage: Stage, service: Feishu, tmp_path: Path
) -> None:
    asked = {"type": "url_verification", "challenge": "c-1", "token": VERIFICATION}
    async with over_http(stage, service, tmp_path) as place, stage.client("") as http:
        answer = await http.post(place, content=sealed(asked))
        assert answer.json() == {"challenge": "c-1"}
        assert (await http.post(place, content=sealed({**asked, "token": ""}))).status_code == 401


async def test_where_feishu_is_not_set_up_there_is_no_door(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        answer = await http.post("/feishu/events", json={})
    assert answer.status_code == 405, "what is no route is a page, and is only read"


def test_an_app_is_not_heard_without_its_secret_or_unsigned() -> None:
    with pytest.raises(ValueError, match="APP_SECRET"):
        FeishuSettings(app_id=APP)
    with pytest.raises(ValueError, match="ENCRYPT_KEY"):
        FeishuSettings(app_id=APP, app_secret=SecretStr(SECRET), mode="http")


def test_frames_are_read_as_feishus_library_writes_them() -> None:
    frame = frame_of(RECORDED)
    assert (frame.method, frame.service, frame.log) == (DATA, 33554678, 300)
    assert frame.headers == {
        "type": "event", "message_id": "m-1", "sum": "1", "seq": "0", "trace_id": "t",
    }  # fmt: skip
    assert orjson.loads(frame.payload) == {"a": "节点"}


@given(
    st.integers(0, 1),
    st.integers(0, 2**31 - 1),
    st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=6),
    st.binary(max_size=400),
)
def test_a_frame_comes_back_as_it_was(
    method: int, service: int, headers: dict[str, str], payload: bytes
) -> None:
    frame = Frame(method, service, headers, payload, sequence=2**40, log=1)
    assert frame_of(frame.told()) == frame


@given(st.binary(max_size=200))
def test_what_is_no_frame_is_refused_and_nothing_else_happens(told: bytes) -> None:
    try:
        frame_of(told)
    except ValueError:
        return


def test_no_text_of_an_answer_calls_everybody() -> None:
    card = orjson.dumps(answer_card("log: <at id=all></at> < AT ID=all> a<b <atom>")).decode()
    assert "<at id" not in card
    assert "a<b <atom>" in card
