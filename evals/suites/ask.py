"""ask: is every question of every case answered right by the whole assistant, with no model?"""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from agent.events import Done
from agent.graph import Assistant
from agent.models import ModelChoice
from core.principal import Permission, Principal
from evals.graders import grade_citations, grade_text
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Truth
from mcp_servers.client import Connections, in_process
from sandbox.server import serving

JUDGE = Principal(subject="eval", permissions=frozenset(Permission))


async def run(cases: Sequence[Truth]) -> SuiteResult:
    failures: list[Failure] = []
    asked = 0
    for truth in cases:
        answers = await _answers(truth)
        asked += len(answers)
        for question, done in answers:
            failures += [Failure(truth.name, f"{question}: {why}") for why in _judged(truth, done)]
    return SuiteResult("ask", len(cases), tuple(failures), {"questions": asked})


def _judged(truth: Truth, done: Done) -> list[str]:
    citations = [{"n": one.n} for one in done.citations]
    answer = {"answer": done.answer, "citations": citations}
    cited = grade_citations(answer) if truth.said.verdict == "found" else ()
    return [*grade_text(truth, done.answer), *cited]


async def _answers(truth: Truth) -> list[tuple[str, Done]]:
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(serving(truth.folder))
        connections = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            alertmanager_url=addresses.alertmanager,
        )
        sessions = await stack.enter_async_context(in_process(connections))
        choice = ModelChoice(
            provider="offline", model="rules", api_key="", base_url="", timeout_s=30
        )
        assistant = await stack.enter_async_context(
            Assistant.opened(model=choice, sessions=sessions, memory=None)
        )
        return [(one, await _asked(assistant, one, truth)) for one in truth.questions]


async def _asked(assistant: Assistant, question: str, truth: Truth) -> Done:
    thread = f"{truth.name}:{question}"
    events = assistant.run(question, principal=JUDGE, thread_id=thread, namespace=truth.namespace)
    return [event async for event in events if isinstance(event, Done)][-1]
