"""A small HTTP server on loopback that answers JSON with server-sent events, for scripted models."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

Json = dict[str, Any]
Reply = Callable[[Json], Iterable[str]]


@asynccontextmanager
async def answering(reply: Reply, port: int = 0) -> AsyncGenerator[str]:
    """Answer every POST with the events that `reply` makes of its body; yields the address.

    `port` 0: any free one.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while body := await _body(reader):
            sent = "".join(f"{event}\n\n" for event in reply(json.loads(body))).encode()
            head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: "
            writer.write(f"{head}{len(sent)}\r\n\r\n".encode() + sent)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield f"http://{host}:{port}"


async def _body(reader: asyncio.StreamReader) -> bytes:
    """The body of the next request; empty when the connection ended."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.startswith(b"content-length")
        )
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return b""
