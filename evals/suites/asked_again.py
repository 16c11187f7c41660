"""asked-again: is an answer given again to the same question in other words, and to no other one?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.principal import Permission, Principal
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json
from mcp_servers.client import Connections, KnowledgePlace, Tools, in_process

HERE = Path(__file__).parents[1] / "asked_again"
# Files of pairs that nobody looks at while the threshold is chosen: their totals alone are told.
UNSEEN = "unseen"
SAME = "same"
# What vectors alone would give at these thresholds, for comparison.
THRESHOLDS = (0.8, 0.9, 0.95, 0.99)
KEEPER = Principal("eval", permissions=frozenset(Permission))


@dataclass(frozen=True, slots=True)
class Pair:
    same: bool
    first: str
    again: str


@dataclass(frozen=True, slots=True)
class Judged:
    pair: Pair
    given: bool
    nearness: float
    threshold: float


def pairs(path: Path) -> list[Pair]:
    """The lines of a file: same or other, a question, and what is asked after it."""
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return [Pair(one[0] == SAME, one[1], one[2]) for one in lines if len(one) == 3]


async def run() -> list[SuiteResult]:
    connections = Connections(clusterless=True, knowledge=KnowledgePlace(shipped=False))
    async with in_process(connections, only=["knowledge"]) as sessions:
        tools = Tools(sessions, KEEPER)
        return [_result(path.stem, [await _judged(one, tools) for one in pairs(path)])
                for path in sorted(HERE.glob("*.txt"))]  # fmt: skip


async def _judged(pair: Pair, tools: Tools) -> Judged:
    await tools.call("knowledge_clear_cache")
    scope = (await tools.call("knowledge_recall_answer", question=pair.first)).data["scope"]
    kept: Json = {"answer": "It.", "cited": [], "scope": scope}
    await tools.call("knowledge_keep_answer", question=pair.first, **kept)
    told = (await tools.call("knowledge_recall_answer", question=pair.again)).data
    return Judged(pair, told["found"], told["nearness"] or 0.0, told["threshold"])


def _result(name: str, judged: Sequence[Judged]) -> SuiteResult:
    failures = [
        Failure(
            f"{one.pair.first} | {one.pair.again}", "was given again" if one.given else "was not"
        )
        for one in judged
        if one.given != one.pair.same
    ]
    metrics: Json = {
        "threshold": judged[0].threshold,
        "least_nearness_given": min((one.nearness for one in judged if one.given), default=None),
        **_shares(judged, [one.given for one in judged]),
        "by_vectors_alone": {
            str(at): _shares(judged, [one.nearness >= at for one in judged]) for at in THRESHOLDS
        },
    }
    totals_only = name.startswith(UNSEEN)
    return SuiteResult(f"asked-again {name}", len(judged), tuple(failures), metrics, totals_only)


def _shares(judged: Sequence[Judged], given: Sequence[bool]) -> Json:
    told = list(zip(judged, given, strict=True))
    return {
        "given_again": f"{sum(g for one, g in told if one.pair.same)} of {sum(one.pair.same for one in judged)}",
        "wrong": f"{sum(g for one, g in told if not one.pair.same)} of {sum(not one.pair.same for one in judged)}",
    }
