"""retrieval: is the page that answers a question among the first five, also across languages?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles

from core.clock import monotonic_s
from core.principal import Permission, Principal
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json
from mcp_servers.client import Connections, KnowledgePlace, Tools, in_process

HERE = Path(__file__).parents[1] / "retrieval"
# Files whose questions nobody who writes rules or words looks at: their totals alone are told.
UNSEEN = "unseen"
# The page of a question that no page answers.
NONE = "-"
FIRST = 5
# Several passages of one page count as one page.
PASSAGES = 15
OTHER = {"en": "zh", "zh": "en"}
READER = Principal("eval", permissions=frozenset({Permission.KNOWLEDGE_READ}))


@dataclass(frozen=True, slots=True)
class Question:
    language: str
    page: str
    text: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search gave: page names without their ending, best first."""

    pages: Sequence[str]
    relevant: bool
    seconds: float


async def run(folder: Path | None = None) -> list[SuiteResult]:
    """One result for each file of questions; a folder with `pages` and `queries.json` is a set of its own."""
    if folder and (folder / "queries.json").is_file():
        return [await _judge_folder(folder)]
    place = Connections(clusterless=True, knowledge=KnowledgePlace())
    async with in_process(place, only=["knowledge"]) as sessions:
        tools = Tools(sessions, READER)
        return [await _judge(path, tools) for path in sorted((folder or HERE).glob("*.txt"))]


def questions(path: Path) -> list[Question]:
    """The lines of a file: language, page and question, separated by tabs."""
    lines = path.read_text("utf-8").splitlines()
    told = [line for line in lines if line and not line.startswith("#")]
    return [Question(*line.split("\t", 2)) for line in told]


async def _judge(path: Path, tools: Tools) -> SuiteResult:
    asked = questions(path)
    failures: list[Failure] = []
    metrics: Json = {}
    took: list[float] = []
    for source in ("en", "zh"):
        for target in (source, OTHER[source]):
            own = [one for one in asked if one.language == source and one.page != NONE]
            across = "" if source == target else target
            found = [await _searched(tools, one.text, across) for one in own]
            ranks = [
                _rank(one.pages, f"runbooks/{each.page}.{target}.md")
                for one, each in zip(found, own, strict=True)
            ]
            metrics[f"{source}_{target}"] = _figures(ranks)
            took += [one.seconds for one in found]
            failures += [
                Failure(
                    f"{source}->{target} {each.text}",
                    f"{each.page} is not among {one.pages[:FIRST]}",
                )
                for one, each, rank in zip(found, own, ranks, strict=True)
                if not 0 < rank <= FIRST
            ]
    unanswered = [one for one in asked if one.page == NONE]
    refused = [not (await _searched(tools, one.text)).relevant for one in unanswered]
    failures += [
        Failure(one.text, "was taken for answered")
        for one, right in zip(unanswered, refused, strict=True)
        if not right
    ]
    metrics["not_in_the_base_recognised"] = round(mean(refused), 3) if refused else None
    metrics["p95_ms"] = round(quantiles(took, n=20)[-1] * 1000, 1) if took else None
    # Each question with a page is asked in its own language and across.
    cases = 2 * len(asked) - len(unanswered)
    return SuiteResult(
        f"retrieval {path.stem}", cases, tuple(failures), metrics, path.stem.startswith(UNSEEN)
    )


async def _judge_folder(folder: Path) -> SuiteResult:
    place = KnowledgePlace(sources=(folder / "pages",), shipped=False)
    queries = json.loads((folder / "queries.json").read_text("utf-8"))
    manager = Principal("eval", permissions=frozenset(Permission))
    connections = Connections(clusterless=True, knowledge=place)
    async with in_process(connections, only=["knowledge"]) as sessions:
        tools = Tools(sessions, manager)
        await tools.call("knowledge_refresh")
        found = [await _searched(tools, one["query"]) for one in queries]
    ranks = [
        _rank(one.pages, f"pages/{query['gold']}.md")
        for one, query in zip(found, queries, strict=True)
    ]
    failures = [
        Failure(query["query"], f"{query['gold']} has rank {rank or 'none'}")
        for query, rank in zip(queries, ranks, strict=True)
        if not 0 < rank <= FIRST
    ]
    return SuiteResult(f"retrieval {folder.name}", len(queries), tuple(failures), _figures(ranks))


async def _searched(tools: Tools, question: str, language: str = "") -> Searched:
    started_s = monotonic_s()
    answer = await tools.call(
        "knowledge_search", query=question[:500], k=PASSAGES, language=language
    )
    pages = list(dict.fromkeys(str(hit["doc"]) for hit in answer.data["hits"]))
    return Searched(pages, bool(answer.data["relevant"]), monotonic_s() - started_s)


def _rank(pages: Sequence[str], page: str) -> int:
    """From 1; 0 when it is not there."""
    return pages.index(page) + 1 if page in pages else 0


def _figures(ranks: Sequence[int]) -> Json:
    return {
        "questions": len(ranks),
        "at_1": round(mean(rank == 1 for rank in ranks), 3) if ranks else None,
        "at_5": round(mean(0 < rank <= FIRST for rank in ranks), 3) if ranks else None,
    }
