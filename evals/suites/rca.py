"""rca: does rca_investigate name the right root on every practice cluster, and nothing else?"""

from asyncio import Semaphore, gather
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from agent.estimating import estimated_tokens
from core.clock import monotonic_s
from core.errors import OpsError
from core.principal import Permission, Principal
from evals.calibration import Stated, calibration
from evals.evidence import Witness
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
class Spent:
    """What the English answer cost: the time until it came, and a model's tokens to read it."""

    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Judged:
    """One case: what was answered in each language, or the error that came instead."""

    truth: Truth
    answer: Json | None
    translated: Json | None = None
    error: OpsError | None = None
    spent: Spent | None = None

    @property
    def says_healthy(self) -> bool:
        return bool(self.answer) and self.answer["verdict"] == "healthy"

    @property
    def stated(self) -> list[Stated]:
        """The confidence of every cause, best first, and whether it is one of the truth's."""
        return [(one["confidence"], hit(self.truth, one)) for one in self.causes]

    def evidence(self) -> tuple[int, int]:
        """How many citations the causes have, and how many the snapshot bears out."""
        witness = Witness(self.truth.folder)
        cited = [each for one in self.causes for each in one["evidence"]]
        return len(cited), sum(witness.bears_out(one) for one in cited)

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
    named = [right for one in judged for _, right in one.stated]
    return {
        "with_roots": len(rooted),
        "root_hit_at_1": _share(sum(one.hit_within(1) for one in rooted), len(rooted)),
        "root_hit_at_3": _share(sum(one.hit_within(3) for one in rooted), len(rooted)),
        "healthy": len(healthy),
        "healthy_verdicts": sum(one.says_healthy for one in healthy),
        "false_alarms": sum(false_alarms(one.answer) for one in healthy if one.answer),
        "causes_named": len(named),
        "wrongly_blamed": len(named) - sum(named),
        "facts_left_out": sum(len(one.unsaid()) for one in judged),
        "errors": sum(one.error is not None and not one.truth.said.refusal for one in judged),
        "calibration": calibration([stated for one in judged for stated in one.stated[:1]]),
        **_evidence(judged),
        **_cost(judged),
    }


def _evidence(judged: Sequence[Judged]) -> Json:
    counts = [one.evidence() for one in judged if one.causes]
    cited, borne_out = sum(one[0] for one in counts), sum(one[1] for one in counts)
    return {"citations": cited, "citations_borne_out": _share(borne_out, cited)}


def _cost(judged: Sequence[Judged]) -> Json:
    """Medians, over the cases that were answered. One tool answers, so one call is made."""
    spent = [one.spent for one in judged if one.spent]
    if not spent:
        return {}
    return {
        "tool_calls": 1,
        "result_tokens": round(median(one.tokens for one in spent)),
        "seconds": round(median(one.seconds for one in spent), 2),
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
    async with in_process(connections, only={"rca"}) as sessions:
        tools, scope = Tools(sessions, JUDGE), truth.said.scope.model_dump()
        began = monotonic_s()
        try:
            # Caught in here: outside, the sessions' task group would wrap it in an exception group.
            answer = await tools.call("rca_investigate", **scope)
            spent = Spent(monotonic_s() - began, estimated_tokens(answer.text))
            translated = await tools.call("rca_investigate", **scope, language="zh")
        except OpsError as error:
            return Judged(truth, None, error=error)
    return Judged(truth, answer.data, translated.data, spent=spent)
