"""Time and memory of `midwatch diagnose -A` over a large practice cluster.

    .venv/bin/python -m tools.measure.large [NODES] [PODS]

Without numbers: 1,000 nodes and 20,000 pods, of which one in a hundred crashes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.measure.large_cluster import AT, large_cluster

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]


def write(folder: Path, nodes: int, pods: int) -> None:
    (folder / "objects").mkdir(parents=True)
    items = list(large_cluster(nodes, pods))
    told = {"apiVersion": "v1", "kind": "List", "items": items}
    (folder / "objects" / "all.json").write_text(json.dumps(told))
    about = f"name: large\ncluster: large\ncaptured_at: '{AT}'\n"
    (folder / "snapshot.yaml").write_text(about)


def served(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """`midwatch sandbox serve`, and the kubeconfig it wrote."""
    command = [sys.executable, "-m", "api.cli", "sandbox", "serve", str(folder), "--output", "json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = ""
    while not told.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, "the practice cluster did not start"
        told += line
    return process, json.loads(told)["kubeconfig"]


def measured(command: list[str]) -> tuple[float, float, float, int]:
    """Seconds, those of its own CPU, MiB at most, and how many bytes it printed."""
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        printed = len(process.stdout.read())
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    cpu_s = usage.ru_utime + usage.ru_stime
    return time.monotonic() - started, cpu_s, usage.ru_maxrss / 1024, printed


def squares_s() -> float:
    """How long ten million squares take at the moment: the speed of the machine, and who else uses it."""
    started = time.monotonic()
    sum(n * n for n in range(10_000_000))
    return time.monotonic() - started


def resident_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    [rss] = [line for line in text.splitlines() if line.startswith("VmRSS")]
    return int(rss.split()[1]) / 1024


def memory_mib(program: str, folder: Path) -> float:
    """Of the processes of a program that work in a folder."""
    commands = ((path, path.read_text()) for path in Path("/proc").glob("[0-9]*/cmdline"))
    pids = (
        int(path.parent.name)
        for path, command in commands
        if command.split("\0")[0].endswith(f"/{program}") and str(folder) in command
    )
    return sum(map(resident_mib, pids))


def told(took_s: float, cpu_s: float, peak_mib: float, printed: int) -> str:
    return (
        f"midwatch diagnose -A: {took_s:.1f} s, {cpu_s:.1f} s of its own CPU, {peak_mib:.0f} MiB, "
        f"{printed} bytes printed; ten million squares: {squares_s():.2f} s"
    )


def main(nodes: int = 1000, pods: int = 20_000) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "large"
        write(folder, nodes, pods)
        started = time.monotonic()
        server, kubeconfig = served(folder)
        try:
            start_s = time.monotonic() - started
            flags = ["--kubeconfig", kubeconfig, "--output", "json"]
            command = [sys.executable, "-m", "api.cli", "diagnose", "-A", *flags]
            took_s, cpu_s, peak_mib, printed = measured(command)
            mib = resident_mib(server.pid)
        finally:
            server.terminate()
            server.wait()
    print(f"{nodes} nodes, {pods} pods")
    print(f"practice cluster: started in {start_s:.1f} s, {mib:.0f} MiB")
    print(told(took_s, cpu_s, peak_mib, printed))


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]))
