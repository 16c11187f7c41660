"""A turn that waits for a person outlives its service, killed outright, and any door takes the answer."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from core.http import client
from tests.agent.real_stores import postgres_serving, redis_serving
from tests.api.doors import printed

ROOT = Path(__file__).parents[2]
SAID = re.compile(r"(http://127\.0\.0\.1:\d+)/login\S+\ntoken (\S+)\n")
START_S = 120
QUESTION = "restart checkout"


@dataclass
class Killed:
    """A service in a process of its own that can be killed, and started again on what it kept."""

    home: Path
    memory: str | None
    address: str = ""
    token: str = ""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        output = self.home / "output.txt"
        command = [sys.executable, "-m", "tests.e2e.repairing", self.home / "data", "medium"]
        command += [self.memory] if self.memory else []
        with output.open("w") as file:
            self.process = subprocess.Popen(
                command,
                cwd=self.home,
                env={"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_S
        while not (said := SAID.search(output.read_text())):
            assert self.process.poll() is None, output.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.address, self.token = said.groups()

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def done(self) -> list[str]:
        journal = self.home / "journal.txt"
        return journal.read_text().splitlines() if journal.exists() else []

    async def post(self, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with client(self.address, timeout_s=120, headers=headers) as http:
            return await http.post(path, json=body)

    async def streamed(self, **body: Any) -> dict[str, Any]:
        """The last event of a run over AG-UI."""
        told = await self.post("/agui", **{"runId": str(uuid4()), "messages": [], **body})
        lines = [line for line in told.text.splitlines() if line.startswith("data: ")]
        return orjson.loads(lines[-1][6:])


Waiting = tuple[str, str]  # the conversation and what it asks
Begin = Callable[[Killed], Awaitable[Waiting]]
Answer = Callable[[Killed, Waiting], Awaitable[None]]


async def begun_by_rest(service: Killed) -> Waiting:
    shape = (await service.post("/api/v1/query", question=QUESTION)).json()
    return shape["thread_id"], shape["approvals"][0]["id"]


async def begun_by_agui(service: Killed) -> Waiting:
    thread, said = str(uuid4()), [{"id": "1", "role": "user", "content": QUESTION}]
    last = await service.streamed(threadId=thread, messages=said)
    return thread, last["outcome"]["interrupts"][0]["id"]


async def begun_by_command(service: Killed) -> Waiting:
    reach = ["--server", service.address, "--token", service.token]
    shape = await printed("ask", QUESTION, "-o", "json", *reach)
    return shape["thread_id"], shape["approvals"][0]["id"]


async def answered_by_rest(service: Killed, waiting: Waiting) -> None:
    told = await service.post(f"/api/v1/approvals/{waiting[1]}", approved=True)
    assert told.json()["answer"].endswith("It is done.")


async def resumed_by_rest(service: Killed, waiting: Waiting) -> None:
    thread, approval = waiting
    said = [{"approval_id": approval, "approved": True}]
    told = await service.post(f"/api/v1/threads/{thread}/resume", decisions=said)
    assert told.json()["answer"].endswith("It is done.")


async def answered_by_agui(service: Killed, waiting: Waiting) -> None:
    thread, approval = waiting
    yes = {"interruptId": approval, "status": "resolved", "payload": {"approved": True}}
    last = await service.streamed(threadId=thread, resume=[yes])
    assert last["outcome"] == {"type": "success"}


async def answered_by_command(service: Killed, waiting: Waiting) -> None:
    reach = ["--server", service.address, "--token", service.token]
    shape = await printed("approve", waiting[1], "-o", "json", *reach)
    assert shape["answer"].endswith("It is done.")


@contextmanager
def file(_: Path) -> Generator[None]:
    """A file of its own, where the service keeps it when nothing is said."""
    yield None


LIVE = pytest.mark.live


@pytest.mark.parametrize(
    ("store", "begin", "answer"),
    [
        (file, begun_by_rest, answered_by_agui),
        (file, begun_by_agui, answered_by_command),
        (file, begun_by_command, resumed_by_rest),
        pytest.param(redis_serving, begun_by_agui, answered_by_rest, marks=LIVE),
        pytest.param(redis_serving, begun_by_rest, answered_by_command, marks=LIVE),
        pytest.param(postgres_serving, begun_by_rest, answered_by_agui, marks=LIVE),
        pytest.param(postgres_serving, begun_by_command, answered_by_rest, marks=LIVE),
    ],
)
async def test_what_waits_outlives_a_kill_and_is_answered_at_another_door(
    store: Callable[[Path], AbstractContextManager[str | None]],
    begin: Begin,
    answer: Answer,
    tmp_path: Path,
) -> None:
    with store(tmp_path) as memory:
        service = Killed(tmp_path, memory)
        try:
            service.start()
            waiting = await begin(service)
            service.kill()
            assert service.done() == []
            service.start()
            await answer(service, waiting)
        finally:
            service.kill()
    assert service.done() == ["apply plan-1 for admin"]
