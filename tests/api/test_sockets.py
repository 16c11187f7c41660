"""The WebSocket twin of the event stream: the same events, resumed, cancelled, and refused."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.clock import utc_now
from core.security.tokens import hashed, new_secret
from core.storage.records import RefreshTokenRow
from core.storage.repositories.tokens import Tokens
from tests.api.conftest import Midwatch, Stage
from tests.api.doors import AG_UI
from tests.api.repairs import QUESTION, repairing

Wire = dict[str, Any]
ENDS = ("RUN_FINISHED", "RUN_ERROR")


@asynccontextmanager
async def talking(
    midwatch: Midwatch, token: str | None = None, **headers: str
) -> AsyncGenerator[ClientConnection]:
    given = midwatch.token if token is None else token
    sent = {"Authorization": f"Bearer {given}"} if given else {}
    address = midwatch.address.replace("http", "ws", 1)
    async with connect(
        f"{address}/agui/ws", additional_headers={**sent, **headers}, max_size=None, proxy=None
    ) as socket:
        yield socket


def asking(text: str, **more: Any) -> str:
    body = {"messages": [{"id": "1", "role": "user", "content": text}], **more}
    return orjson.dumps(body).decode()


async def heard(socket: ClientConnection) -> Wire:
    return orjson.loads(await asyncio.wait_for(socket.recv(), 240))


async def to_the_end(socket: ClientConnection) -> list[Wire]:
    """The messages of one run."""
    told: list[Wire] = []
    while not told or told[-1]["event"]["type"] not in ENDS:
        told.append(await heard(socket))
    return told


async def test_a_run_comes_as_the_same_events_with_the_same_ids_as_in_the_stream(
    midwatch: Midwatch,
) -> None:
    async with talking(midwatch) as socket:
        await socket.send(asking("Why is checkout failing?", threadId="ws-1", runId="ws-run-1"))
        told = await to_the_end(socket)
    for one in told:
        AG_UI.validate_python(one["event"])
    streamed: list[tuple[int, Wire]] = []
    async with midwatch.client() as http:
        text = (await http.get("/api/v1/runs/ws-run-1/events")).text
    for frame in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.splitlines() if ": " in line)
        if "data" in lines:
            streamed.append((int(lines["id"]), orjson.loads(lines["data"])))
    assert [(one["id"], one["event"]) for one in told] == streamed
    answer = "".join(one["event"].get("delta", "") for one in told)
    assert "256Mi" in answer


async def test_a_run_goes_on_without_its_watcher_and_is_taken_up_again(stage: Stage) -> None:
    stage.script.wait_after = 2
    async with talking(stage) as socket:
        await socket.send(asking("Why?", threadId="t1", runId="r1"))
        first = await heard(socket)
    stage.script.gate.set()
    again = asking("Why?", threadId="t1", runId="r1", lastEventId=first["id"])
    async with talking(stage) as socket:
        await socket.send(again)
        rest = await to_the_end(socket)
    assert [one["id"] for one in rest] == list(range(2, len(rest) + 2))
    assert rest[-1]["event"]["type"] == "RUN_FINISHED"


async def test_one_connection_carries_one_run_after_the_other(stage: Stage) -> None:
    async with talking(stage) as socket:
        for run in ("r1", "r2"):
            await socket.send(asking("Why?", threadId="t1", runId=run))
            told = await to_the_end(socket)
            assert told[0]["event"]["runId"] == run


async def test_a_run_is_cancelled_and_a_second_one_refused_meanwhile(stage: Stage) -> None:
    stage.script.wait_after = 1
    async with talking(stage) as socket:
        await socket.send(asking("Why?", threadId="t1", runId="r1"))
        await heard(socket)
        await socket.send(asking("And now?", threadId="t2"))
        while "error" not in (refused := await heard(socket)):
            pass
        assert refused["error"]["reason"] == "one_run_at_a_time"
        await socket.send('{"cancel": "r1"}')
        end = (await to_the_end(socket))[-1]["event"]
    assert end["type"] in ENDS
    assert "cancelled" in str(end)


async def test_a_person_answers_what_waits_over_the_same_connection(tmp_path: Path) -> None:
    async with repairing(tmp_path) as repairs, talking(repairs) as socket:
        await socket.send(asking(QUESTION, threadId="t1"))
        asked = (await to_the_end(socket))[-1]["event"]["outcome"]["interrupts"][0]
        answer = {"interruptId": asked["id"], "status": "resolved", "payload": {"approved": True}}
        await socket.send(orjson.dumps({"threadId": "t1", "resume": [answer]}).decode())
        assert (await to_the_end(socket))[-1]["event"]["type"] == "RUN_FINISHED"
        assert len(repairs.ledger.done) == 1


@pytest.mark.parametrize(
    "sent", ["", "no json", "[]", "3", '{"threadId": 3}', '{"lastEventId": -1}']
)
async def test_what_is_no_input_is_told_and_the_connection_stays(stage: Stage, sent: str) -> None:
    async with talking(stage) as socket:
        await socket.send(sent)
        assert (await heard(socket))["error"]["code"] == "invalid"
        await socket.send(asking("Why?"))
        assert (await to_the_end(socket))[-1]["event"]["type"] == "RUN_FINISHED"


async def test_without_a_way_in_it_is_closed_with_the_status_that_says_why(stage: Stage) -> None:
    guest = await stage.token_of("gus", role="guest")
    for token, code in (("", 4401), ("mw_wrong", 4401), (guest, 4403)):
        async with talking(stage, token) as socket:
            assert (await heard(socket))["error"]["message"]
            with pytest.raises(ConnectionClosed) as closed:
                await heard(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code


async def test_runs_of_others_are_neither_heard_nor_cancelled(stage: Stage) -> None:
    async with talking(stage) as mine, talking(stage, await stage.token_of("eve")) as theirs:
        await mine.send(asking("Why?", threadId="t1", runId="r1"))
        await to_the_end(mine)
        await theirs.send(asking("Why?", threadId="t1", runId="r1", lastEventId=0))
        assert (await heard(theirs))["error"]["code"] == "not_found"
        await theirs.send('{"cancel": "r1"}')
        assert (await heard(theirs))["error"]["code"] == "not_found"


async def test_a_page_comes_in_by_its_cookie_and_no_page_of_another_site(stage: Stage) -> None:
    secret, now = new_secret(), utc_now()
    async with stage.opened.database.session() as session:
        row = RefreshTokenRow("family", "admin", now, now.replace(year=now.year + 1))
        await Tokens(session).add_refresh_token(row, hashed=hashed(secret))
    cookie = {"Cookie": f"midwatch_session={secret}"}
    async with talking(stage, "", **cookie, Origin="https://evil.example.com") as socket:
        assert (await heard(socket))["error"]["code"] == "forbidden"
    async with talking(stage, "", **cookie, Origin=stage.address) as socket:
        await socket.send(asking("Why?"))
        assert (await to_the_end(socket))[-1]["event"]["type"] == "RUN_FINISHED"
        async with stage.opened.database.session() as session:
            await Tokens(session).revoke_family("family", utc_now())
        await socket.send(asking("Why?"))
        assert (await heard(socket))["error"]["code"] == "unauthenticated"
