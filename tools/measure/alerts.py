"""Alerts from webhook to channel: how late at 200 a second, how many are taken in, and a storm of 5,000.

    .venv/bin/python -m tools.measure.alerts [SECONDS]

The service is `midwatch up` with SQLite; the sender and the channel are in this process, on loopback.
A real Alertmanager is measured beside it where its program is found, by the same senders on the same machine.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from tools.measure.__main__ import Up, cpu_s_of, free_port, up
from tools.measure.receiver import Receiver, receiving

PER_S, IN_A_REQUEST = 200, 5
STORM, SENDERS = 5_000, 8
PATIENCE_S = 120.0
NUMBERS = count()
SQUARES = "sum(n * n for n in range(10_000_000))"
Alert = dict[str, Any]


def alerts(many: int) -> list[Alert]:
    """As Alertmanager sends them, each with a name of its own."""
    began = datetime.now(UTC).isoformat()
    return [
        {
            "status": "firing",
            "labels": {
                "alertname": f"Drawn{next(NUMBERS)}",
                "severity": "warning",
                "namespace": "shop",
                "instance": "10.0.0.1:9100",
            },
            "annotations": {"summary": "A drawn alert.", "description": "As long as most are." * 5},
            "startsAt": began,
            "endsAt": "0001-01-01T00:00:00Z",
        }
        for _ in range(many)
    ]


def webhook(many: Sequence[Alert]) -> dict[str, Any]:
    told: dict[str, Any] = {"version": "4", "status": "firing", "receiver": "midwatch"}
    return {**told, "groupKey": many[0]["labels"]["alertname"], "alerts": list(many)}


class Door:
    """A running service, asked as a person who may do everything."""

    def __init__(self, service: Up) -> None:
        self._address, self._cookie = service.address, service.cookie
        self.cpu_s = service.cpu_s

    def ask(self, method: str, path: str, body: Any) -> Any:
        headers = {"content-type": "application/json", "cookie": self._cookie}
        request = urllib.request.Request(
            self._address + path,
            json.dumps(body).encode(),
            {**headers, "origin": self._address},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def post(self, many: Sequence[Alert]) -> None:
        self.ask("POST", "/api/v1/alerts/alertmanager", webhook(many))

    def add(self, receiver: Receiver) -> None:
        channel = {"name": "measured", "kind": "webhook", "settings": receiver.settings()}
        self.ask("POST", "/api/v1/channels", channel)

    def set_policy(self, document: dict[str, Any]) -> None:
        asked = {"document": document, "reason": "measured", "based_on": 0}
        self.ask("PUT", "/api/v1/alert-policy", asked)


@contextmanager
def told(policy: dict[str, Any]) -> Generator[tuple[Door, Receiver]]:
    """A new service with one channel."""
    with receiving() as receiver, up() as service:
        door = Door(service)
        door.add(receiver)
        door.set_policy(policy)
        door.post(alerts(1))  # loads the servers that it needs
        wait_for(lambda: len(receiver.told_at) == 1)
        receiver.told_at.clear()
        receiver.counted = receiver.messages = 0
        receiver.first_at = 0.0
        yield door, receiver


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > until:
            sys.exit("not everything was told in two minutes")
        time.sleep(0.01)


def passing_through(seconds: int) -> tuple[list[float], list[float], float]:
    """From the moment a request is due, and from the answer to it, to the moment the channel has it,
    both sorted; and CPU seconds."""
    sent_at: dict[str, float] = {}
    answered_at: dict[str, float] = {}

    def post(many: Sequence[Alert]) -> None:
        door.post(many)
        answered_at.update({one["labels"]["alertname"]: time.monotonic() for one in many})

    with told({}) as (door, receiver), ThreadPoolExecutor(SENDERS) as senders:
        cpu_s, began, step = door.cpu_s(), time.monotonic(), IN_A_REQUEST / PER_S
        for n in range(seconds * PER_S // IN_A_REQUEST):
            due = began + n * step
            time.sleep(max(0.0, due - time.monotonic()))
            many = alerts(IN_A_REQUEST)
            sent_at |= {one["labels"]["alertname"]: due for one in many}
            senders.submit(post, many)
        wait_for(lambda: len(receiver.told_at) == len(sent_at))
        wait_for(lambda: len(answered_at) == len(sent_at))
        late = sorted(at - sent_at[name] for name, at in receiver.told_at.items())
        after = sorted(at - answered_at[name] for name, at in receiver.told_at.items())
        return late, after, door.cpu_s() - cpu_s


def taken_in(post: Callable[[Sequence[Alert]], None], requests: int = 100) -> float:
    """Alerts a second that are answered with 2xx, ten a request, from several senders at once."""
    bodies = [alerts(10) for _ in range(requests)]
    began = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(post, bodies))
    return 10 * requests / (time.monotonic() - began)


def alertmanager_program() -> str | None:
    """As its makers call it, or as Debian does."""
    return shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")


@contextmanager
def alertmanager(program: str) -> Generator[Callable[[Sequence[Alert]], None]]:
    """A real one with a receiver that nothing is sent to."""
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "alertmanager.yml"
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        process = subprocess.Popen(
            [
                *(program, f"--config.file={config}", f"--storage.path={home}"),
                *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
            ],
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{port}/api/v2/alerts"

        def post(many: Sequence[Alert]) -> None:
            plain = [{key: one[key] for key in ("labels", "annotations")} for one in many]
            request = urllib.request.Request(
                address, json.dumps(plain).encode(), {"content-type": "application/json"}
            )
            urllib.request.urlopen(request, timeout=60).read()

        wait_for(lambda: _answers(address))
        try:
            yield post
        finally:
            process.terminate()
            process.wait()


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=1).read()
    except OSError:
        return False
    return True


def storm() -> tuple[float, float, int, int]:
    """Seconds to the first page and to the last alert, messages, and alerts that they speak of."""
    policy = {"switches": {"storm": "on"}, "storm": {"alerts": 100, "digest_every": "PT10S"}}
    with told(policy) as (door, receiver), ThreadPoolExecutor(SENDERS) as senders:
        began = time.monotonic()
        many = alerts(STORM)
        list(senders.map(door.post, [many[n : n + 50] for n in range(0, STORM, 50)]))
        wait_for(lambda: receiver.counted >= STORM)
        last_s = time.monotonic() - began
        return receiver.first_at - began, last_s, receiver.messages, receiver.counted


def _middle_and_late(waits_s: Sequence[float]) -> tuple[float, float]:
    return waits_s[len(waits_s) // 2], waits_s[int(len(waits_s) * 0.99)]


def main(seconds: int) -> None:
    late, after, cpu_s = passing_through(seconds)
    print("| what | measured | bound | how |")
    print("|---|---|---|---|")
    squares = median(cpu_s_of([sys.executable, "-c", SQUARES]) for _ in range(3))
    print(
        f"| this machine: ten million squares in Python | {squares:.2f} s |  | CPU, median of 3 |"
    )
    p50, p99 = _middle_and_late(late)
    how = f"{PER_S} a second for {seconds} s, {IN_A_REQUEST} a request; {len(late)} alerts"
    print(f"| from webhook to channel, P99 (median) | {p99:.2f} s ({p50:.2f} s) | ≤ 1 s | {how} |")
    p50, p99 = _middle_and_late(after)
    told_how = "what of it is not the waiting for the answer"
    print(
        f"| from the answer to the channel, P99 (median) | {p99:.2f} s ({p50:.2f} s) |  | {told_how} |"
    )
    each = f"{1000 * cpu_s / len(late):.1f} ms"
    print(
        f"| the same, CPU of the service an alert | {each} |  | received, told and written down |"
    )
    with told({}) as (door, _):
        rate = taken_in(door.post)
    how = f"stored and decided on before the answer; {SENDERS} senders, 10 a request"
    print(f"| alerts taken in | {rate:.0f} a second |  | {how} |")
    if program := alertmanager_program():
        with alertmanager(program) as post:
            print(
                f"| the same by a real Alertmanager | {taken_in(post):.0f} a second |  | in memory |"
            )
    first_s, last_s, messages, counted = storm()
    print(f"| first page of a storm of {STORM} | {first_s:.2f} s | ≤ 2 s | 50 a request |")
    how = f"{messages} messages speak of {counted} alerts; a digest each 10 s"
    print(f"| the whole storm told | {last_s:.1f} s |  | {how} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
