"""Real servers on loopback: our routes under uvicorn, and Debian's Prometheus with backfilled data."""

import functools
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from tests.ports import free_port

_START_TIMEOUT_S = 30.0


class Stage:
    """One HTTP server for all tests: to start and stop one for each takes longer than the tests."""

    def __init__(self) -> None:
        self.apps: dict[str, Starlette] = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(self, log_config=None, lifespan="off", ws="none"))
        run = functools.partial(server.run, sockets=[self.listener])
        threading.Thread(target=run, daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.apps[scope["path"].split("/")[1]](scope, receive, send)


@functools.cache
def stage() -> Stage:
    return Stage()


@contextmanager
def serving(routes: Sequence[BaseRoute]) -> Generator[str]:
    """Routes behind an ordinary HTTP server, under a prefix of their own; the address."""
    name = uuid.uuid4().hex
    stage().apps[name] = Starlette(routes=[Mount(f"/{name}", routes=routes)])
    try:
        yield f"http://127.0.0.1:{stage().listener.getsockname()[1]}/{name}"
    finally:
        del stage().apps[name]


@contextmanager
def real_prometheus(
    folder: Path, metrics: Path | None = None, rules: str = "", told: str = ""
) -> Generator[str]:
    """Debian's Prometheus over what promtool made of an OpenMetrics file.

    `rules` is one rule file; `told` is a configuration of one's own, in a folder of its own.
    """
    data, config = folder / "data", folder / "prometheus.yaml"
    if metrics:
        backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics"]
        subprocess.run([*backfill, metrics, data], check=True, capture_output=True)
    (folder / "rules.yaml").write_text(rules)
    config.write_text(told or ("rule_files: [rules.yaml]\n" if rules else "global: {}\n"))
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, folder / "prometheus.log", f"http://127.0.0.1:{port}/-/ready"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: Sequence[str], log: Path, ready: str) -> Generator[None]:
    """A program until the block ends, from when its address answers."""
    with log.open("wb") as output:
        program = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _answers(ready):
            assert program.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        assert program.poll() is None, f"somebody else answers at {ready}"
        yield
    finally:
        program.terminate()
        program.wait(timeout=20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - loopback
            return True
    except urllib.error.HTTPError:
        return False
    except OSError:
        return False
