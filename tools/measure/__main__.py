"""Start the product as people start it, and print docs/performance.md's table."""

import asyncio
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"http://127\.0\.0\.1:\d+/login\?token=\S+")
SHOP = ROOT / "sandbox" / "snapshots" / "shop"
MIDWATCH = str(ROOT / ".venv" / "bin" / "midwatch")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
QUESTION = "Why is checkout failing?"
Row = tuple[str, str, str, str]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def cpu_s_of(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


class Up:
    """`midwatch up` on a free port, with an empty home."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.output = home / "output.txt"
        self.env = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        self.env |= {"MIDWATCH_DATA_DIR": str(home / "data"), **environment}
        with self.output.open("w") as output:
            command = [MIDWATCH, "up", "--port", "0"]
            self.process = subprocess.Popen(
                command, cwd=home, env=self.env, stdout=output, stderr=subprocess.STDOUT
            )
        while not (found := LINK.search(self.output.read_text())):
            if self.process.poll() is not None:
                sys.exit(self.output.read_text())
            time.sleep(0.01)
        self.ready_cpu_s = self.cpu_s()
        self.address, _, self.link = found.group().partition("/login")
        self.cookie = self._signed_in(found.group())

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def rss_mib(self) -> float:
        return rss_mib(self.process.pid)

    def practice_rss_mib(self) -> float:
        """Of the practice cluster, the one process that this one starts."""
        pid = self.process.pid
        [cluster] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return rss_mib(int(cluster))

    def _signed_in(self, link: str) -> str:
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: Any) -> None:
                return None

        try:
            urllib.request.build_opener(Stay).open(link)
        except urllib.error.HTTPError as answer:
            return answer.headers["set-cookie"].split(";")[0]
        sys.exit("the login link did not redirect")

    def ask(self, question: str) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.address}/api/v1/query",
            json.dumps({"question": question}).encode(),
            {"content-type": "application/json", "cookie": self.cookie, "origin": self.address},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@contextmanager
def up(**environment: str) -> Iterator[Up]:
    with tempfile.TemporaryDirectory() as home:
        started = Up(Path(home), **environment)
        try:
            yield started
        finally:
            started.process.terminate()
            started.process.wait()


@contextmanager
def provider() -> Iterator[dict[str, str]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.measure.provider", str(port)], cwd=ROOT
    )
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.02)
    try:
        yield {"ANTHROPIC_API_KEY": "sk-ant-none", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}
    finally:
        process.terminate()
        process.wait()


def starting() -> Iterator[Row]:
    loop = [sys.executable, "-c", "sum(n * n for n in range(10_000_000))"]
    runs = [cpu_s_of(loop) for _ in range(5)]
    yield "this machine: ten million squares in Python", f"{median(runs):.2f} s", "", "median of 5"
    runs = [cpu_s_of([MIDWATCH, "--help"]) for _ in range(7)]
    yield "`midwatch --help`, CPU", f"{median(runs):.2f} s", "< 0.3 s", "median of 7"
    cpu, first, rss, cluster = zip(*(started_and_asked() for _ in range(5)), strict=True)
    how = "new database; median of 5"
    yield "`midwatch up` to ready, CPU", f"{median(cpu):.2f} s", "< 2 s", how
    how = "loads the tool servers that it needs; median of 5"
    yield "the first question after that, CPU", f"{median(first):.2f} s", "", how
    what = "resident memory after ten turns"
    yield what, f"{median(rss):.0f} MiB", "< 150 MiB", "the service; median of 5"
    yield what, f"{median(cluster):.0f} MiB", "", "its practice cluster, a process of its own"
    runs = [wall_s_of_investigation() for _ in range(3)]
    how = "starts a practice cluster each time; median of 3"
    yield "`midwatch investigate --snapshot`, wall", f"{median(runs):.2f} s", "", how


def started_and_asked() -> tuple[float, float, float, float]:
    """CPU seconds to ready and of the first question; MiB after ten, of the service and its cluster."""
    with up() as service:
        before = service.cpu_s()
        service.ask(QUESTION)
        first = service.cpu_s() - before
        for _ in range(9):
            service.ask(QUESTION)
        return service.ready_cpu_s, first, service.rss_mib(), service.practice_rss_mib()


def wall_s_of_investigation() -> float:
    began = time.monotonic()
    command = [MIDWATCH, "investigate", "--snapshot", str(SHOP), "-n", "shop"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.monotonic() - began


def turns() -> Iterator[Row]:
    with provider() as environment, up(**environment) as service:
        for _ in range(5):
            service.ask("list namespaces")
        count = 30
        before = service.cpu_s()
        for _ in range(count):
            service.ask("list namespaces")
        cost = (service.cpu_s() - before) / count * 1000
        yield (
            "turn with two model calls, CPU",
            f"{cost:.0f} ms",
            "< 30 ms",
            "the service",
        )
        before = service.cpu_s()
        for _ in range(count):
            answer = service.ask("show the logs of checkout in shop PLAN10")
        cost = (service.cpu_s() - before) / count * 1000
        sizes = [one["result_tokens"] for one in answer["tool_calls"]]
        yield (
            "turn with ten tool results, CPU",
            f"{cost:.0f} ms",
            "< 150 ms",
            f"{len(sizes)} results of about {median(sizes):.0f} tokens",
        )


async def tokens() -> list[Row]:
    from agent.subagents.rca import RCA
    from core.principal import Permission, Principal
    from mcp_servers.client import Connections, Tools, in_process
    from sandbox.server import serving

    judge = Principal(subject="measure", permissions=frozenset(Permission))
    async with serving(SHOP) as addresses:
        connections = Connections(
            kubeconfig=addresses.kubeconfig, prometheus_url=addresses.prometheus
        )
        async with in_process(connections) as sessions:
            tools = Tools(sessions, judge)
            offered = await RCA.offered(tools)
            answer = await tools.call("rca_investigate", namespace="shop", name="checkout")
    schemas = [
        {"name": one.name, "description": one.description, "input_schema": one.input_schema}
        for one in offered
    ]
    size = len(json.dumps(schemas, ensure_ascii=False, separators=(",", ":"))) / 4
    return [
        (
            "tool schemas offered to rca",
            f"{size:.0f} tokens",
            "< 2,350",
            f"{len(offered)} tools, characters / 4",
        ),
        (
            "result of one rca_investigate",
            f"{len(answer.text) / 4:.0f} tokens",
            "< 1,500",
            "story `shop`, characters / 4",
        ),
    ]


def main() -> None:
    print("| what | measured | bound | how |\n|---|---|---|---|")
    for row in (*starting(), *turns(), *asyncio.run(tokens())):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
