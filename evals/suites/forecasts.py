"""forecasts: made-up load foretold, beside the naive ways, and how often the interval holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, median
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
# How intervals are widened was chosen on seeds below 1000. The share that an interval of sixty series
# holds is off by five points as chance will have it, that of so many by half of it.
SEEDS = range(1000, 1040)
LEVEL = 80
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


def _figures(found: Sequence[Foretold]) -> dict[str, Any]:
    def middle(name: str, among: Sequence[Foretold] = found) -> float:
        return round(median(getattr(one, name) for one in among), 3)

    by_shape = {
        shape: {
            "mase": middle("midwatch", own),
            "mase_naive_day": middle("naive_day", own),
            "held": round(fmean(one.held for one in own), 3),
        }
        for shape in SHAPES
        for own in [[one for one in found if one.name.startswith(shape)]]
    }
    return {
        "median_mase": middle("midwatch"),
        "median_mase_naive_day": middle("naive_day"),
        "median_mase_naive_week": middle("naive_week"),
        "median_smape": middle("smape"),
        "median_smape_naive_day": middle("smape_naive_day"),
        "interval_of_80_held": round(fmean(one.held for one in found), 3),
        "peak_of_80_held": round(fmean(one.peak_held for one in found), 3),
        "by_shape": by_shape,
    }
