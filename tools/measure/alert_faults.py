"""Alerts through a service that is killed and whose database is locked, to a channel that fails: what got lost or doubled.

    .venv/bin/python -m tools.measure.alert_faults [ALERTS] [KILLS] [LOCKS]

The sender repeats a request until it is answered with 2xx, as Alertmanager does. The channel answers one
message in five with 429, 500 or 503, and one in a hundred not before the sender has given up. The service is
killed with SIGKILL and started again over the same database, and another program holds the database's
write lock for longer than the service waits for it. Both are spread evenly over the alerts.
"""

import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from tools.measure.__main__ import Up
from tools.measure.alerts import Alert, Door, alerts
from tools.measure.receiver import Receiver, receiving

FAILING, HANGING, SENDERS = 0.2, 0.01, 4
# Of many alerts more come in one request, as they do in a storm: a message costs five tries or so.
IN_A_REQUEST, MOST_REQUESTS = 10, 2_000
# A writer waits five seconds for another program (`BUSY_TIMEOUT_S` in core.storage.database).
LOCKED_S = 7.0
# Nothing more was told for so long: what is missing is lost.
QUIET_S = 900.0


class Mortal:
    """A service on one home, and the door of the one that lives."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.up = Up(home)
        self.door = Door(self.up)

    def killed(self) -> None:
        self.up.process.kill()
        self.up.process.wait()
        self.up = Up(self._home)
        self.door = Door(self.up)

    def locked(self) -> None:
        """Another program writes, and takes its time."""
        with closing(sqlite3.connect(self._home / "data" / "midwatch.db", timeout=60)) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            time.sleep(LOCKED_S)
            other.execute("ROLLBACK")


@dataclass
class Sending:
    """Several threads take from the same list until all was taken in."""

    service: Mortal
    bodies: list[Sequence[Alert]]
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        while True:
            try:
                body = self.bodies.pop()
            except IndexError:
                return
            while not self._posted(body):
                time.sleep(0.2)

    def _posted(self, body: Sequence[Alert]) -> bool:
        try:
            self.service.door.post(body)
        except (OSError, HTTPException):
            with self._lock:
                self.refused += 1
            return False
        return True


def harmed(sending: Sending, kills: int, locks: int) -> None:
    """Kill and lock by turns, each when its share of the requests is gone."""
    faults = sorted(
        [((n + 0.5) / kills, sending.service.killed) for n in range(kills)]
        + [((n + 0.75) / locks, sending.service.locked) for n in range(locks)],
        key=lambda one: one[0],
    )
    requests = len(sending.bodies)
    for share, fault in faults:
        while len(sending.bodies) > requests * (1 - share):
            time.sleep(0.01)
        fault()


def told(receiver: Receiver, many: int) -> None:
    """Until everybody was told of, or nothing more comes."""
    heard, since = len(receiver.told_at), time.monotonic()
    while len(receiver.told_at) < many and time.monotonic() - since < QUIET_S:
        time.sleep(0.1)
        if len(receiver.told_at) > heard:
            heard, since = len(receiver.told_at), time.monotonic()


def main(many: int, kills: int, locks: int) -> None:
    with tempfile.TemporaryDirectory() as home, receiving(FAILING, HANGING) as receiver:
        service = Mortal(Path(home))
        service.door.add(receiver)
        drawn = alerts(many)
        each = max(IN_A_REQUEST, -(-many // MOST_REQUESTS))
        sending = Sending(service, [drawn[n : n + each] for n in range(0, many, each)])
        requests, began = len(sending.bodies), time.monotonic()
        senders = [threading.Thread(target=sending.run) for _ in range(SENDERS)]
        for one in senders:
            one.start()
        harmed(sending, kills, locks)
        for one in senders:
            one.join()
        told(receiver, many)
        twice = sum(times - 1 for times in receiver.acknowledged.values())
        took_s = time.monotonic() - began
        print(f"{many} alerts in {requests} requests, {took_s:.0f} s")
        print(f"kill -9: {kills} times; database locked for {LOCKED_S:.0f} s: {locks} times")
        print(f"requests that were not taken in and sent again: {sending.refused}")
        print(f"lost: {many - len(receiver.told_at)}")
        print(f"messages that were left hanging: {receiver.hung}")
        print(f"messages acknowledged: {len(receiver.acknowledged)}, more than once: {twice}")
        service.up.process.terminate()
        service.up.process.wait()


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*given, *(2000, 5, 2)[len(given) :])
