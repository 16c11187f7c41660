"""What money takes: forecasts, a month of a large cluster divided, and how far month ends are missed.

    .venv/bin/python -m tools.measure.money [forecasts | allocation | month_ends | wandering]

The large cluster is made up, and its answers are handed over as if Prometheus and Kubernetes had been
read already: what is measured is everything behind that.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import geometric_mean, median, quantiles
from typing import Any

import numpy as np

from evals import made_load, made_spend
from mcp_servers.backends.billing import Billing
from mcp_servers.budgets.gathering import QUERIES, Purse
from mcp_servers.budgets.spend import billed
from mcp_servers.engines.forecast import forecast
from mcp_servers.engines.period_ends import period_end
from mcp_servers.facts.kubernetes import Resource
from mcp_servers.facts.metrics import Series

SERIES, HOURS = 1000, 720
NAMESPACES, DEPLOYMENTS, PODS, NODES, DAYS = 500, 2000, 10_000, 250, 30
END = datetime(2026, 10, 31, tzinfo=UTC)
MONTHS_OF_A_SHAPE, SEED = 40, 1000
# Between two episodes of spend: 30 to 60 days, so that most months hold one.
CALM_DAYS = 30


def forecasts() -> None:
    shapes = list(made_load.SHAPES)
    times = [made_load.START + i * made_load.HOUR_S for i in range(HOURS)]
    made = [made_load.made_load(shapes[i % len(shapes)], i, HOURS) for i in range(SERIES)]
    for horizon in (24, 168):
        began = time.process_time()
        for values in made:
            forecast(times, values, horizon=horizon)
        print(
            f"{SERIES} series of {HOURS} values, {horizon} h: {time.process_time() - began:.1f} s"
        )


class _Cluster:
    """Answers as the backends give them."""

    configured = True

    def __init__(self) -> None:
        self.objects = {"Node": list(_nodes()), "Pod": list(_pods()), "ReplicaSet": list(_sets())}
        self.values = {"present": 1.0, "memory_used": 2e9, "cpu_used": 0.2, "cpu_asked": 0.5}

    async def list(self, kind: str, **_: Any) -> Sequence[Resource]:
        return self.objects.get(kind, [])

    async def query_range(
        self, query: str, *, start: datetime, end: datetime, points: int
    ) -> Sequence[Series]:
        kind = next(name for name, one in QUERIES.items() if one == query)
        value = self.values.get(kind, 1e9)
        at = [start + (end - start) * i / (points - 1) for i in range(points)]
        told = tuple((moment, value) for moment in at)
        return [
            Series(
                query, (("container", "app"), ("namespace", one.namespace), ("pod", one.name)), told
            )
            for one in self.objects["Pod"]
        ]


def _of(kind: str, name: str, namespace: str = "", **more: Any) -> Resource:
    about: dict[str, Any] = {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"}
    about |= {"namespace": namespace} if namespace else {}
    about |= more.pop("about", {})
    return Resource({"apiVersion": "v1", "kind": kind, "metadata": about, **more})


def _nodes() -> Iterator[Resource]:
    room = {"cpu": "32", "memory": "128Gi"}
    for i in range(NODES):
        yield _of("Node", f"node-{i}", status={"capacity": room, "allocatable": room})


def _sets() -> Iterator[Resource]:
    for i in range(DEPLOYMENTS):
        owner = [{"kind": "Deployment", "name": f"app-{i}", "uid": f"{i}", "controller": True}]
        yield _of(
            "ReplicaSet", f"app-{i}-5d9c", f"ns-{i % NAMESPACES}", about={"ownerReferences": owner}
        )


def _pods() -> Iterator[Resource]:
    asked = {"requests": {"cpu": "500m", "memory": "1Gi"}}
    for i in range(PODS):
        app = i % DEPLOYMENTS
        owner = [
            {"kind": "ReplicaSet", "name": f"app-{app}-5d9c", "uid": f"{app}", "controller": True}
        ]
        about = {"ownerReferences": owner, "labels": {"team": f"team-{app % 20}"}}
        spec = {
            "nodeName": f"node-{i % NODES}",
            "containers": [{"name": "app", "resources": asked}],
        }
        yield _of(
            "Pod",
            f"app-{app}-5d9c-{i}",
            f"ns-{app % NAMESPACES}",
            about=about,
            spec=spec,
            status={"phase": "Running"},
        )


def allocation() -> None:
    cluster: Any = _Cluster()
    before = _peak_mib()
    began, cpu = time.perf_counter(), time.process_time()
    start = END - timedelta(days=DAYS)
    bill = asyncio.run(billed(Purse(cluster, cluster, Billing()), start, END))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    found = bill.allocation
    parts = sum(one.own for one in found.shares) + found.idle + found.overhead
    print(
        f"{NAMESPACES} namespaces, {PODS} pods, {DAYS} days: {took:.0f} s ({cpu:.0f} s of CPU), "
        f"peak {_peak_mib():.0f} MiB ({before:.0f} before), {len(found.shares)} workloads, "
        f"bill {found.bill:.2f}, its parts {parts:.2f}"
    )


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def month_ends() -> None:
    """Of June 2026, with the two months before it, whose days hold an episode about every six weeks."""
    shapes = list(made_spend.SHAPES)
    first, start, end = date(2026, 4, 6), date(2026, 6, 1), date(2026, 7, 1)
    print(
        "| month end foretold on day | midwatch, median / p90 | run-rate | below 15 % | 80 % holds |"
    )
    print("|---|---|---|---|---|")
    for day in (5, 10, 15, 20, 25):
        today = start + timedelta(days=day)
        back = min(start, today - timedelta(days=28))  # as far as budgets look
        ours, rate, held = [], [], []
        for shape in shapes:
            for seed in range(SEED, SEED + MONTHS_OF_A_SHAPE):
                values = made_spend.made_days(shape, seed, 120, CALM_DAYS).values
                costs = {first + timedelta(days=i): float(v) for i, v in enumerate(values)}
                whole = sum(cost for on, cost in costs.items() if start <= on < end)
                known = {on: cost for on, cost in costs.items() if back <= on < today}
                told = period_end(known, start, end, today)
                assert told is not None
                assert told.lower is not None
                assert told.upper is not None
                ours.append(abs(told.mean / whole - 1))
                rate.append(abs(told.spent / day * 30 / whole - 1))
                held.append(told.lower <= whole <= told.upper)
        within = sum(one < 0.15 for one in ours) / len(ours)
        print(
            f"| {day} | {_spread(ours)} | {_spread(rate)} | {within:.0%} | {sum(held) / len(held):.0%} |"
        )


def wandering() -> None:
    """Levels that wander, a week ahead, beside the best that anybody who knows them could say."""
    horizon = 168
    times = [made_load.START + i * made_load.HOUR_S for i in range(HOURS)]
    for seeds in (range(1000, 1040), range(3040, 3240), range(200, 400)):
        rows: list[list[float]] = []
        for seed in seeds:
            values = made_load.made_load("wandering", seed, HOURS + horizon)
            history, truth = values[:HOURS], values[HOURS:]
            points = forecast(times, history.tolist(), horizon=horizon).points
            told = (
                np.array([one.mean for one in points]),
                made_load.best_of_wandering(seed, HOURS, horizon),
                np.resize(history[-24:], horizon),
            )
            step = float(np.abs(history[24:] - history[:-24]).mean())
            rows.append([float(np.abs(one - truth).mean()) / step for one in told])
        ours, best, naive = (median(row[i] for row in rows) for i in range(3))
        ratio = geometric_mean(row[0] / row[2] for row in rows)
        print(
            f"seeds {seeds[0]} to {seeds[-1]}: MASE {ours:.2f}, who knows all {best:.2f}, "
            f"naive {naive:.2f}, series by series {ratio:.2f} of naive"
        )


def _spread(errors: Sequence[float]) -> str:
    return f"{100 * median(errors):.1f} % / {100 * quantiles(errors, n=10)[-1]:.1f} %"


MEASURED: dict[str, Callable[[], None]] = {
    "forecasts": forecasts,
    "allocation": allocation,
    "month_ends": month_ends,
    "wandering": wandering,
}


if __name__ == "__main__":
    for name in sys.argv[1:] or MEASURED:
        MEASURED[name]()
