"""Amounts that are asked for: measured, grown by a margin, and rounded up to what people write."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction

from mcp_servers.engines.quantities import as_cores
from mcp_servers.engines.trends import steady_rise
from mcp_servers.facts.kubernetes import Cluster, Resource
from mcp_servers.facts.metrics import Series

MEMORY = "container_memory_working_set_bytes"
WRITTEN = "container_fs_usage_bytes"
CPU = "container_cpu_usage_seconds_total"
LEAK_SHOWS_AFTER = timedelta(hours=6)
MIB, GIB = 2**20, 2**30
# Fewer points than this say nothing about a peak.
FEWEST_POINTS = 3
# Amounts below each bound are multiples of the step, in MiB.
_STEPS = ((128, 8), (1024, 32), (8192, 128))
# Over the usual use, so that a usual day does not end at the bound.
MARGIN = Fraction(23, 20)


def memory_of(cluster: Cluster, pods: Sequence[Resource], container: str) -> list[Series]:
    return list(_series(cluster, MEMORY, pods, container))


def peak_memory(cluster: Cluster, pods: Sequence[Resource], container: str) -> float | None:
    """The most that one pod's container held, in bytes; None when too little was measured."""
    return _peak(memory_of(cluster, pods, container))


def usual_memory(cluster: Cluster, pods: Sequence[Resource], container: str) -> float | None:
    """What 95 of 100 samples stay below, of the pod that needs most, in bytes."""
    found = [_percentile(values) for values in _values(memory_of(cluster, pods, container))]
    return max(found, default=None)


def leaks(cluster: Cluster, pods: Sequence[Resource], container: str) -> bool:
    """Whether its memory rises steadily, so that any bound is only reached later."""
    series = memory_of(cluster, pods, container)
    return any(steady_rise(one.points, at_least=LEAK_SHOWS_AFTER) for one in series)


def peak_written(cluster: Cluster, pods: Sequence[Resource], container: str) -> float | None:
    """The most that one pod's container held on its node's disk, in bytes, volumes left out."""
    return _peak(list(_series(cluster, WRITTEN, pods, container)))


def grows(cluster: Cluster, pods: Sequence[Resource], container: str) -> bool:
    """Whether what it writes rises steadily."""
    written = _series(cluster, WRITTEN, pods, container)
    return any(steady_rise(one.points, at_least=LEAK_SHOWS_AFTER) for one in written)


def usual_cpu(cluster: Cluster, pods: Sequence[Resource], container: str) -> float | None:
    """What 95 of 100 rates stay below, of the pod that needs most, in cores."""
    rates = [_rates(one) for one in _series(cluster, CPU, pods, container)]
    return max((_percentile(one) for one in rates if len(one) >= FEWEST_POINTS), default=None)


def _series(
    cluster: Cluster, role: str, pods: Sequence[Resource], container: str
) -> Iterator[Series]:
    for pod in pods:
        labels = {"namespace": pod.namespace, "pod": pod.name, "container": container}
        yield from cluster.series_for(role, **labels)


def _values(series: Sequence[Series]) -> Iterator[list[float]]:
    for one in series:
        values = [value for _, value in one.points if not math.isnan(value)]
        if len(values) >= FEWEST_POINTS:
            yield values


def _peak(series: Sequence[Series]) -> float | None:
    return max((max(values) for values in _values(series)), default=None)


def _rates(one: Series) -> list[float]:
    """Growth a second between samples; a counter that began anew gives none."""
    steps = zip(one.points, one.points[1:], strict=False)
    return [
        (after - before) / (later - at).total_seconds()
        for (at, before), (later, after) in steps
        if later > at and after >= before
    ]


def _percentile(values: Sequence[float], share: float = 0.95) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def memory_up(amount: Fraction | float) -> Fraction:
    """Bytes rounded up to what people write: 96Mi, 448Mi, 1536Mi, 3Gi."""
    mebi = Fraction(amount) / MIB
    step = next((step for bound, step in _STEPS if mebi <= bound), 1024)
    return Fraction(math.ceil(mebi / step) * step * MIB)


def memory_down(amount: Fraction) -> Fraction:
    """Whole mebibytes below an amount: what a bound of a node or quota leaves."""
    return Fraction(math.floor(amount / MIB) * MIB)


def as_memory(amount: Fraction) -> str:
    """Bytes in whole Gi or Mi."""
    unit, name = (GIB, "Gi") if amount % GIB == 0 else (MIB, "Mi")
    return f"{math.ceil(amount / unit)}{name}"


def cores_up(amount: Fraction | float) -> Fraction:
    """Cores rounded up to 10m below 100m, 50m below one core, 250m above."""
    exact = Fraction(amount)
    step = Fraction(1, 100) if exact < Fraction(1, 10) else Fraction(1, 20)
    step = Fraction(1, 4) if exact > 1 else step
    return math.ceil(exact / step) * step


def written(resource: str, amount: Fraction) -> str:
    """An amount as it goes into an object, never less than itself."""
    if resource == "cpu":
        return as_cores(Fraction(math.ceil(amount * 1000), 1000))
    return as_memory(amount)


def rounded_up(resource: str, amount: Fraction | float) -> Fraction:
    return cores_up(amount) if resource == "cpu" else memory_up(amount)


def rounded_down(resource: str, amount: Fraction) -> Fraction:
    """Cores in tenths, bytes in whole mebibytes, never more than the amount."""
    if resource == "cpu":
        tenth = Fraction(1, 10)
        return math.floor(amount / tenth) * tenth if amount >= tenth else amount
    return memory_down(amount)
