"""ask: is every question of every case answered right by the whole assistant, with no model?"""

import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from agent.events import Done
from agent.graph import Assistant
from agent.models import ModelChoice
from core.errors import OpsError
from core.principal import Permission, Principal
from evals.graders import grade_citations, grade_naming, grade_text
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json, Truth
from mcp_servers.client import Connections, in_process
from sandbox.server import serving

JUDGE = Principal(subject="eval", permissions=frozenset(Permission))
CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a case: the end of its turn, or the error that came instead."""

    truth: Truth
    question: str
    done: Done | None
    error: str = ""

    @property
    def chinese(self) -> bool:
        return bool(CHINESE.search(self.question))

    def reasons(self) -> list[str]:
        if self.done is None:
            return [f"no answer: {self.error}"]
        cited = grade_citations(self._citations()) if self.truth.said.verdict == "found" else ()
        return [
            *grade_text(self.truth, self.done.answer),
            *grade_naming(self.truth, self.done.answer),
            *cited,
        ]

    def _citations(self) -> Json:
        told = self.done
        return {
            "answer": told.answer if told else "",
            "citations": [{"n": one.n} for one in told.citations] if told else [],
        }


async def run(cases: Sequence[Truth]) -> SuiteResult:
    asked = [one for truth in cases for one in await ask(truth)]
    failures = [
        Failure(one.truth.name, f"{one.question}: {why}") for one in asked for why in one.reasons()
    ]
    right = [one for one in asked if not one.reasons()]
    metrics = {
        "questions": len(asked),
        "right": len(right),
        "right_in_chinese": sum(one.chinese for one in right),
        "questions_in_chinese": sum(one.chinese for one in asked),
        "errors": sum(one.done is None for one in asked),
    }
    return SuiteResult("ask", len(cases), tuple(failures), metrics)


async def ask(truth: Truth) -> list[Asked]:
    """Ask every question of the case, each in a conversation of its own."""
    try:
        async with AsyncExitStack() as stack:
            addresses = await stack.enter_async_context(serving(truth.folder))
            connections = Connections(
                kubeconfig=addresses.kubeconfig,
                prometheus_url=addresses.prometheus,
                alertmanager_url=addresses.alertmanager,
            )
            sessions = await stack.enter_async_context(in_process(connections))
            opened = Assistant.opened(model=ModelChoice(), sessions=sessions, memory=None)
            assistant = await stack.enter_async_context(opened)
            return [await _asked(assistant, one, truth) for one in truth.questions]
    except OpsError as error:
        return [Asked(truth, one, None, str(error)) for one in truth.questions]


async def _asked(assistant: Assistant, question: str, truth: Truth) -> Asked:
    thread = f"{truth.name}:{question}"
    events = assistant.run(question, principal=JUDGE, thread_id=thread, namespace=truth.namespace)
    try:
        ends = [event async for event in events if isinstance(event, Done)]
    except OpsError as error:
        return Asked(truth, question, None, str(error))
    return Asked(truth, question, ends[-1]) if ends else Asked(truth, question, None, "no end")
