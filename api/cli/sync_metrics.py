"""The counts of `midwatch sync` for a Prometheus that asks, on an address of its own."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from api.cli.sentences import SENTENCES
from core.errors import Invalid

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@contextmanager
def told_at(address: str, text: Callable[[], str]) -> Generator[int]:
    """Answer GET /metrics at HOST:PORT for as long as this is open; the port, which 0 leaves open.

    Raises `Invalid` when the address is none, or taken.
    """
    with _server(address, text) as server:
        Thread(target=server.serve_forever, name="sync-metrics", daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _server(address: str, text: Callable[[], str]) -> ThreadingHTTPServer:
    host, _, port = address.rpartition(":")
    try:
        return ThreadingHTTPServer((host.strip("[]") or "127.0.0.1", int(port)), _answering(text))
    except (OSError, ValueError, OverflowError) as error:
        raise SENTENCES.error(Invalid, "sync_listen", address=address, why=str(error)) from error


def _answering(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        timeout = 10.0  # seconds; who opens a connection and says nothing holds a thread

        def do_GET(self) -> None:
            known = urlsplit(self.path).path == "/metrics"
            body = text().encode() if known else b""
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", TEXT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Nobody reads who asked."""

    return Answering
