"""rca: does rca_investigate name the right root on every practice cluster, and nothing else?"""

from asyncio import Semaphore, gather
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import OpsError
from core.principal import Permission, Principal
from evals.graders import (
    false_alarms,
    grade_evidence,
    grade_investigation,
    grade_refusal,
    grade_text,
    grade_translation,
    hit,
    words_of,
)
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json, Truth
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving

JUDGE = Principal(subject="eval", permissions=frozenset(Permission))

# Starting and stopping a practice cluster is mostly waiting; more than this only costs memory.
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """One case: what was answered in each language, or the error that came instead."""

    truth: Truth
    answer: Json | None
    translated: Json | None = None
    error: OpsError | None = None

    @property
    def causes(self) -> list[Json]:
        return self.answer["root_causes"] if self.answer else []

    def hit_within(self, ranks: int) -> bool:
        return any(hit(self.truth, one) for one in self.causes[:ranks])

    def reasons(self) -> list[str]:
        if self.truth.said.refusal:
            return list(grade_refusal(self.truth, self.error))
        if self.answer is None or self.translated is None:
            return [f"no answer: {self.error}"]
        return [
            *grade_investigation(self.truth, self.answer),
            *grade_evidence(self.truth, self.answer),
            *self.unsaid(),
            *grade_translation(self.answer, self.translated),
        ]

    def unsaid(self) -> list[str]:
        """Facts left out and claims that must not be made, in either language."""
        told = {"en": self.answer, "zh": self.translated}
        return [
            f"{language}: {why}"
            for language, answer in told.items()
            if answer
            for why in grade_text(self.truth, words_of(answer))
        ]


async def run(cases: Sequence[Truth]) -> SuiteResult:
    at_once = Semaphore(AT_ONCE)

    async def in_turn(truth: Truth) -> Judged:
        async with at_once:
            return await judge(truth)

    judged = await gather(*(in_turn(truth) for truth in cases))
    failures = [Failure(one.truth.name, why) for one in judged for why in one.reasons()]
    return SuiteResult("rca", len(cases), tuple(failures), _metrics(judged))


def _metrics(judged: Sequence[Judged]) -> Json:
    rooted = [one for one in judged if one.truth.said.root_causes]
    healthy = [one for one in judged if one.truth.is_healthy]
    return {
        "with_roots": len(rooted),
        "root_hit_at_1": _share(sum(one.hit_within(1) for one in rooted), len(rooted)),
        "root_hit_at_3": _share(sum(one.hit_within(3) for one in rooted), len(rooted)),
        "healthy": len(healthy),
        "false_alarms": sum(false_alarms(one.answer) for one in healthy if one.answer),
        "facts_left_out": sum(len(one.unsaid()) for one in judged),
        "errors": sum(one.error is not None and not one.truth.said.refusal for one in judged),
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
        return Judged(truth, None, error=error)


async def _asked(truth: Truth, connections: Connections) -> Judged:
    async with in_process(connections) as sessions:
        tools, scope = Tools(sessions, JUDGE), truth.said.scope.model_dump()
        try:
            # Caught in here: outside, the sessions' task group would wrap it in an exception group.
            answer = await tools.call("rca_investigate", **scope)
            translated = await tools.call("rca_investigate", **scope, language="zh")
        except OpsError as error:
            return Judged(truth, None, error=error)
    return Judged(truth, answer.data, translated.data)
