"""Fit `agent/lexicon/likeness.json` to the sentences that rules are written with.

    python -m tools.fit_routing  # print how well, of sentences left out
    python -m tools.fit_routing --write

Softmax regression with a penalty on large weights (numpy). Sentences of `unseen` files are never read.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.intents import as_typed
from agent.likeness import features
from evals.routing.utterances import HERE, Utterance, utterances

WEIGHTS = Path(__file__).parent.parent / "agent" / "lexicon" / "likeness.json"
SUBAGENTS = ("rca", "cost", "rag", "autofix", "alert_admin", "none")
LEARNT = ("earlier", "seen")

# A feature of a single sentence says more about that sentence than about its subagent.
AT_LEAST = 2
ROUNDS = 400
STEP = 2.0
PENALTY = 2e-4

Matrix = NDArray[np.float64]


def examples() -> list[Utterance]:
    """Sentences that one subagent answers and that need no turn before them."""
    every = [one for name in LEARNT for one in utterances(HERE / f"{name}.txt")]
    return [one for one in every if len(one.wanted) == 1 and not one.previous]


class Fitted:
    """Weights of the features of some sentences."""

    def __init__(self, learnt: Sequence[Utterance]) -> None:
        told = [features(as_typed(one.text)) for one in learnt]
        counts: Counter[str] = Counter(name for one in told for name in one)
        self.names = sorted(name for name, count in counts.items() if count >= AT_LEAST)
        self._place = {name: place for place, name in enumerate(self.names)}
        right = [SUBAGENTS.index(one.wanted[0].subagent) for one in learnt]
        self.weights, self.bias = _descended(self._rows(told), np.eye(len(SUBAGENTS))[right])

    def _rows(self, told: Sequence[frozenset[str]]) -> Matrix:
        rows = np.zeros((len(told), len(self.names)))
        for row, one in zip(rows, told, strict=True):
            known = [self._place[name] for name in one if name in self._place]
            row[known] = 1 / np.sqrt(len(known) or 1)
        return rows

    def share_right(self, judged: Sequence[Utterance]) -> float:
        rows = self._rows([features(as_typed(one.text)) for one in judged])
        best: list[int] = (rows @ self.weights + self.bias).argmax(axis=1).tolist()
        pairs = zip(best, judged, strict=True)
        right = [SUBAGENTS[place] == one.wanted[0].subagent for place, one in pairs]
        return sum(right) / len(right)

    def as_json(self) -> str:
        rows = {
            name: [round(one * 100) for one in row.tolist()]
            for name, row in zip(self.names, self.weights, strict=True)
        }
        told = {
            "subagents": SUBAGENTS,
            "bias": [round(one, 3) for one in self.bias.tolist()],
            "features": {name: row for name, row in rows.items() if any(row)},
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"


def _descended(rows: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    """Gradient descent on all sentences at once, with momentum."""
    weights, bias = np.zeros((rows.shape[1], right.shape[1])), np.zeros(right.shape[1])
    moved = np.zeros_like(weights)
    for _ in range(ROUNDS):
        sums = rows @ weights + bias
        shares = np.exp(sums - sums.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        missed = (shares - right) / len(rows)
        moved = 0.9 * moved - STEP * (rows.T @ missed + PENALTY * weights)
        weights, bias = weights + moved, bias - STEP * missed.sum(axis=0)
    return weights, bias


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights")
    told = examples()
    if parser.parse_args().write:
        WEIGHTS.write_text(Fitted(told).as_json(), "utf-8")
        print(f"fitted to {len(told)} sentences")
        return
    for fold in range(5):
        left_out = told[fold::5]
        fitted = Fitted([one for place, one in enumerate(told) if place % 5 != fold])
        print(f"fold {fold}: {fitted.share_right(left_out):.3f} of {len(left_out)} left out")


if __name__ == "__main__":
    main()
