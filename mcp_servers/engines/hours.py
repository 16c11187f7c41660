"""Hour by hour: what a container took is the larger of what it asked for and what it used."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from mcp_servers.engines.metric_tables import Array
from mcp_servers.facts.money import Amounts

GIB = 2.0**30
HOUR_S = 3600.0

Container = tuple[str, str, str]  # namespace, pod, container
Points = Sequence[tuple[datetime, float]]


class TakenOf(NamedTuple):
    """What a container took and used, and whether a measurement says what it asked for."""

    container: Container
    took: Amounts
    used: Amounts
    was_asked: bool


class ManyHours:
    """Means of hours of many containers, by the hour's end: cores and bytes.

    `present` is the part of an hour that a container ran. A row for each container and a column for
    each hour: one by one, ten thousand containers took most of the time of a bill. Kinds are
    `present`, `cpu_used`, `memory_used`, `cpu_asked` and `memory_asked`.
    """

    def __init__(self, hours: Sequence[datetime]) -> None:
        self.hours = hours
        self._rows: dict[Container, int] = {}
        self._told: dict[str, list[tuple[int, Points]]] = {}

    def keep(self, kind: str, container: Container, points: Points) -> None:
        row = self._rows.setdefault(container, len(self._rows))
        self._told.setdefault(kind, []).append((row, points))

    def seen(self) -> Iterator[datetime]:
        """The hours in which anything was measured."""
        known = np.isfinite(self._values("present"))
        return (hour for hour, column in zip(self.hours, known.T, strict=True) if column.any())

    def taken(self, asked_of: Callable[[Container], Amounts]) -> Iterator[TakenOf]:
        """By container, summed over the hours in which it ran.

        What it asked for (cores, GiB, GPUs) stands in for hours of which no measurement says that.
        A GPU is taken while the container runs: nobody else can have it.
        """
        asked = [asked_of(one) for one in self._rows]
        part = self._values("present")
        ran = np.isfinite(part)
        part = np.where(ran, np.minimum(part, 1.0), 0.0)
        cpu_asked, memory_asked = self._values("cpu_asked"), self._values("memory_asked")
        cpu = _known(self._values("cpu_used")) * ran
        memory = _known(self._values("memory_used")) / GIB * part
        wants_cpu = _or(cpu_asked, [one.cpu for one in asked]) * part
        wants_memory = _or(memory_asked / GIB, [one.memory for one in asked]) * part
        gpu = part.sum(axis=1) * np.array([one.gpu for one in asked])
        sums = (np.maximum(cpu, wants_cpu), np.maximum(memory, wants_memory), cpu, memory)
        columns = [*(one.sum(axis=1) for one in sums), gpu]
        rows: list[list[float]] = np.stack(columns, axis=1).tolist()
        told = np.isfinite(cpu_asked) | np.isfinite(memory_asked)
        for container, row, measured in zip(self._rows, rows, told, strict=True):
            took, used = Amounts(row[0], row[1], row[4]), Amounts(row[2], row[3], row[4])
            yield TakenOf(container, took, used, bool(measured.any()))

    def _values(self, kind: str) -> Array:
        """What is known, NaN elsewhere; what is below zero is no measurement."""
        found = np.full((len(self._rows), len(self.hours)), np.nan)
        for row, points in self._told.get(kind, ()):
            if self._whole(points):
                found[row] = [value for _, value in points]
            else:
                for at, value in points:
                    place = self._place(at)
                    if 0 <= place < len(self.hours):
                        found[row, place] = value
        found[found < 0] = np.nan
        return found

    def _whole(self, points: Points) -> bool:
        """A point for each hour, as nearly all series have."""
        last = len(self.hours) - 1
        whole = len(points) == last + 1
        return whole and self._place(points[0][0]) == 0 and self._place(points[-1][0]) == last

    def _place(self, at: datetime) -> int:
        """Prometheus rounds to milliseconds what it was asked for."""
        return round((at - self.hours[0]).total_seconds() / HOUR_S)


def _known(values: Array) -> Array:
    return np.where(np.isfinite(values), values, 0.0)


def _or(values: Array, otherwise: Sequence[float]) -> Array:
    return np.where(np.isfinite(values), values, np.reshape(otherwise, (-1, 1)))


@dataclass(slots=True)
class Taken:
    """What a container took and used over all days that were added; its hours are forgotten."""

    took: Amounts = field(default_factory=Amounts)
    used: Amounts = field(default_factory=Amounts)
    was_asked: bool = False

    def add(self, one: TakenOf) -> None:
        self.took, self.used = self.took + one.took, self.used + one.used
        self.was_asked |= one.was_asked


def hours_since(created: datetime | None, seen: Iterable[datetime]) -> float:
    """For how many of the hours, named by their ends, something existed that was made at a time."""
    if created is None:
        return float(len(list(seen)))
    hour = timedelta(hours=1)
    return sum(min(max((end - created) / hour, 0.0), 1.0) for end in seen)
