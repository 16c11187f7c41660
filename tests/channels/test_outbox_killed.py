"""kill -9 at every step from the webhook to the channel: none lost, none told twice but for the one step.

The one step lies between a channel's answer and its being written down: who told it cannot know. The
message comes again with the id it had, by which the receiver can tell.
"""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson
import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from core.clock import utc_now
from core.errors import UpstreamUnavailable
from tests.channels.conftest import Room, alert, opened, webhook

ROOT = Path(__file__).parents[2]
# The sessions of a round: what waits, the lease, the answer with what came since and the release, what is next.
SESSIONS = 4
ANSWER = 3
POINTS = [f"{when}:{n}" for n in range(1, SESSIONS + 1) for when in ("before", "after")]


def killed(data: Path, what: str, point: str, body: Any = None) -> int:
    program = [sys.executable, "-m", "tests.channels.dying_sender", str(data), what, point]
    given = orjson.dumps(body)
    return subprocess.run(program, cwd=ROOT, input=given, check=False).returncode


async def later(room: Room) -> None:
    """As if the lease of who was killed had run out."""
    far = utc_now() + timedelta(hours=1)
    async with room.store.session() as tables:
        for one in await tables.channels.all():
            assert await tables.channels.lease(one.name, "test", far, far)
            await tables.channels.release(one.name, "test")


@pytest.mark.parametrize("point", POINTS)
async def test_who_is_killed_while_sending_loses_nothing_and_tells_nothing_twice(
    room: Room, tmp_path: Path, point: str
) -> None:
    heard = await room.add("webhook")
    await room.receive(alert())
    gone = await anyio.to_thread.run_sync(killed, tmp_path, "deliver", point)
    assert gone == -signal.SIGKILL
    await later(room)
    await room.deliver()
    await room.deliver()
    ids = [one["id"] for one in heard.taken]
    assert len(set(ids)) == 1
    assert len(ids) == (2 if point == f"before:{ANSWER}" else 1)
    [sent] = await room.deliveries()
    assert sent["state"] == "sent"


@pytest.mark.parametrize("point", ["before:1", "after:1"])
async def test_a_sender_that_got_no_answer_sends_again_and_it_is_told_once(
    room: Room, tmp_path: Path, point: str
) -> None:
    heard = await room.add("webhook")
    body = webhook(alert())
    gone = await anyio.to_thread.run_sync(killed, tmp_path, "receive", point, body)
    assert gone == -signal.SIGKILL
    stored = await room.tools.call("alerting_list")
    assert len(stored.data["rows"]) == (0 if point == "before:1" else 1)
    await room.receive(alert())
    await room.deliver()
    assert len(heard.taken) == 1


async def test_a_channel_that_fails_in_every_way_is_told_each_alert_once(room: Room) -> None:
    """500, 429, 200 with another code, and late ends, one after the other."""
    heard = await room.add("dingtalk")
    wrong = b'{"errcode": 130101, "errmsg": "send too fast"}'
    heard.plan = [
        PlainTextResponse("broken", 500),
        PlainTextResponse("slow down", 429),
        PlainTextResponse(wrong, 200, media_type="application/json"),
    ]
    await room.receive(alert("First"))
    await room.receive(alert("First"))
    for _ in range(5):
        await _at_once(room)
        await room.deliver()
    await room.receive(alert("First", "resolved"))
    await room.receive(alert("First"))
    await _at_once(room)
    await room.deliver()
    assert len(heard.taken) == 2
    assert heard.tries == 5


class Locking(Response):
    """An answer with which another program begins to write to the database, and goes on for a while."""

    def __init__(self, file: Path, for_s: float) -> None:
        super().__init__(status_code=204)
        self._file, self._for_s = file, for_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await super().__call__(scope, receive, send)
            await asyncio.sleep(self._for_s)
            other.execute("ROLLBACK")


async def test_what_a_channel_took_is_not_told_again_though_the_database_is_locked_then(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, busy_timeout_s=0.02) as room:
        heard = await room.add("webhook")
        await room.receive(alert())
        heard.plan = [Locking(tmp_path / "midwatch.db", 1.0)]
        await room.deliver()
        await room.deliver()
        assert heard.tries == 1
        [sent] = await room.deliveries()
        assert sent["state"] == "sent"


async def test_alerts_that_meet_a_locked_database_are_refused_and_told_when_they_come_again(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, busy_timeout_s=0.02) as room:
        heard = await room.add("webhook")
        with closing(sqlite3.connect(tmp_path / "midwatch.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(UpstreamUnavailable):
                await room.receive(alert())
        await room.receive(alert())
        await room.deliver()
        assert len(heard.taken) == 1


async def _at_once(room: Room) -> None:
    """As if the waits were over."""
    async with room.store.session() as tables:
        waiting = await tables.outbox.latest(state="pending")
        await tables.outbox.save([replace(one, run_after=utc_now()) for one in waiting])
        for channel in await tables.channels.all():
            await tables.channels.save(replace(channel, rest_until=None))
