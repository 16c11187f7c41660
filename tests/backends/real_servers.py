"""Debian's own Prometheus and Alertmanager, filled with what a snapshot holds."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx2
import yaml

from tests.ports import free_port

PATIENCE_S = 20.0


@contextmanager
def prometheus(snapshot: Path, folder: Path) -> Iterator[str]:
    """The address of a Prometheus whose newest sample is of this moment."""
    port = free_port()
    data = folder / "data"
    _backfill(snapshot, folder / "metrics.om", data)
    config = folder / "prometheus.yml"
    rules = [str(one) for one in sorted((snapshot / "rules").glob("*.yaml"))]
    targets = [{"job_name": "gone", "static_configs": [{"targets": ["127.0.0.1:1"]}]}]
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": targets,
        "rule_files": rules,
    }
    config.write_text(yaml.safe_dump(settings))
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=90d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    url = f"http://127.0.0.1:{port}"
    # Ready comes before the blocks are loaded and the first scrape is over.
    with _running(command, lambda: _answers(f"{url}/api/v1/query?query=up", '"gone"')):
        yield url


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    port = free_port()
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    command = [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'alerts'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with _running(command, lambda: _answers(f"{url}/-/ready", "")):
        yield url


def _backfill(snapshot: Path, merged: Path, data: Path) -> None:
    """What the snapshot measured, moved in time so that it ends now."""
    about = yaml.safe_load((snapshot / "snapshot.yaml").read_text())
    shift_s = time.time() - datetime.fromisoformat(about["captured_at"]).timestamp()
    lines: list[str] = []
    for file in sorted((snapshot / "metrics").glob("*.om")):
        for line in file.read_text().splitlines():
            if not line.startswith("#"):
                series, value, at = line.rsplit(" ", 2)
                lines.append(f"{series} {value} {float(at) + shift_s:.3f}")
            elif line != "# EOF":
                lines.append(line)
    merged.write_text("\n".join([*lines, "# EOF\n"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(merged), str(data)]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def _running(command: list[str], ready: Callable[[], bool]) -> Iterator[None]:
    executable = shutil.which(command[0])
    assert executable, f"{command[0]} is not installed"
    with subprocess.Popen([executable, *command[1:]], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until(ready)
            yield
        finally:
            process.terminate()


def _wait_until(ready: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline_s, "the server did not start"
        time.sleep(0.05)


def _answers(url: str, words: str) -> bool:
    try:
        answer = httpx2.get(url, timeout=1)
    except httpx2.HTTPError:
        return False
    return answer.status_code == 200 and words in answer.text
