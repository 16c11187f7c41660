"""A proxy on loopback that fails on purpose, in front of a server that does not.

By rule, for a path and a number of requests: an answer of its own, a body cut in the middle, an
end of stream while the connection stays open, a wait before the first or before every part, a
reset. Whatever no rule is about goes through unchanged. One connection carries one request.
"""

import asyncio
import json
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import yaml

Result = TypeVar("Result")
Wait = Callable[[], Awaitable[None]]

CHUNK_BYTES = 4096
START_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Exchange:
    """One request, where its answer goes, and how to ask the server behind."""

    target: str
    request: bytes
    upstream: tuple[str, int]
    client_reader: asyncio.StreamReader
    client: asyncio.StreamWriter

    async def answered(self) -> tuple[bytes, bytes]:
        """The head and the body that the server behind gives."""
        reader, writer = await asyncio.open_connection(*self.upstream)
        try:
            writer.write(self.request)
            await writer.drain()
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
            return head + b"\r\n\r\n", body
        finally:
            writer.close()

    async def send(self, data: bytes) -> None:
        self.client.write(data)
        await self.client.drain()

    def reset(self) -> None:
        """End the connection as a crashed server does: nothing more is read or sent."""
        raw: socket.socket = self.client.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.transport.abort()


class Fault(Protocol):
    """What goes wrong with one request."""

    async def spoil(self, exchange: Exchange) -> None: ...


@dataclass(frozen=True)
class Answer:
    """Answers in the server's place, which never sees the request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    async def spoil(self, exchange: Exchange) -> None:
        headers = {**self.headers, "Content-Length": str(len(self.body)), "Connection": "close"}
        lines = [f"HTTP/1.1 {self.status} Fault", *(f"{k}: {v}" for k, v in headers.items())]
        await exchange.send("\r\n".join([*lines, "", ""]).encode() + self.body)


@dataclass(frozen=True)
class CutShort:
    """The head and a part of the body arrive, then the connection ends."""

    share: float = 0.5

    async def spoil(self, exchange: Exchange) -> None:
        head, body = await exchange.answered()
        await exchange.send(head + body[: int(len(body) * self.share)])


@dataclass(frozen=True)
class HalfClosed:
    """Like `CutShort`, but only this direction ends: the other stays open until the client ends it."""

    async def spoil(self, exchange: Exchange) -> None:
        head, body = await exchange.answered()
        await exchange.send(head + body[: len(body) // 2])
        exchange.client.write_eof()
        await exchange.client_reader.read(-1)


@dataclass(frozen=True)
class Slow:
    """Waits before the first byte and before every chunk; a wait that never ends is `never`."""

    first: Wait | None = None
    each: Wait | None = None

    async def spoil(self, exchange: Exchange) -> None:
        head, body = await exchange.answered()
        if self.first:
            await self.first()
        for start in range(0, len(head + body), CHUNK_BYTES):
            if self.each:
                await self.each()
            await exchange.send((head + body)[start : start + CHUNK_BYTES])


@dataclass(frozen=True)
class Reset:
    """The request is read and the connection reset: it stays unknown whether it was served."""

    async def spoil(self, exchange: Exchange) -> None:
        exchange.reset()


async def never() -> None:
    """The wait that only the end of the proxy ends."""
    await asyncio.Event().wait()


def status(code: int, message: str, reason: str = "", **headers: str) -> Answer:
    """An answer as the Kubernetes API writes refusals; header names use `_` for `-`."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    full = json.dumps({**body, "message": message, "reason": reason}).encode()
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(code, full, {"Content-Type": "application/json", **told})


def too_many_requests(after_s: str = "1") -> Answer:
    return status(429, "too many requests", "TooManyRequests", Retry_After=after_s)


def expired_token() -> Answer:
    return status(401, "Unauthorized", "Unauthorized")


def too_old() -> Answer:
    """410: the continue token, or the version a watch begins at, is no longer known."""
    return status(410, "The provided continue parameter is too old.", "Expired")


def no_such_version() -> Answer:
    """What an older or newer server says about a group version that it does not serve."""
    return Answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})


@dataclass
class Rule:
    """A fault for the next `times` requests whose method and target match, after `after` others."""

    pattern: re.Pattern[str]
    fault: Fault
    times: int
    after: int

    def takes(self, request_line: str) -> bool:
        if not self.times or not self.pattern.search(request_line):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Proxy:
    """Where it listens, and every request it was asked, as `GET /path?query`."""

    upstream: tuple[str, int]
    port: int = 0
    asked: list[str] = field(default_factory=list[str])
    _rules: list[Rule] = field(default_factory=list[Rule])
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    # The loop itself would let a task that waits for nothing be collected.
    _serving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, pattern: str, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Spoil `times` requests whose `GET /path?query` matches, once `after` went through."""
        self._rules.append(Rule(re.compile(pattern), fault, times, after))

    def requests(self, pattern: str) -> int:
        """How many requests so far match."""
        return sum(bool(re.search(pattern, one)) for one in self.asked)

    def close(self) -> None:
        """Refuse every connection from now on, with the port kept in mind."""
        self._run(self._stop_listening())

    def open(self) -> None:
        """Listen, again at the same port."""
        self._run(self._listen())

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server:
            self._server.close()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            line, request = await _request(reader)
            self.asked.append(line)
            exchange = Exchange(line, request, self.upstream, reader, writer)
            await self._fault_for(line).spoil(exchange)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a client that went away is what some tests are about; so is the proxy's end
        finally:
            writer.close()

    def _fault_for(self, line: str) -> Fault:
        return next((rule.fault for rule in self._rules if rule.takes(line)), Slow())


async def _request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """`GET /path?query`, and the request as the server behind shall get it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *headers = head.rstrip("\r\n").split("\r\n")
    fields = {
        name.lower(): text.strip() for name, _, text in (one.partition(":") for one in headers)
    }
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    kept = [one for one in headers if not one.lower().startswith("connection:")]
    request = "\r\n".join([first, *kept, "Connection: close", "", ""]).encode("latin-1") + body
    return first.rpartition(" ")[0], request


@contextmanager
def proxying(url: str) -> Generator[Proxy]:
    """A proxy in front of the server at `url`, in a thread of its own, until the block ends."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    proxy = Proxy((parts.hostname, parts.port))
    thread = threading.Thread(target=proxy._loop.run_forever, name="fault-proxy", daemon=True)
    thread.start()
    try:
        proxy.open()
        yield proxy
    finally:
        proxy._run(_ended(proxy))
        proxy._loop.call_soon_threadsafe(proxy._loop.stop)
        thread.join()
        proxy._loop.close()


async def _ended(proxy: Proxy) -> None:
    await proxy._stop_listening()
    ours = asyncio.current_task()
    waiting = [task for task in asyncio.all_tasks() if task is not ours]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)  # transports close their sockets one turn of the loop later
    await asyncio.sleep(0)


def kubeconfig_through(proxy: Proxy, kubeconfig: Path, folder: Path) -> Path:
    """The same credentials, by way of the proxy."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = proxy.url
    changed = folder / "kubeconfig-through-proxy"
    changed.write_text(yaml.safe_dump(config))
    return changed
