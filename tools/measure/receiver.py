"""A webhook that alerts are told to, in this process: when each was told, and how often.

It is asked on loopback, checks no signature, and fails as its `failing` says.
"""

import base64
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Longer than a sender waits for an answer.
HANGS_S = 7.0
SECRET = "whsec_" + base64.b64encode(b"measured on loopback").decode()


@dataclass
class Receiver:
    """`failing` is the share of messages that it answers with an error and does not take; `hanging`
    that of those it does not answer until whoever sent them has given up."""

    failing: float = 0.0
    hanging: float = 0.0
    hung: int = 0
    address: str = ""
    told_at: dict[str, float] = field(default_factory=dict[str, float])
    acknowledged: Counter[str] = field(default_factory=Counter[str])
    counted: int = 0
    messages: int = 0
    first_at: float = 0.0
    draw: random.Random = field(default_factory=lambda: random.Random(7))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, message_id: str, body: dict[str, Any]) -> int:
        """The status to answer with."""
        with self.lock:
            fate = self.draw.random()
            if fate < self.failing:
                return self.draw.choice([500, 503, 429])
            hangs = fate > 1 - self.hanging
            self.hung += hangs
        if hangs:
            time.sleep(HANGS_S)
            return 503
        with self.lock:
            data, now = body["data"], time.monotonic()
            if data["reason"] != "analysis" and not self.acknowledged[message_id]:
                self.messages += 1
                self.first_at = self.first_at or now
                self.counted += len(data["alerts"]) + data["left_out"]
                for alert in data["alerts"]:
                    self.told_at.setdefault(alert["name"], now)
            self.acknowledged[message_id] += 1
            return 204

    def settings(self) -> dict[str, str]:
        return {"url": self.address, "secret": SECRET}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = self.receiver.take(self.headers["webhook-id"], body)
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """What is measured is printed at the end."""


@contextmanager
def receiving(failing: float = 0.0, hanging: float = 0.0) -> Generator[Receiver]:
    receiver = Receiver(failing, hanging)
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    receiver.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
