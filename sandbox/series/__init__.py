"""Recorded metrics as labelled arrays: what the practice cluster's Prometheus has stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol, Self

import numpy as np

from sandbox.series.earlier import Earlier
from sandbox.series.growing import (
    Floats,
    Growth,
    Growths,
    Millis,
    ended,
    is_growing,
    pace,
    stale_ms,
    turned,
)
from sandbox.series.openmetrics import Column, Family, Labels, read
from sandbox.series.patterns import compiled
from sandbox.series.weeks import Past, Weeks, past_of

__all__ = [
    "Family",
    "Floats",
    "Labels",
    "Matcher",
    "Millis",
    "Operator",
    "Series",
    "SeriesStore",
    "Source",
    "Weeks",
    "compiled",
    "is_growing",
    "pace",
]

Operator = Literal["=", "!=", "=~", "!~"]

_NEVER: Millis = np.empty(0, dtype=np.int64)

# Of the series that begin in a practice cluster, as many are kept.
_MOST_BEGUN = 50_000

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
    """Samples of one label set, in time order, no two at the same millisecond.

    `stale_ms` are the scrapes that missed it: from there on it is gone, up to its next sample.
    """

    labels: Labels
    times_ms: Millis
    values: Floats
    growths: Growths = ()
    stale_ms: Millis = field(default_factory=lambda: _NEVER)
    earlier: Earlier | None = None

    def between(self, start_ms: int, end_ms: int) -> "Series":
        """The samples in this time, both ends included, those that grow after the end too."""
        first, last = np.searchsorted(self.times_ms, [start_ms, end_ms + 1])
        times, values = [self.times_ms[first:last]], [self.values[first:last]]
        if self.earlier and start_ms < self.earlier.until_ms and self.earlier.first_ms <= end_ms:
            before = self.earlier.between(start_ms, end_ms)
            times.insert(0, before[0])
            values.insert(0, before[1])
        for growth in self.growths:
            if growth.first_ms <= end_ms and not (growth.until_ms or end_ms) < start_ms:
                more_times, more_values = growth.between(start_ms, end_ms)
                times.append(more_times)
                values.append(more_values)
        marks = np.union1d(self.stale_ms, stale_ms(self.growths))
        return Series(
            self.labels,
            np.concatenate(times),
            np.concatenate(values),
            stale_ms=marks[marks <= end_ms],
        )


class Source(Protocol):
    """Where samples come from: what is stored, or what rules make of it."""

    def select(self, matchers: Sequence[Matcher], start_s: float, end_s: float) -> list[Series]:
        """The series with any sample in this time, both ends included, cut to it."""
        ...


@dataclass(frozen=True)
class SeriesStore:
    """Every series of a snapshot, in the order of their labels, and those that began since.

    One thread changes it; others may read meanwhile.
    """

    series: Sequence[Series] = ()
    families: dict[str, Family] = field(default_factory=dict[str, Family])
    _by_name: dict[str, dict[Labels, Series]] = field(
        default_factory=dict[str, dict[Labels, Series]]
    )
    # What began since the recording, in that order.
    _begun: dict[Labels, None] = field(default_factory=dict[Labels, None])

    def __post_init__(self) -> None:
        for one in self.series:
            self._by_name.setdefault(_name(one.labels), {})[one.labels] = one

    @classmethod
    def read(
        cls,
        files: Iterable[Path],
        shift_s: float = 0.0,
        *,
        grows: bool = True,
        weeks: Weeks | None = None,
    ) -> Self:
        """Read OpenMetrics files with every time moved by `shift_s`, with `weeks` before them.

        Unless `grows` is false, series that were still scraped at the end go on as they ended.
        Raises `Invalid`: one sentence with the file and line to mend.
        """
        exposition = read(files)
        arrays = {labels: _arrays(column, shift_s) for labels, column in exposition.columns.items()}
        newest = max((int(times[-1]) for times, _ in arrays.values()), default=0)
        counting = {labels: _counts(_name(labels), exposition.families) for labels in arrays}
        past = past_of(weeks, arrays, counting) if weeks else Past({}, {})
        series: list[Series] = []
        for labels, (times, told) in sorted(arrays.items()):
            counter, values = counting[labels], told + past.lifted.get(labels, 0.0)
            growth = Growth.of(times, values, counter=counter, newest_ms=newest) if grows else None
            earlier = past.earlier.get(labels)
            growths = (growth,) if growth else ()
            series.append(Series(labels, times, values, growths, earlier=earlier))
        gone = [_ended(labels, one) for labels, one in past.earlier.items() if labels not in arrays]
        ordered = sorted([*series, *gone], key=lambda one: one.labels)
        return cls(tuple(ordered), exposition.families)

    def select(self, matchers: Sequence[Matcher], start_s: float, end_s: float) -> list[Series]:
        """The series with any sample from `start_s` to `end_s`, both included, cut to that time.

        Growing series go on up to `end_s`, so whoever asks keeps it at or before now.
        """
        start_ms, end_ms = round(start_s * 1000), round(end_s * 1000)
        found = (one.between(start_ms, end_ms) for one in self.matching(matchers))
        return [one for one in found if len(one.times_ms)]

    def continue_as(
        self, matchers: Sequence[Matcher], changed: Mapping[str, str], at_s: float
    ) -> None:
        """From `at_s` on, series like the growing ones found exist with these labels changed too.

        A gauge begins with the value the other has, a counter at zero, and both grow alike. One
        that is there already goes on as it does.
        """
        at_ms = round(at_s * 1000)
        for one in self.matching(matchers):
            labels = tuple(sorted({**dict(one.labels), **changed}.items()))
            known = self._by_name[_name(labels)].get(labels)
            if one.growths and not (known and is_growing(known.growths)):
                counter = _counts(_name(labels), self.families)
                model = one.growths[0]
                value = 0.0 if counter else model.value
                self._turn(
                    labels,
                    replace(model, since_ms=at_ms, first_ms=at_ms, value=value, until_ms=None),
                )

    def hold(self, labels: Labels, value: float, at_s: float, *, interval_ms: int) -> None:
        """From `at_s` on this series has this value; it begins if it is not there."""
        at_ms, known = round(at_s * 1000), self._known(labels)
        if known is None or not known.growths:
            first_ms = -(-at_ms // interval_ms) * interval_ms
            self._turn(labels, Growth(at_ms, value, first_ms, interval_ms))
            return
        last = known.growths[-1]
        if last.until_ms is not None or last.value != value or last.per_ms:
            first_ms = at_ms + (last.first_ms - at_ms) % interval_ms
            self._turn(labels, Growth(at_ms, value, first_ms, interval_ms))

    def pace(self, labels: Labels, per_s: float, at_s: float) -> None:
        """From `at_s` on this growing series rises so much in a second."""
        known, at_ms = self._known(labels), round(at_s * 1000)
        if known is None or not is_growing(known.growths):
            return
        last = known.growths[-1]
        if last.per_ms != per_s / 1000:
            turn = replace(
                last,
                since_ms=at_ms,
                value=last.at(at_ms),
                first_ms=last.scraped_after(at_ms),
                per_ms=per_s / 1000,
            )
            self._turn(labels, turn)

    def end(self, matchers: Sequence[Matcher], at_s: float) -> None:
        """The series found have no samples from `at_s` on."""
        for one in self.matching(matchers):
            self.end_one(one.labels, at_s)

    def end_one(self, labels: Labels, at_s: float) -> None:
        if known := self._known(labels):
            growths = ended(known.growths, round(at_s * 1000))
            self._by_name[_name(labels)][labels] = replace(known, growths=growths)

    def value_at(self, labels: Labels, at_s: float) -> float | None:
        """What a growing series has come to; None for one that is not growing."""
        known = self._known(labels)
        if known is None or not is_growing(known.growths):
            return None
        found = known.growths[-1].at(round(at_s * 1000))
        return float(np.floor(found)) if known.growths[-1].whole else found

    @property
    def oldest_s(self) -> float | None:
        """When the first sample was taken."""
        first = (
            one.earlier.first_ms if one.earlier else int(one.times_ms[0]) for one in self.series
        )
        return min((one / 1000 for one in first), default=None)

    def matching(self, matchers: Sequence[Matcher]) -> list[Series]:
        """Whole, with how they grow."""
        named = [matcher for matcher in matchers if matcher.label == "__name__"]
        others = [matcher for matcher in matchers if matcher.label != "__name__"]
        exact = next((one.value for one in named if one.operator == "="), None)
        names = list(self._by_name) if exact is None else [exact]
        found: list[Series] = []
        for name in names:
            if all(matcher.matches(name) for matcher in named):
                for one in list(self._by_name.get(name, {}).values()):
                    labels = dict(one.labels)
                    if all(matcher.matches(labels.get(matcher.label, "")) for matcher in others):
                        found.append(one)
        return found

    def _known(self, labels: Labels) -> Series | None:
        return self._by_name.get(_name(labels), {}).get(labels)

    def _turn(self, labels: Labels, growth: Growth) -> None:
        known = self._known(labels)
        if known is None:
            self._forget_some()
            known = Series(labels, _NEVER, np.empty(0))
            self._begun[labels] = None
        members = self._by_name.setdefault(_name(labels), {})
        members[labels] = replace(known, growths=turned(known.growths, growth))

    def _forget_some(self) -> None:
        """Of very many series that began, the first of those that have ended since."""
        if len(self._begun) < _MOST_BEGUN:
            return
        gone = [
            labels
            for labels in self._begun
            if (known := self._known(labels)) and not is_growing(known.growths)
        ]
        for labels in gone[: _MOST_BEGUN // 10]:
            del self._begun[labels]
            del self._by_name[_name(labels)][labels]


def _ended(labels: Labels, one: Earlier) -> Series:
    """A series that is all before the recording; its last samples are kept as of any other."""
    times, values = one.between(one.until_ms - 2 * one.every_ms, one.until_ms)
    end = None if one.end is None else float(values[0])
    return Series(labels, times, values, earlier=replace(one, until_ms=int(times[0]), end=end))


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
