"""What rules find, as series that can be asked for: recorded ones, and `ALERTS`.

Nothing runs in the background: a question evaluates the rules whose series it may mean, at every
turn of their group that falls into the time asked about, over all that was recorded and up to
now, and what was found is kept. A rule sees what rules before it in its group found at the same
turn, and what those after it found one turn before, as where the rules run one after the other.
A rule that reads itself, also through others, reads nothing there.

Where the picture holds series of that name, its samples stay. Those the rule finds too go on as
the rule says; those it cannot find, for want of what it is computed from, as they ended.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sandbox.prometheus_api.rules import Group, Rule, recorded_at
from sandbox.promql import Unanswerable, Unparsable, Vector
from sandbox.series import Family, Floats, Labels, Matcher, Millis, Series, SeriesStore

# Turns that are evaluated at once: a bound on memory.
_TURNS = 1_000


@dataclass
class RecordedByRules:
    """The series of a store and those of rules."""

    store: SeriesStore
    groups: Sequence[Group]
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _running: list["_Recorder"] = field(default_factory=list["_Recorder"])

    def __post_init__(self) -> None:
        self._recorders = [
            _Recorder(group, place, rule, _picture_end_ms(self.store, rule.series))
            for group in self.groups
            for place, rule in enumerate(group.rules)
        ]

    @property
    def families(self) -> dict[str, Family]:
        return self.store.families

    def select(self, matchers: Sequence[Matcher], start_s: float, end_s: float) -> list[Series]:
        """As `SeriesStore.select`; `end_s` is at or before now."""
        return self.seen_by(None, matchers, start_s, end_s)

    def seen_by(
        self, reader: "_Recorder | None", matchers: Sequence[Matcher], start_s: float, end_s: float
    ) -> list[Series]:
        found = self.store.select(matchers, start_s, end_s)
        wanted = [one for one in self._recorders if one.may_have(matchers)]
        if not wanted:
            return found
        start_ms, end_ms = round(start_s * 1000), round(end_s * 1000)
        by_labels = {one.labels: one for one in found}
        with self._lock:
            for recorder in wanted:
                for one in self._of(recorder, reader, start_ms, end_ms):
                    if _fits(one.labels, matchers):
                        self._add(by_labels, recorder, one, start_ms, end_ms)
        return [one for one in by_labels.values() if len(one.times_ms)]

    def _of(
        self, recorder: "_Recorder", reader: "_Recorder | None", start_ms: int, end_ms: int
    ) -> list[Series]:
        if recorder not in self._running:
            oldest_s = self.store.oldest_s
            if oldest_s is None:
                oldest_s = end_ms / 1000
            self._running.append(recorder)
            try:
                recorder.evaluate(self, max(start_ms, round(oldest_s * 1000)), end_ms)
            finally:
                self._running.pop()
        elif recorder is reader or recorder in self._running:
            return []
        found = list(recorder.series())
        if reader is not None and reader.group is recorder.group and reader.place <= recorder.place:
            # It had not had its turn yet.
            return [
                replace(one, times_ms=one.times_ms + 1, stale_ms=one.stale_ms + 1) for one in found
            ]
        return found

    def _add(
        self,
        by_labels: dict[Labels, Series],
        recorder: "_Recorder",
        one: Series,
        start_ms: int,
        end_ms: int,
    ) -> None:
        """A series of a rule, cut to the time asked about, after what the picture has of it."""
        cut, known = one.between(start_ms, end_ms), by_labels.get(one.labels)
        marks = one.stale_ms[one.stale_ms <= end_ms]
        if known is None:
            by_labels[one.labels] = replace(cut, stale_ms=marks)
            return
        until_ms = recorder.picture_end_ms
        kept = known.times_ms <= until_ms if until_ms is not None else known.times_ms < start_ms
        by_labels[one.labels] = Series(
            one.labels,
            np.concatenate([known.times_ms[kept], cut.times_ms]),
            np.concatenate([known.values[kept], cut.values]),
            stale_ms=marks,
        )


@dataclass(eq=False)
class _Recorder:
    """One rule, and what it found from its first evaluated turn to its last."""

    group: Group
    place: int
    rule: Rule
    picture_end_ms: int | None
    _first_ms: int = 0
    _last_ms: int = -1
    _found: dict[Labels, list[tuple[Millis, Floats]]] = field(
        default_factory=dict[Labels, list[tuple[Millis, Floats]]]
    )
    _failed: set[int] = field(default_factory=set[int])

    def may_have(self, matchers: Sequence[Matcher]) -> bool:
        """Whether these may match what the rule records: its name, and labels of its own."""
        own = {"__name__": self.rule.series}
        own |= {"alertname": self.rule.alert} if self.rule.alert else self.rule.labels
        return all(one.matches(own[one.label]) for one in matchers if one.label in own)

    def evaluate(self, source: RecordedByRules, start_ms: int, end_ms: int) -> None:
        """At the turns from `start_ms` to `end_ms` and those between them and what is known."""
        turn_ms = self.group.interval_ms
        if self.picture_end_ms is not None:
            start_ms = self.picture_end_ms + 1
        first_ms, last_ms = -(-start_ms // turn_ms) * turn_ms, end_ms // turn_ms * turn_ms
        if self._last_ms < self._first_ms:  # nothing is known yet
            self._first_ms, self._last_ms = first_ms, first_ms - turn_ms
        view = _SeenBy(self, source)
        self._run(view, first_ms, self._first_ms - turn_ms)
        self._run(view, self._last_ms + turn_ms, last_ms)
        self._first_ms = min(self._first_ms, first_ms)
        self._last_ms = max(self._last_ms, last_ms)

    def series(self) -> list[Series]:
        """Everything found so far, with the turns that first missed a series."""
        return [self._joined(labels, parts) for labels, parts in self._found.items()]

    def _run(self, view: "_SeenBy", first_ms: int, last_ms: int) -> None:
        turn_ms = self.group.interval_ms
        for begin_ms in range(first_ms, last_ms + 1, _TURNS * turn_ms):
            self._chunk(view, begin_ms, min(begin_ms + (_TURNS - 1) * turn_ms, last_ms))

    def _chunk(self, view: "_SeenBy", first_ms: int, last_ms: int) -> None:
        """The turns at once, or, where the rule fails at one of them, in halves."""
        try:
            times_ms, vector = recorded_at(
                self.rule, self.group, view, first_ms=first_ms, last_ms=last_ms
            )
        except Unparsable:
            return  # a rule that is none finds nothing; the list of rules says why
        except Unanswerable:
            turn_ms = self.group.interval_ms
            if first_ms == last_ms:
                self._failed.add(first_ms)
                return
            middle_ms = first_ms + (last_ms - first_ms) // turn_ms // 2 * turn_ms
            self._chunk(view, first_ms, middle_ms)
            self._chunk(view, middle_ms + turn_ms, last_ms)
            return
        self._keep(times_ms, vector)

    def _keep(self, times_ms: Millis, vector: Vector) -> None:
        for row, labels in enumerate(vector.labels):
            present = vector.present[row]
            if present.any():
                part = times_ms[present], vector.values[row][present]
                self._found.setdefault(labels, []).append(part)

    def _joined(self, labels: Labels, parts: list[tuple[Millis, Floats]]) -> Series:
        parts.sort(key=lambda part: int(part[0][0]))
        times_ms = np.concatenate([part[0] for part in parts])
        values = np.concatenate([part[1] for part in parts])
        parts[:] = [(times_ms, values)]
        following = times_ms + self.group.interval_ms
        gone = following[~np.isin(following, times_ms) & (following <= self._last_ms)]
        marks = gone[~np.isin(gone, np.array(sorted(self._failed), dtype=np.int64))]
        return Series(labels, times_ms, values, stale_ms=marks)


@dataclass(frozen=True)
class _SeenBy:
    """All series as one rule sees them at its turns."""

    reader: _Recorder
    source: RecordedByRules

    def select(self, matchers: Sequence[Matcher], start_s: float, end_s: float) -> list[Series]:
        return self.source.seen_by(self.reader, matchers, start_s, end_s)


def _picture_end_ms(store: SeriesStore, name: str) -> int | None:
    """When the picture's last sample of a name was taken."""
    named = store.matching([Matcher("__name__", "=", name)])
    return max((int(one.times_ms[-1]) for one in named if len(one.times_ms)), default=None)


def _fits(labels: Labels, matchers: Sequence[Matcher]) -> bool:
    own = dict(labels)
    return all(one.matches(own.get(one.label, "")) for one in matchers)
