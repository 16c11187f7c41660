"""Fit `agent/lexicon/likeness.txt` to the sentences that rules are written with.

    python -m tools.fit_routing  # print how well, of sentences left out
    python -m tools.fit_routing --write

Softmax regression over intents by adaptive steps (numpy). Sentences of `unseen` files are never read.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.intents import as_typed
from agent.likeness import HUNDREDTHS, features
from evals.routing.paraphrasing import phrases
from evals.routing.utterances import HERE, utterances

WEIGHTS = Path(__file__).parent.parent / "agent" / "lexicon" / "likeness.txt"
LEARNT = (
    *("earlier", "seen", "seen_arguments", "seen_operations", "seen_third", "seen_grammar"),
    *(
        "seen_first",
        "seen_channels",
        "seen_later",
        "seen_roles",
        "seen_last",
        "seen_night",
        "seen_plain",
        "seen_pager",
        "seen_desk",
        "seen_compared",
        "seen_awake",
        "seen_shift",
        "seen_ticket",
        "seen_standup",
        "seen_parcel",
        "seen_loyalty",
        "seen_depot",
        "seen_orders",
        "seen_hosts",
        "seen_clinic",
        "seen_meters",
        "seen_exams",
        "seen_flights",
        "seen_loans",
        "seen_harbor",
        "seen_survey",
        "seen_pottery",
        "seen_orchard",
        "seen_brewery",
        "seen_riders",
        "seen_lending",
        "seen_lessons",
        "seen_warehouse",
        "seen_hospital",
        "seen_boxoffice",
        "seen_feed",
        "seen_charging",
        "seen_arcade",
        "seen_savings",
        "seen_appliances",
        "seen_doors",
        "seen_ferry",
        "seen_studio",
        "seen_lab",
        "seen_toll",
        "seen_radio",
        "seen_museum",
        "seen_trams",
        "seen_bakery",
    ),
)
OF_EACH_PHRASE = 50
# How many ways to say something a sentence counts for that somebody typed whole.
TYPED = 6

# A feature of a single sentence says more about that sentence than about its intent.
AT_LEAST = 3
ROUNDS = 25
AT_ONCE = 256
STEP = 0.5
BIAS_STEP = 0.1
START = 1e-3
# Smaller weights are left out of the file: they are most of it, and change nothing.
SMALLEST = 0.2

Matrix = NDArray[np.float32]
Places = NDArray[np.int64]


class Example(NamedTuple):
    """A sentence and what it asks for; an intent may be unknown ("")."""

    text: str
    subagent: str
    intent: str
    typed: bool = True

    def is_one_of(self, label: str) -> bool:
        subagent, _, intent = label.partition("/")
        return subagent == self.subagent and self.intent in ("", intent)


def examples() -> Iterator[Example]:
    """Sentences that ask for one thing and need no turn before them."""
    for name in LEARNT:
        for one in utterances(HERE / f"{name}.txt"):
            if len(one.wanted) == 1 and not one.previous:
                yield Example(one.text, one.wanted[0].subagent, one.wanted[0].intent)


def paraphrases() -> Iterator[Example]:
    for language in ("en", "zh"):
        for one in phrases(language, of_each=OF_EACH_PHRASE):
            yield Example(one.text, one.subagent, one.intent, typed=False)


class Fitted:
    """Weights of the features of some sentences."""

    def __init__(self, learnt: Sequence[Example]) -> None:
        told = [features(as_typed(one.text)) for one in learnt]
        counts = Counter(name for one in told for name in one)
        self.labels = sorted({f"{one.subagent}/{one.intent}" for one in learnt if one.intent})
        self.names = sorted(name for name, count in counts.items() if count >= AT_LEAST)
        self._place = {name: place for place, name in enumerate(self.names)}
        self.weights = np.zeros((len(self.names), len(self.labels)), np.float32)
        self.bias = np.zeros(len(self.labels), np.float32)
        self._squares = np.full_like(self.weights, START)
        right = np.array([[one.is_one_of(label) for label in self.labels] for one in learnt])
        counted = np.array([TYPED if one.typed else 1 for one in learnt])[:, None]
        self._descend([self._known(one) for one in told], (right * counted).astype(np.float32))

    def _known(self, told: frozenset[str]) -> Places:
        return np.array(sorted(self._place[name] for name in told if name in self._place), np.int64)

    def _descend(self, rows: Sequence[Places], right: Matrix) -> None:
        drawn = np.random.default_rng(0)
        for _ in range(ROUNDS):
            order: list[int] = drawn.permutation(len(rows)).tolist()
            for start in range(0, len(rows), AT_ONCE):
                some = order[start : start + AT_ONCE]
                self._step([rows[place] for place in some], right[some])

    def _step(self, rows: Sequence[Places], right: Matrix) -> None:
        """One step down; each weight's step is the shorter the more it has moved (AdaGrad)."""
        shares = np.stack([self._shares(row) for row in rows])
        # What is meant, as far as it is known: of a subagent's intents, the likeliest most.
        meant = (shares + 1e-9) * right
        counted = right.max(axis=1, keepdims=True) / len(rows)
        missed = (shares - meant / meant.sum(axis=1, keepdims=True)) * counted
        lengths = np.array([len(row) for row in rows])
        scaled = missed / np.sqrt(np.maximum(lengths, 1))[:, None]
        moved, where = np.unique(np.concatenate(rows), return_inverse=True)
        slope = np.zeros((len(moved), right.shape[1]), np.float32)
        np.add.at(slope, where, np.repeat(scaled, lengths, axis=0))
        self._squares[moved] += slope**2
        self.weights[moved] -= STEP * slope / np.sqrt(self._squares[moved])
        self.bias -= BIAS_STEP * missed.sum(axis=0)

    def _shares(self, row: Places) -> Matrix:
        sums = self.weights[row].sum(axis=0) / np.sqrt(max(len(row), 1)) + self.bias
        shares = np.exp(sums - sums.max())
        return shares / shares.sum()

    def share_right(self, judged: Sequence[Example]) -> float:
        told = [self._shares(self._known(features(as_typed(one.text)))) for one in judged]
        best = [self.labels[int(one.argmax())].partition("/")[0] for one in told]
        return sum(one == other.subagent for one, other in zip(best, judged, strict=True)) / len(
            judged
        )

    def as_text(self) -> str:
        """The intents with their bias, then a line of each feature, sorted as bytes are (`agent.likeness.Lines`)."""
        bias = self.bias.tolist()
        intents = (f"{one}={round(own, 3)}" for one, own in zip(self.labels, bias, strict=True))
        rows = zip(self.names, map(_row, self.weights.tolist()), strict=True)
        return "\n".join((" ".join(intents), *(f"{name} {row}" for name, row in rows if row), ""))


def _row(weights: Sequence[float]) -> str:
    """The intents that a feature speaks for or against, by their places."""
    told = enumerate(weights)
    return " ".join(
        f"{place}:{round(one * HUNDREDTHS)}" for place, one in told if abs(one) >= SMALLEST
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights")
    told, ways = list(examples()), list(paraphrases())
    if parser.parse_args().write:
        WEIGHTS.write_text(Fitted([*told, *ways]).as_text(), "utf-8")
        print(f"fitted to {len(told)} sentences and {len(ways)} ways to say such")
        return
    for fold in range(5):
        left_out = told[fold::5]
        fitted = Fitted([*(one for n, one in enumerate(told) if n % 5 != fold), *ways])
        print(f"fold {fold}: {fitted.share_right(left_out):.3f} of {len(left_out)} left out")


if __name__ == "__main__":
    main()
