"""Fit what each sign is worth to drawn cases, so that confidence says how often it is right.

    python -m tools.calibrate --seeds 1 2 [--cases 117] [--write]

A logistic regression over the signals of every cause that is named, drawn towards the weights that
were set by hand before there was data (a normal prior around each). Only development seeds may be
used; whether it holds is then seen on other seeds (`midwatch eval run rca --generated N --seed S`).
"""

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evals.generated.making import FAULTS, HELD_OUT_FROM, make_cases
from evals.suites.rca import JUDGE
from evals.truth import Truth, cases_in
from mcp_servers.client import Connections, connected
from mcp_servers.engines.confidence import features
from mcp_servers.engines.rca_ranking import RootCause, rank
from mcp_servers.rca.study import Asked, Hands, study
from sandbox.server import serving

# Before there was data: certain about nine in ten, strong four in five, inferred three in five.
HAND_SET = {
    "certain": 2.2,
    "strong": 1.4,
    "inferred": 0.4,
    "explained_elsewhere": 0.6,
    "explained_here": 0.25,
    "change_before": 0.4,
    "symptom_only": -1.8,
    "away_from_the_question": -1.2,
    "rivals": -0.3,
    "unseen": -0.15,
}
SPREAD = 0.6  # of the prior, in log-odds: how far few cases may pull a weight
STEPS = 50  # of Newton's method, which needs about eight

TARGET = Path(__file__).parents[1] / "mcp_servers" / "engines" / "confidence_weights.py"

Sample = tuple[dict[str, float], bool]


async def samples_of(truth: Truth) -> list[Sample]:
    """Every cause named for this case: its features, and whether it is one."""
    said = truth.said.scope
    async with serving(truth.folder) as addresses:
        backends = connected(
            Connections(
                kubeconfig=addresses.kubeconfig,
                prometheus_url=addresses.prometheus,
                alertmanager_url=addresses.alertmanager,
            )
        )
        try:
            hands = Hands(backends.kubernetes, backends.prometheus, backends.alertmanager)
            looked = await study(hands, JUDGE, Asked(said.namespace, said.kind, said.name))
        finally:
            await backends.close()
    ranking = rank(
        looked.findings,
        looked.cluster,
        looked.topology,
        focus=looked.focus,
        namespace=looked.asked.namespace,
    )
    return [(features(one.signals), _right(truth, one)) for one in ranking.roots]


def _right(truth: Truth, cause: RootCause) -> bool:
    ref = cause.finding.resource
    named = (ref.kind, ref.namespace, ref.name)
    return any(one.takes(cause.finding.rule, named) for one in truth.said.root_causes)


async def gathered(seeds: list[int], cases: int) -> list[Sample]:
    found: list[Sample] = []
    for seed in seeds:
        with TemporaryDirectory() as folder:
            make_cases(Path(folder), count=cases, seed=seed)
            for truth in cases_in(Path(folder)):
                if not truth.said.refusal:  # nothing is diagnosed of what does not exist
                    found += await samples_of(truth)
    return found


def fitted(samples: list[Sample]) -> dict[str, float]:
    """The weights that make the samples and the prior together most likely."""
    names = list(HAND_SET)
    signs = np.array([[one[name] for name in names] for one, _ in samples])
    right = np.array([float(one) for _, one in samples])
    prior = weights = np.array([HAND_SET[name] for name in names])
    precision = np.eye(len(names)) / SPREAD**2
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-signs @ weights))
        slope = signs.T @ (right - chance) - precision @ (weights - prior)
        bend = (signs.T * (chance * (1 - chance))) @ signs + precision
        weights = weights + np.linalg.solve(bend, slope)
    return dict(zip(names, np.round(weights, 2).tolist(), strict=True))


def written(weights: dict[str, float], samples: list[Sample], seeds: list[int], cases: int) -> str:
    lines = "\n".join(f'    "{name}": {value},' for name, value in weights.items())
    wrong = sum(not right for _, right in samples)
    told = " ".join(map(str, seeds))
    return (
        '"""What each sign is worth, in log-odds. Written by a program; not to be changed by hand.\n\n'
        f"    python -m tools.calibrate --seeds {told} --cases {cases} --write\n\n"
        f"fitted them to {len(samples)} causes that were named, {wrong} of them wrongly.\n"
        f'"""\n\nWEIGHTS = {{\n{lines}\n}}\n'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Fit the weights of confidence to drawn cases.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cases", type=int, default=len(FAULTS))
    parser.add_argument("--write", action="store_true", help="replace the frozen weights")
    asked = parser.parse_args()
    if max(asked.seeds) >= HELD_OUT_FROM:
        print(f"Seeds from {HELD_OUT_FROM} on are held out; nothing may be fitted to them.")
        return 2
    samples = asyncio.run(gathered(asked.seeds, asked.cases))
    text = written(fitted(samples), samples, asked.seeds, asked.cases)
    print(text)
    if asked.write:
        TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
