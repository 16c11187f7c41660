"""Alerts through a service that is killed again and again, to a channel that fails: what got lost or doubled.

    .venv/bin/python -m tools.measure.alert_faults [ALERTS] [KILLS]

The sender repeats a request until it is answered with 2xx, as Alertmanager does. The channel answers one
message in five with 429, 500 or 503, and one in a hundred not before the sender has given up. The service is killed with SIGKILL and started again over the same database.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from tools.measure.__main__ import Up
from tools.measure.alerts import Alert, Door, alerts
from tools.measure.receiver import receiving

FAILING, HANGING, IN_A_REQUEST, SENDERS = 0.2, 0.01, 10, 4
PATIENCE_S = 900.0


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


def sent(service: Mortal, bodies: list[Sequence[Alert]]) -> None:
    """Until all were taken in; several threads take from the same list."""
    while True:
        try:
            body = bodies.pop()
        except IndexError:
            return
        while not _posted(service, body):
            time.sleep(0.2)


def _posted(service: Mortal, body: Sequence[Alert]) -> bool:
    try:
        service.door.post(body)
    except (OSError, HTTPException):
        return False
    return True


def main(many: int, kills: int) -> None:
    with tempfile.TemporaryDirectory() as home, receiving(FAILING, HANGING) as receiver:
        service = Mortal(Path(home))
        service.door.add(receiver)
        drawn = alerts(many)
        bodies: list[Sequence[Alert]] = [
            drawn[n : n + IN_A_REQUEST] for n in range(0, many, IN_A_REQUEST)
        ]
        requests, began = len(bodies), time.monotonic()
        senders = [threading.Thread(target=sent, args=(service, bodies)) for _ in range(SENDERS)]
        for one in senders:
            one.start()
        for n in range(kills):
            while bodies and len(bodies) > requests * (kills - n - 0.5) / kills:
                time.sleep(0.01)
            service.killed()
        for one in senders:
            one.join()
        while len(receiver.told_at) < many and time.monotonic() - began < PATIENCE_S:
            time.sleep(0.1)
        twice = sum(times - 1 for times in receiver.acknowledged.values())
        print(
            f"{many} alerts in {requests} requests, {kills} times kill -9, {time.monotonic() - began:.0f} s"
        )
        print(f"lost: {many - len(receiver.told_at)}")
        print(f"messages that were left hanging: {receiver.hung}")
        print(f"messages acknowledged: {len(receiver.acknowledged)}, more than once: {twice}")
        service.up.process.terminate()
        service.up.process.wait()


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*(given or (2000, 5)))
