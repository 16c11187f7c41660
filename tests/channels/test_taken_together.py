"""Requests that come within a moment are stored in one transaction, and each stands for itself."""

import asyncio
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from core.clock import utc_now
from core.errors import Invalid, OpsError
from core.security.encryption import Vault
from mcp_servers.alerting.intake import Intake, Received
from mcp_servers.client import desk_over
from mcp_servers.engines.alert_payloads import arrival_of
from mcp_servers.facts.alert_policies import Arrival
from tests.channels.conftest import Room, alert, webhook
from tests.channels.test_outbox_killed import killed

MANY = 30


def transactions(folder: Path) -> int:
    """In how many alerts were taken in."""
    with closing(sqlite3.connect(folder / "midwatch.db")) as file:
        return int(file.execute("SELECT passed FROM alert_gate").fetchone()[0])


async def names(room: Room) -> list[str]:
    return sorted(one["name"] for one in (await room.tools.call("alerting_list")).data["rows"])


async def test_many_requests_at_once_are_a_few_transactions_and_each_hears_of_its_own(
    room: Room, tmp_path: Path
) -> None:
    heard = await room.add("webhook")
    came = await asyncio.gather(*(room.receive(alert(f"A{n}")) for n in range(MANY)))
    assert came == [{"alerts": 1, "new": 1, "deliveries": 1}] * MANY
    assert transactions(tmp_path) <= 4
    await room.deliver()
    assert sorted(names_of(one) for one in heard.taken) == sorted([f"A{n}"] for n in range(MANY))


async def test_one_that_cannot_be_read_does_not_take_its_neighbours_along(room: Room) -> None:
    await room.add("webhook")
    unread = {"source": "alertmanager", "payload": {"alerts": "none"}}
    came = await asyncio.gather(
        room.receive(alert("A")),
        room.tools.call("alerting_receive", **unread),
        room.receive(alert("B")),
        return_exceptions=True,
    )
    assert [type(one) for one in came] == [dict, Invalid, dict]
    assert await names(room) == ["A", "B"]


async def test_one_that_cannot_be_stored_does_not_take_its_neighbours_along(room: Room) -> None:
    intake = Intake(desk_over(room.store, Vault.of("a key " * 8), practice=True))
    first, bad, last = (arrival(name) for name in ("A", "Bad", "B"))
    half = replace(bad.alerts[0], labels={"alertname": "half of a pair: \ud800"})
    bad = replace(bad, alerts=(half,))
    came = await asyncio.gather(
        *(intake.take(one) for one in (first, bad, last)), return_exceptions=True
    )
    assert [type(one) for one in came[::2]] == [Received, Received]
    assert isinstance(came[1], Exception)
    assert not isinstance(came[1], OpsError)
    assert await names(room) == ["A", "B"]


async def test_an_end_that_comes_with_its_start_is_told_after_it(room: Room) -> None:
    heard = await room.add("webhook")
    await room.receive(alert("Quiet"))  # what follows comes together
    every = [alert(f"A{n}", status) for n in range(5) for status in ("firing", "resolved")]
    came = await asyncio.gather(*(room.receive(one) for one in every))
    assert [(one["new"], one["deliveries"]) for one in came] == [(1, 1), (0, 1)] * 5
    await room.deliver()
    for n in range(5):
        told = [one["type"] for one in heard.taken if names_of(one) == [f"A{n}"]]
        assert told == ["alert.firing", "alert.resolved"]


async def test_peers_that_send_the_same_alert_in_one_moment_are_told_once(room: Room) -> None:
    heard = await room.add("webhook")
    await room.receive(alert("Quiet"))
    came = await asyncio.gather(*(room.receive(alert("Same")) for _ in range(6)))
    assert sum(one["new"] for one in came) == 1
    await room.deliver()
    assert [names_of(one) for one in heard.taken] == [["Quiet"], ["Same"]]


@pytest.mark.parametrize("point", ["before:1", "after:1", "before:2", "after:2"])
async def test_who_is_killed_between_requests_that_came_together_loses_none_that_come_again(
    room: Room, tmp_path: Path, point: str
) -> None:
    heard = await room.add("webhook")
    bodies = [webhook(alert(f"A{n}")) for n in range(8)]
    gone = await anyio.to_thread.run_sync(killed, tmp_path, "receive_all", point, bodies)
    assert gone == -signal.SIGKILL
    stored = await names(room)
    assert bool(stored) == (point != "before:1")
    for body in bodies:
        await room.receive(*body["alerts"])
    await room.deliver()
    assert sorted(names_of(one) for one in heard.taken) == [[f"A{n}"] for n in range(8)]


def arrival(name: str) -> Arrival:
    return arrival_of("alertmanager", webhook(alert(name)), utc_now())


def names_of(told: dict[str, Any]) -> list[str]:
    return [one["name"] for one in told["data"]["alerts"]]
