"""rca: does rca_investigate name the right root on every practice cluster, and nothing else?"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import OpsError
from core.principal import Permission, Principal
from evals.graders import false_alarms, grade_investigation, grade_text, hit
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json, Truth
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving

JUDGE = Principal(subject="eval", permissions=frozenset(Permission))


@dataclass(frozen=True, slots=True)
class Judged:
    """One case: what was answered, or the sentence of the error that came instead."""

    truth: Truth
    answer: Json | None
    error: str = ""

    @property
    def causes(self) -> list[Json]:
        return self.answer["root_causes"] if self.answer else []

    def hit_within(self, ranks: int) -> bool:
        return any(hit(self.truth, one) for one in self.causes[:ranks])

    def reasons(self) -> list[str]:
        if self.answer is None:
            return [f"no answer: {self.error}"]
        return [*grade_investigation(self.truth, self.answer), *self.unsaid()]

    def unsaid(self) -> list[str]:
        return list(grade_text(self.truth, str(self.answer))) if self.answer else []


async def run(cases: Sequence[Truth]) -> SuiteResult:
    judged = [await judge(truth) for truth in cases]
    failures = [Failure(one.truth.name, why) for one in judged for why in one.reasons()]
    return SuiteResult("rca", len(cases), tuple(failures), _metrics(judged))


def _metrics(judged: Sequence[Judged]) -> Json:
    rooted = [one for one in judged if one.truth.said.root_causes]
    healthy = [one for one in judged if one.truth.said.verdict == "healthy"]
    return {
        "with_roots": len(rooted),
        "root_hit_at_1": _share(sum(one.hit_within(1) for one in rooted), len(rooted)),
        "root_hit_at_3": _share(sum(one.hit_within(3) for one in rooted), len(rooted)),
        "healthy": len(healthy),
        "false_alarms": sum(false_alarms(one.answer) for one in healthy if one.answer),
        "facts_left_out": sum(len(one.unsaid()) for one in judged),
        "errors": sum(one.answer is None for one in judged),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


async def judge(truth: Truth) -> Judged:
    """Serve the case over the wire and ask; an error of ours is an answer too, and a wrong one."""
    try:
        async with serving(truth.folder) as addresses:
            connections = Connections(
                kubeconfig=addresses.kubeconfig,
                prometheus_url=addresses.prometheus,
                alertmanager_url=addresses.alertmanager,
            )
            return await _asked(truth, connections)
    except OpsError as error:
        return Judged(truth, None, str(error))


async def _asked(truth: Truth, connections: Connections) -> Judged:
    async with in_process(connections) as sessions:
        try:
            # Caught in here: outside, the sessions' task group would wrap it in an exception group.
            tools = Tools(sessions, JUDGE)
            answer = await tools.call("rca_investigate", namespace=truth.namespace)
        except OpsError as error:
            return Judged(truth, None, str(error))
    return Judged(truth, answer.data)
