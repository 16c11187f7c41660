"""Series as a reader can take them: labels apart, a guess at the unit, a few numbers for many."""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mcp_servers.engines.quantities import as_bytes
from mcp_servers.facts.metrics import Series

Point = tuple[datetime, float]

# By the metric's suffix, as Prometheus names metrics.
SUFFIXES = (
    ("_bytes", "bytes"),
    ("_seconds", "seconds"),
    ("_milliseconds", "milliseconds"),
    ("_celsius", "celsius"),
    ("_ratio", "ratio"),
    ("_percent", "percent"),
    ("_cores", "cores"),
    ("_timestamp_seconds", "unix time"),
)
_METRIC = re.compile(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*(?=\s*[{\[\s)]|$)")
_PER_SECOND = re.compile(r"\bi?rate\s*\(|\bderiv\s*\(")
_COUNTING = re.compile(r"^\s*count\b|\bcount\s*(by|without)?\s*\(|\babsent\s*\(|\bup\b")
SHOWN_POINTS = 30


@dataclass(frozen=True, slots=True)
class Shape:
    """What a line looks like, without drawing it. All None when it has no finite point."""

    first: float | None
    last: float | None
    lowest: float | None
    highest: float | None
    highest_at: datetime | None
    mean: float | None


def finite(series: Series) -> list[Point]:
    """The points that are numbers; NaN and infinity are gaps."""
    return [(at, value) for at, value in series.points if math.isfinite(value)]


def shape_of(points: Sequence[Point]) -> Shape:
    if not points:
        return Shape(None, None, None, None, None, None)
    values = [value for _, value in points]
    top = max(points, key=lambda point: point[1])
    mean = sum(values) / len(values)
    return Shape(values[0], values[-1], min(values), top[1], top[0], mean)


def thinned(points: Sequence[Point], at_most: int = SHOWN_POINTS) -> list[Point]:
    """At most so many points: the largest of each stretch, so that no peak is lost."""
    if len(points) <= at_most:
        return list(points)
    edges = [round(i * len(points) / at_most) for i in range(at_most + 1)]
    stretches = (points[a:b] for a, b in itertools.pairwise(edges) if b > a)
    return [max(stretch, key=lambda point: point[1]) for stretch in stretches]


def unit_of(promql: str) -> str:
    """The unit an expression most likely has; "" when its metrics say nothing."""
    if _COUNTING.search(promql):
        return ""
    if "/" in promql or "histogram_quantile" in promql:
        return "seconds" if "histogram_quantile" in promql and "_seconds" in promql else ""
    units = {unit for name in _METRIC.findall(promql) if (unit := _unit_of_metric(name))}
    if len(units) != 1:
        return "per second" if _PER_SECOND.search(promql) else ""
    [unit] = units
    if not _PER_SECOND.search(promql):
        return unit
    return "cores" if "cpu" in promql and unit == "seconds" else f"{unit} per second"


def _unit_of_metric(name: str) -> str:
    stem = re.sub(r"_(total|sum|max|min|avg)$", "", name)
    return next((unit for suffix, unit in reversed(SUFFIXES) if stem.endswith(suffix)), "")


def tidy(value: float | None) -> float | None:
    """Six significant digits: what is measured is not more exact."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def said(value: float | None, unit: str) -> str:
    """A value for a reader: bytes in their largest unit, anything else with four digits."""
    if value is None:
        return "NaN"
    return as_bytes(value) if unit == "bytes" else f"{value:.4g}"


def written(labels: Sequence[tuple[str, str]]) -> str:
    """As PromQL writes a series: name{a="b"}."""
    name = next((value for key, value in labels if key == "__name__"), "")
    inside = ", ".join(f'{key}="{value}"' for key, value in labels if key != "__name__")
    return f"{name}{{{inside}}}" if inside or not name else name


def varying(every: Sequence[Sequence[tuple[str, str]]]) -> tuple[dict[str, str], set[str]]:
    """The labels that all share, and the names of those that tell them apart."""
    if len(every) < 2:
        return {}, {key for labels in every for key, _ in labels}
    shared = dict(set(every[0]).intersection(*every[1:]))
    return shared, {key for labels in every for key, _ in labels} - set(shared)
