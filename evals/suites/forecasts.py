"""forecasts: made-up load foretold, beside the naive ways, and how often the interval holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, geometric_mean, median
from typing import Any

import anyio
import numpy as np

from core.clock import monotonic_s
from core.principal import Permission, Principal
from evals.made_load import HOUR_S, SHAPES, START, Values, made_load
from evals.scoreboard import Failure, SuiteResult
from mcp_servers.client import Connections, Tools, in_process

JUDGE = Principal(subject="eval", permissions=frozenset(Permission))
HISTORY, HORIZONS = 720, (24, 168)
# How intervals are widened and ways weighed was chosen on seeds below 1000. Of levels that wander a week
# ahead nobody knows more than the naive way does by a few hundredths, and the medians of forty such
# series are a quarter apart as chance will have it: it takes this many to say which is the lower one.
SEEDS = range(1000, 1400)
LEVEL = 80
# Of the difference of two medians, by drawing the series anew so many times, both errors of one together
# (paired bootstrap, Efron 1979).
DRAWN, DRAWN_SEED, MIDDLE = 2000, 1, (0.025, 0.975)
# A series is a failure when the naive way would have been half as far off.
MUCH_WORSE = 2.0


@dataclass(frozen=True, slots=True)
class Foretold:
    """One series: errors in those of a naive step in its history, and the share the interval held.

    `peak_held`: whether the highest value was between the ends that were told of it, 0 or 1.
    """

    name: str
    midwatch: float
    naive_day: float
    naive_week: float
    smape: float
    smape_naive_day: float
    held: float
    peak_held: float


async def run() -> list[SuiteResult]:
    async with in_process(Connections(clusterless=True), only=["forecast"]) as sessions:
        tools = Tools(sessions, JUDGE)
        return [await _judged(horizon, tools) for horizon in HORIZONS]


async def _judged(horizon: int, tools: Tools) -> SuiteResult:
    found: list[Foretold] = []
    started_s = monotonic_s()
    for shape in SHAPES:
        for seed in SEEDS:
            values = await anyio.to_thread.run_sync(
                partial(made_load, shape, seed, HISTORY + horizon)
            )
            found.append(await _foretold(f"{shape} {seed}", values, tools))
    failures = [
        Failure(one.name, f"MASE {one.midwatch:.2f}, naive {one.naive_day:.2f}")
        for one in found
        if one.midwatch > MUCH_WORSE * one.naive_day
    ]
    metrics = _figures(found)
    metrics["ms_a_series"] = round((monotonic_s() - started_s) * 1000 / len(found), 1)
    name = f"forecasts {horizon} h ahead"
    return SuiteResult(name, len(found), tuple(failures), metrics, totals_only=True)


async def _foretold(name: str, values: Values, tools: Tools) -> Foretold:
    history, truth = values[:HISTORY], values[HISTORY:]
    lines = [f"{START + i * HOUR_S:.0f},{value:.6f}" for i, value in enumerate(history)]
    table = "\n".join(["timestamp,value", *lines])
    answer = await tools.call("forecast_table", values=table, horizon=len(truth), level=LEVEL)
    points = answer.data["forecast"]
    mean = np.array([one["mean"] for one in points])
    inside = [
        one["lower"] <= value <= one["upper"] for one, value in zip(points, truth, strict=True)
    ]
    by_day, by_week = (np.resize(history[-back:], len(truth)) for back in (24, 168))
    step = float(np.abs(history[24:] - history[:-24]).mean())
    return Foretold(
        name,
        midwatch=float(np.abs(mean - truth).mean()) / step,
        naive_day=float(np.abs(by_day - truth).mean()) / step,
        naive_week=float(np.abs(by_week - truth).mean()) / step,
        smape=_smape(mean, truth),
        smape_naive_day=_smape(by_day, truth),
        held=fmean(inside),
        peak_held=float(answer.data["peak_low"] <= truth.max() <= answer.data["peak_high"]),
    )


def _smape(told: Values, truth: Values) -> float:
    """Of Makridakis (1993), 0 to 200 percent."""
    sizes = np.abs(told) + np.abs(truth)
    return float(100 * np.mean(2 * np.abs(told - truth) / np.where(sizes > 0, sizes, 1.0)))


def _ratio(found: Sequence[Foretold]) -> float:
    """Of each series against the naive way, in the geometric mean: medians of few series mislead."""
    pairs = [(one.midwatch, one.naive_day) for one in found if one.midwatch and one.naive_day]
    return round(geometric_mean(ours / naive for ours, naive in pairs), 3) if pairs else 1.0


def difference(ours: Sequence[float], naive: Sequence[float]) -> list[float]:
    """Where the median of ours lies beside that of the naive way, in 95 % of cases; below 0: better."""
    pairs = np.array([ours, naive], dtype=float)
    places = np.random.default_rng(DRAWN_SEED).integers(0, len(ours), (DRAWN, len(ours)))
    apart = np.median(pairs[0][places], axis=1) - np.median(pairs[1][places], axis=1)
    return [round(float(one), 3) for one in np.quantile(apart, MIDDLE)]


def _apart(found: Sequence[Foretold]) -> str:
    low, high = difference([one.midwatch for one in found], [one.naive_day for one in found])
    return f"{low:+.3f} to {high:+.3f}"


def _figures(found: Sequence[Foretold]) -> dict[str, Any]:
    def middle(name: str, among: Sequence[Foretold] = found) -> float:
        return round(median(getattr(one, name) for one in among), 3)

    by_shape = {
        shape: {
            "mase": middle("midwatch", own),
            "mase_naive_day": middle("naive_day", own),
            "mase_naive_week": middle("naive_week", own),
            "minus_naive_day": _apart(own),
            "of_naive_day": _ratio(own),
            "held": round(fmean(one.held for one in own), 3),
        }
        for shape in SHAPES
        for own in [[one for one in found if one.name.startswith(shape)]]
    }
    return {
        "median_mase": middle("midwatch"),
        "median_mase_naive_day": middle("naive_day"),
        "median_mase_naive_week": middle("naive_week"),
        "minus_naive_day": _apart(found),
        "median_smape": middle("smape"),
        "median_smape_naive_day": middle("smape_naive_day"),
        "interval_of_80_held": round(fmean(one.held for one in found), 3),
        "peak_of_80_held": round(fmean(one.peak_held for one in found), 3),
        "by_shape": by_shape,
    }
