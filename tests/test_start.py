"""`midwatch up` as a newcomer meets it: one process, a link, a question, an orderly end."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from core.http import Client, client

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"http://127\.0\.0\.1:\d+/login\?token=\S+")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "api.cli", *arguments]


def environment(data_dir: Path, **variables: str) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "MIDWATCH_DATA_DIR": str(data_dir),
        "MIDWATCH_LOG__FORMAT": "json",
        **variables,
    }


@contextmanager
def up(
    data_dir: Path, *arguments: str, **variables: str
) -> Generator[tuple[subprocess.Popen[str], str]]:
    """A started service and its login link."""
    process = subprocess.Popen(
        command("up", "--port", "0", *arguments),
        cwd=data_dir,
        env=environment(data_dir, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            found = LINK.search(process.stdout.readline())
            assert found, process.communicate()[1]
            yield process, found[0]
        finally:
            process.kill()


async def signed_in(http: Client, link: str) -> None:
    assert (await http.get(link)).status_code == 303


def address(link: str) -> str:
    return link.split("/login")[0]


async def test_the_first_start_prints_a_link_that_opens_the_page(tmp_path: Path) -> None:
    with up(tmp_path) as (process, link):
        async with client(address(link), timeout_s=120) as http:
            await signed_in(http, link)
            assert "<title>Midwatch</title>" in (await http.get("/")).text
            assert (await http.get("/auth/me")).json()["edition"]["practice"] is True
            assert (await http.get("/readyz?verbose")).json()["checks"]["database"] == "ok"
            asked = {"question": "Why is checkout failing?"}
            answer = (await http.post("/api/v1/query", json=asked)).json()
            assert "256Mi" in answer["answer"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


async def test_a_conversation_outlives_the_process(tmp_path: Path) -> None:
    for _ in range(2):
        with up(tmp_path) as (process, link):
            async with client(address(link), timeout_s=120) as http:
                await signed_in(http, link)
                asked = {"question": "Why is checkout failing?", "thread_id": "kept"}
                await http.post("/api/v1/query", json=asked)
                told = (await http.get("/api/v1/threads/kept")).json()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
    assert [message["role"] for message in told["messages"]] == ["user", "assistant"] * 2


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["--snapshot", "nowhere"], {}, "There is no snapshot folder nowhere."),
        ([], {"MIDWATCH_SERVER__PROT": "1"}, "Did you mean MIDWATCH_SERVER__PORT?"),
        ([], {"MIDWATCH_DATA_DIR": "/proc/nowhere"}, "/proc/nowhere"),
        ([], {"MIDWATCH_CLUSTER": "live"}, "MIDWATCH_SIGNING_KEY is required"),
        (["--kubeconfig", "broken"], {"MIDWATCH_SIGNING_KEY": "k" * 32}, "broken"),
    ],
)
def test_what_cannot_start_says_so_in_one_sentence(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], said: str
) -> None:
    (tmp_path / "broken").write_text("a: [\n")
    done = subprocess.run(
        command("up", "--port", "0", *arguments),
        cwd=tmp_path,
        env={**environment(tmp_path), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command("up", "--port", str(port)),
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 2
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use. " in done.stderr


def practice_cluster_of(process: subprocess.Popen[str]) -> psutil.Process:
    [cluster] = psutil.Process(process.pid).children()
    return cluster


def test_the_practice_cluster_ends_with_the_service_however_that_ends(tmp_path: Path) -> None:
    with up(tmp_path) as (process, _):
        cluster = practice_cluster_of(process)
        process.kill()
        process.wait(10)
        cluster.wait(10)


async def test_a_practice_cluster_that_died_is_told_as_one_that_does_not_answer(
    tmp_path: Path,
) -> None:
    with up(tmp_path) as (process, link):
        practice_cluster_of(process).kill()
        async with client(address(link), timeout_s=120) as http:
            await signed_in(http, link)
            asked = {"question": "Why is checkout failing?"}
            told = (await http.post("/api/v1/query", json=asked)).json()
            assert {call["status"] for call in told["tool_calls"]} == {"upstream_unavailable"}
            assert told["citations"] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_service_loads_no_library_that_does_nothing_for_it() -> None:
    """Each was megabytes and a tenth of a second: docs/decisions/0006."""
    unused = ("langsmith.client", "langgraph_sdk.client", "rich", "charset_normalizer", "numpy",
              "promql_parser", "alembic", "anthropic", "openai", "sandbox")  # fmt: skip
    loaded = subprocess.run(
        [sys.executable, "-c", "import api.app.serving, agent.graph, sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert set(unused) & set(loaded) == set()


async def silent_provider(connected: asyncio.Event) -> asyncio.Server:
    """A model that takes the question and never answers."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        connected.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()

    return await asyncio.start_server(hear, "127.0.0.1", 0)


async def test_a_turn_cut_by_sigterm_says_so_and_is_kept(tmp_path: Path) -> None:
    connected = asyncio.Event()
    provider = await silent_provider(connected)
    address_of_model = f"http://127.0.0.1:{provider.sockets[0].getsockname()[1]}/v1"
    model = {"MIDWATCH_LLM__PROVIDER": "openai", "MIDWATCH_LLM__BASE_URL": address_of_model}
    body = {"threadId": "cut", "messages": [{"role": "user", "content": "Hm, what about it?"}]}
    with up(tmp_path, **model) as (process, link):
        async with client(address(link), timeout_s=120) as http:
            await signed_in(http, link)
            async with http.stream("POST", "/agui", json=body) as response:
                await asyncio.wait_for(connected.wait(), 20)
                process.send_signal(signal.SIGTERM)
                events = [line async for line in response.aiter_lines() if line[:5] == "data:"]
        assert await asyncio.to_thread(process.wait, 10) == 0
    assert '"code":"interrupted"' in events[-1]
    provider.close()
    await provider.wait_closed()
    with up(tmp_path) as (_, link):
        async with client(address(link), timeout_s=120) as http:
            await signed_in(http, link)
            question, answer = (await http.get("/api/v1/threads/cut")).json()["messages"]
    assert question["content"] == "Hm, what about it?"
    assert (answer["ending"], answer["error"]["code"]) == ("stopped", "interrupted")
