"""Fit what each sign of `knowledge_base/relevance.py` counts for, and print how well that tells.

.venv/bin/python -m tools.fit_relevance RUNBOOKS ZH: the folders of the two public sets.
"""

import dataclasses
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from evals.suites.retrieval import HERE, NONE, questions
from knowledge_base.bundled_model import bundled
from knowledge_base.hits import Hit
from knowledge_base.index import EVERYTHING, Index, Scope
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.ingest import SHIPPED, ingest
from knowledge_base.reading.folders import Source, found_in
from knowledge_base.relevance import BY_MEANING, BY_WORDS, LIKELY, Signs, signs_of
from knowledge_base.searching import search
from knowledge_base.vectors import Embedder

SEED, FOLDS, SHRINKING, STEPS = 7, 5, 1.0, 60
ASKED_OF_SET, HITS = 200, 4
# With ten ways to ask for a page, something is always near (docs/decisions/0031).
LEFT_OUT = "name_nearness"
Table = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Case:
    """A question with the base that it is asked of, and whether that answers it."""

    base: Index
    text: str
    answered: bool
    scope: Scope = EVERYTHING


def based(sources: Iterator[Source] | Sequence[Source], embedder: Embedder | None) -> Index:
    index = LocalIndex(None)
    ingest(index, sources, prefix="", embedder=embedder)
    return index


def without_asked() -> list[Source]:
    """The shipped pages without their ways to ask: what pages of a house are like."""
    told: list[Source] = []
    for path in sorted(SHIPPED.glob("*.md")):
        lines, keeps = [], True
        for line in path.read_text("utf-8").split("\n"):
            keeps = (keeps or not line.startswith(("  -", "- "))) and not line.startswith("asked:")
            lines += [line] if keeps else []
        text = "\n".join(lines)
        told.append(Source(path.name, lambda text=text: text))
    return told


def cases(runbooks: Path, zh: Path) -> list[Case]:
    asked = [one for path in sorted(HERE.glob("seen*.txt")) for one in questions(path)]
    strangers = [one.text for one in asked if one.page == NONE]
    found: list[Case] = []
    for sources in (found_in(SHIPPED), without_asked()):
        base = based(sources, bundled())
        found += [Case(base, one.text, one.page != NONE) for one in asked]
    for folder in (runbooks, zh):
        base = based(found_in(folder / "pages"), bundled())
        queries = orjson.loads((folder / "queries.json").read_bytes())
        drawn = random.Random(SEED).sample(queries, min(ASKED_OF_SET, len(queries)))
        found += [Case(base, one["query"], True) for one in drawn]
        found += [Case(base, one, False) for one in strangers]
    return found


def table(told: Sequence[Case]) -> tuple[Table, Table, list[bool]]:
    """The signs of each case with vectors, and by words alone; and whether it is answered."""
    with_vectors, by_words = [], []
    for one in told:
        hits = search(one.base, one.text, k=HITS, embedder=bundled())
        with_vectors.append(row(hits))
        by_words.append(row(search(one.base, one.text, k=HITS)))
    return np.array(with_vectors), np.array(by_words), [one.answered for one in told]


def row(hits: Sequence[Hit]) -> list[float]:
    return [1.0, *(value for name, value in signs_of(hits).items() if name != LEFT_OUT)]


def fitted(signs: Table, answered: npt.NDArray[np.bool_], weights: Table) -> Table:
    """Logistic regression by Newton's method; `weights` are those of the cases."""
    coefficients = np.zeros(signs.shape[1])
    shrink = np.eye(signs.shape[1]) * SHRINKING
    shrink[0, 0] = 0.0
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-signs @ coefficients))
        slope = signs.T @ (weights * (likely - answered)) + shrink @ coefficients
        bend = (signs * (weights * likely * (1 - likely))[:, None]).T @ signs + shrink
        coefficients -= np.linalg.solve(bend, slope)
    return coefficients


def balanced(answered: npt.NDArray[np.bool_]) -> Table:
    share = answered.mean()
    return np.where(answered, 0.5 / share, 0.5 / (1 - share))


def judged(signs: Table, answered: npt.NDArray[np.bool_]) -> str:
    """Cross-validated: how many of each kind are told rightly at `LIKELY`."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(answered))
    likely = np.zeros(len(answered))
    for n in range(FOLDS):
        learn = fold != n
        got = fitted(signs[learn], answered[learn], balanced(answered[learn]))
        likely[~learn] = 1 / (1 + np.exp(-signs[~learn] @ got))
    refused = (likely[~answered] <= LIKELY).mean()
    kept = (likely[answered] > LIKELY).mean()
    return f"others refused {refused:.3f}, own ones kept {kept:.3f}"


def main() -> None:
    told = cases(Path(sys.argv[1]), Path(sys.argv[2]))
    with_vectors, by_words, labels = table(told)
    answered = np.array(labels)
    names = ["base", *(name for name in signs_of(()) if name != LEFT_OUT)]
    for name, signs, before in (
        ("BY_MEANING", with_vectors, BY_MEANING),
        ("BY_WORDS", by_words, BY_WORDS),
    ):
        got = fitted(signs, answered, balanced(answered))
        print(name, judged(signs, answered), f"({len(answered)} cases)")
        print(
            "  now   ",
            Signs(**{key: round(float(one), 2) for key, one in zip(names, got, strict=True)}),
        )
        print("  before", before)


if __name__ == "__main__":
    main()
