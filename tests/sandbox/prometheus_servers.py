"""Real servers on loopback: our routes under uvicorn, and Debian's Prometheus with backfilled data."""

import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

_START_TIMEOUT_S = 30.0


@contextmanager
def serving(routes: Sequence[BaseRoute]) -> Generator[str]:
    """Routes behind an ordinary HTTP server; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = Starlette(routes=routes)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def real_prometheus(folder: Path, metrics: Path | None = None, rules: str = "") -> Generator[str]:
    """Debian's Prometheus over what promtool made of an OpenMetrics file."""
    data, config = folder / "data", folder / "prometheus.yaml"
    if metrics:
        backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics"]
        subprocess.run([*backfill, metrics, data], check=True, capture_output=True)
    (folder / "rules.yaml").write_text(rules)
    config.write_text("rule_files: [rules.yaml]\n" if rules else "global: {}\n")
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
        yield
    finally:
        program.terminate()
        program.wait(timeout=20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return False
    except OSError:
        return False
