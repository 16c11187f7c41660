"""Recorded metrics as labelled arrays: what the practice cluster's Prometheus has stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np

from sandbox.series.growing import Floats, Growth, Millis
from sandbox.series.openmetrics import Column, Family, Labels, read
from sandbox.series.patterns import compiled

__all__ = [
    "Family",
    "Floats",
    "Labels",
    "Matcher",
    "Millis",
    "Operator",
    "Series",
    "SeriesStore",
    "compiled",
]

Operator = Literal["=", "!=", "=~", "!~"]

# The series of a family that only ever rise.
_COUNTING = {
    "counter": ("", "_total"),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
}


@dataclass(frozen=True)
class Matcher:
    """One condition on a label, as in PromQL; an absent label is an empty one.

    A pattern must match the whole value. Raises `Invalid` for one that Python cannot read.
    """

    label: str
    operator: Operator
    value: str

    def __post_init__(self) -> None:
        if self.operator in ("=~", "!~"):
            compiled(self.value)

    def matches(self, value: str) -> bool:
        if self.operator in ("=", "!="):
            same = value == self.value
        else:
            same = compiled(self.value).fullmatch(value) is not None
        return same is (self.operator in ("=", "=~"))


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one label set, in time order, no two at the same millisecond."""

    labels: Labels
    times_ms: Millis
    values: Floats
    growth: Growth | None = None

    def between(self, start_ms: int, end_ms: int) -> "Series":
        """The samples in this time, both ends included, those that grow after the end too."""
        first, last = np.searchsorted(self.times_ms, [start_ms, end_ms + 1])
        times, values = self.times_ms[first:last], self.values[first:last]
        if self.growth and end_ms > self.growth.last_ms:
            more_times, more_values = self.growth.between(start_ms, end_ms)
            times, values = np.append(times, more_times), np.append(values, more_values)
        return Series(self.labels, times, values)


@dataclass(frozen=True)
class SeriesStore:
    """Every series of a snapshot, in the order of their labels."""

    series: tuple[Series, ...] = ()
    families: Mapping[str, Family] = field(default_factory=dict[str, Family])
    _by_name: Mapping[str, tuple[Series, ...]] = field(
        default_factory=dict[str, tuple[Series, ...]]
    )
    # What began, and what ended, since the recording.
    _begun: list[Series] = field(default_factory=list[Series])
    _ends_ms: dict[Labels, int] = field(default_factory=dict[Labels, int])

    @classmethod
    def read(cls, files: Iterable[Path], shift_s: float = 0.0, *, grows: bool = True) -> Self:
        """Read OpenMetrics files with every time moved by `shift_s`.

        Unless `grows` is false, series that were still scraped at the end go on as they ended.
        Raises `Invalid`: one sentence with the file and line to mend.
        """
        exposition = read(files)
        arrays = {labels: _arrays(column, shift_s) for labels, column in exposition.columns.items()}
        newest = max((int(times[-1]) for times, _ in arrays.values()), default=0)
        series: list[Series] = []
        for labels, (times, values) in sorted(arrays.items()):
            counter = _counts(_name(labels), exposition.families)
            growth = Growth.of(times, values, counter=counter, newest_ms=newest)
            series.append(Series(labels, times, values, growth if grows else None))
        by_name: dict[str, list[Series]] = {}
        for one in series:
            by_name.setdefault(_name(one.labels), []).append(one)
        return cls(
            tuple(series), exposition.families, {name: tuple(by_name[name]) for name in by_name}
        )

    def select(self, matchers: Sequence[Matcher], start_s: float, end_s: float) -> list[Series]:
        """The series with any sample from `start_s` to `end_s`, both included, cut to that time.

        Growing series go on up to `end_s`, so whoever asks keeps it at or before now.
        """
        start_ms, end_ms = round(start_s * 1000), round(end_s * 1000)
        found = (
            one.between(start_ms, min(end_ms, self._ends_ms.get(one.labels, end_ms)))
            for one in self._matching(matchers)
        )
        return [one for one in found if len(one.times_ms)]

    def continue_as(
        self, matchers: Sequence[Matcher], changed: Mapping[str, str], at_s: float
    ) -> None:
        """From `at_s` on, series like the growing ones found exist with these labels changed too.

        A gauge begins with the value the other ends with, a counter at zero, and both grow alike.
        """
        at_ms = round(at_s * 1000)
        for one in list(self._matching(matchers)):
            if one.growth is not None:
                labels = tuple(sorted({**dict(one.labels), **changed}.items()))
                counter = _counts(_name(labels), self.families)
                first = 0.0 if counter else one.growth.last_value
                growth = replace(one.growth, last_ms=at_ms, last_value=first)
                times = np.array([at_ms], dtype=np.int64)
                self._begun.append(Series(labels, times, np.array([first]), growth))
                self._ends_ms.pop(labels, None)

    def end(self, matchers: Sequence[Matcher], at_s: float) -> None:
        """The series found have no samples after `at_s`."""
        for one in self._matching(matchers):
            self._ends_ms.setdefault(one.labels, round(at_s * 1000))

    @property
    def oldest_s(self) -> float | None:
        """When the first sample was taken."""
        return min((int(one.times_ms[0]) / 1000 for one in self.series), default=None)

    def _matching(self, matchers: Sequence[Matcher]) -> Iterable[Series]:
        candidates: Iterable[Series] = [*self.series, *self._begun]
        for matcher in matchers:
            if matcher.label == "__name__" and matcher.operator == "=":
                begun = (one for one in self._begun if matcher.value == _name(one.labels))
                candidates = [*self._by_name.get(matcher.value, ()), *begun]
        for one in candidates:
            labels = dict(one.labels)
            if all(matcher.matches(labels.get(matcher.label, "")) for matcher in matchers):
                yield one


def _arrays(column: Column, shift_s: float) -> tuple[Millis, Floats]:
    """In time order; of two samples at one time the later line counts."""
    seconds = np.array(column.times, dtype=np.float64)
    # Prometheus cuts what is finer than a millisecond rather than rounding it.
    times = (seconds * 1000).astype(np.int64) + round(shift_s * 1000)
    values = np.array(column.values, dtype=np.float64)
    if np.all(times[1:] > times[:-1]):
        return times, values
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    kept = np.append(times[1:] > times[:-1], True)
    return times[kept], values[kept]


def _counts(name: str, families: Mapping[str, Family]) -> bool:
    """Whether the values of this metric only ever rise."""
    if name in families and families[name].type != "unknown":
        return families[name].type == "counter"
    for kind, suffixes in _COUNTING.items():
        for suffix in filter(name.endswith, suffixes):
            family = families.get(name.removesuffix(suffix))
            if family and family.type != "unknown":
                return family.type == kind
    return name.endswith("_total")


def _name(labels: Labels) -> str:
    return dict(labels)["__name__"]
