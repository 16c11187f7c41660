"""Compare the ranking of a metrics table with simpler scores from the literature.

    python tools/compare_rankings.py DIR [--made 40]

DIR holds a folder for each case: metrics.csv and case.json ({"at", "answer": {"component"}}). The
halves are told apart by a hash of the case's name, and only totals are printed. Ties count against
the method.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.made_systems import made_case
from mcp_servers.engines.metric_ranking import rank_table
from mcp_servers.engines.metric_tables import Array


@dataclass(frozen=True)
class Case:
    set: str
    times: Array
    names: list[str]
    values: Array
    at: float
    root: str
    help: dict[str, Any]


Scores = dict[str, float]
Method = Callable[[Case], Scores]


def read_cases(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*/case.json")):
        told = json.loads(path.read_text())
        with path.with_name("metrics.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        table = np.array([[float(one or "nan") for one in row] for row in rows])
        even = hashlib.sha256(path.parent.name.encode()).digest()[0] % 2 == 0
        half = "development" if even else "held out"
        root = told["answer"]["component"]
        yield Case(half, table[:, 0], header[1:], table[:, 1:], told["at"], root, {})


def made_cases(count: int) -> Iterator[Case]:
    """Seeds that nothing was tuned to; what no metric shows is left out."""
    for seed in range(1, count + 1):
        made = made_case(seed)
        if made.fault == "logs":
            continue
        values = np.column_stack(list(made.columns.values()))
        given = {"edges": made.edges, "logs": made.logs, "target": made.target}
        names = list(made.columns)
        yield Case("made", made.timestamps, names, values, made.at, made.root, given)


def by_column(score: Callable[[Array, Array], Array]) -> Method:
    """A component gets the largest score of its columns; gaps hold the last value before them."""

    def method(case: Case) -> Scores:
        values = case.values.copy()
        for row in range(1, len(values)):
            values[row] = np.where(np.isnan(values[row]), values[row - 1], values[row])
        values = np.nan_to_num(values)
        split = int(np.searchsorted(case.times, case.at))
        scores: Scores = {}
        for name, one in zip(case.names, score(values[:split], values[split:]), strict=True):
            component = name.rpartition(":")[0]
            scores[component] = max(scores.get(component, 0.0), float(one))
        return scores

    return method


def baro(before: Array, after: Array) -> Array:
    spread = np.percentile(before, 75, axis=0) - np.percentile(before, 25, axis=0)
    spread[spread == 0] = 1
    return np.max(np.abs(after - np.median(before, axis=0)) / spread, axis=0)


def sigmas(before: Array, after: Array) -> Array:
    spread = before.std(axis=0)
    spread[spread == 0] = 1
    return np.max(np.abs(after - before.mean(axis=0)) / spread, axis=0)


def median_shift(before: Array, after: Array) -> Array:
    usual = np.median(before, axis=0)
    spread = 1.4826 * np.median(np.abs(before - usual), axis=0) + 0.05 * np.abs(usual) + 1e-9
    return np.abs(np.median(after, axis=0) - usual) / spread


def step_correlation(before: Array, after: Array) -> Array:
    """How well a step at the moment explains a column."""
    step = np.r_[np.zeros(len(before)), np.ones(len(after))]
    both = np.vstack([before, after])
    apart = both - both.mean(axis=0)
    scale = np.sqrt((apart**2).sum(axis=0) * ((step - step.mean()) ** 2).sum())
    return np.abs((step - step.mean()) @ apart) / np.where(scale > 0, scale, 1)


def ours(case: Case, **given: Any) -> Scores:
    ranking = rank_table(case.times, case.names, case.values, **{"at": case.at, **given})
    return {one.component: one.score for one in ranking.suspects}


METHODS: dict[str, Method] = {
    "BARO's robust score": by_column(baro),
    "n-sigma": by_column(sigmas),
    "median shift": by_column(median_shift),
    "correlation with a step": by_column(step_correlation),
    "ours": ours,
    "ours, moment not given": lambda case: ours(case, at=None),
    "ours, with graph": lambda case: ours(case, edges=case.help.get("edges", ())),
    "ours, with graph, logs, target": lambda case: ours(case, **case.help),
}


def place(case: Case, scores: Scores) -> int:
    """One that gives the root no score has missed it."""
    if case.root not in scores:
        return 10**6
    mine = scores[case.root]
    return 1 + sum(one >= mine for name, one in scores.items() if name != case.root)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--made", type=int, default=40)
    asked = parser.parse_args()
    cases = [*read_cases(asked.folder), *made_cases(asked.made)]
    for which in ("development", "held out", "made"):
        chosen = [case for case in cases if case.set == which]
        for name, method in METHODS.items():
            places = np.array([place(case, method(case)) for case in chosen])
            shares = "  ".join(f"{(places <= rank).mean():.3f}" for rank in (1, 3, 5))
            sys.stdout.write(f"{which:<12} {len(chosen):>3}  {name:<32} {shares}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
