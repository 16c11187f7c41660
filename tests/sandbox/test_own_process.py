"""The practice cluster as a process: it says where it listens, and never outlives its owner."""

import json
import subprocess
import sys
from pathlib import Path

from core.http import client

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"


def started(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "sandbox", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told_by(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    told: dict[str, str] = json.loads(process.stdout.readline())
    return told


async def test_it_tells_where_it_listens_and_ends_when_its_standard_input_does() -> None:
    with started(SHOP) as process:
        told = told_by(process)
        async with client(told["prometheus"], timeout_s=10) as http:
            answer = await http.get("/api/v1/query", params={"query": "up"})
        assert answer.json()["status"] == "success"
        process.communicate()
    assert process.returncode == 0


def test_its_credentials_go_with_it() -> None:
    with started(SHOP) as process:
        kubeconfig = Path(told_by(process)["kubeconfig"])
        assert kubeconfig.is_file()
        process.communicate()
    assert not kubeconfig.exists()


def test_a_snapshot_it_cannot_read_is_told_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "pod.yaml").write_text("kind: Pod\n  metadata: [\n")
    with started(tmp_path) as process:
        told = told_by(process)
    assert process.returncode == 2
    assert told["code"] == "invalid"
    assert "pod.yaml, line 2:" in told["message"]
