"""What containers have written since the picture was taken, and what the picture holds of before.

Of what a container writes again and again no line is stored: a question computes them, always the
same ones.
"""

import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.snapshot import Log, LogKey

Line = tuple[str, bytes]
"""Its time as it is written, and its text."""

_MOST_LINES = 500
_MOST_PASSAGES = 100
# Lines do not come at even times: each is late by up to so much of the time between them.
_LATE = 0.7


@dataclass(frozen=True)
class Passage:
    """From one moment up to another these lines come, in no order, one every so many seconds."""

    since: datetime
    lines: tuple[bytes, ...]
    every_s: float
    seed: int
    until: datetime | None = None

    def up_to(self, now: datetime) -> Iterator[tuple[datetime, bytes]]:
        end = min(now, self.until) if self.until else now
        count = int((end - self.since).total_seconds() / self.every_s) + 1 if self.lines else 0
        for number in range(max(0, count - _MOST_LINES), count):
            drawn = zlib.crc32(f"{self.seed}/{number}".encode())
            late = _LATE * (drawn >> 16) / 0xFFFF
            at = self.since + timedelta(seconds=self.every_s * (number + 0.2 + late))
            if at <= end:
                yield at, self.lines[drawn % len(self.lines)]


@dataclass
class Run:
    """One run of a container, from its start to its end."""

    earlier: Log | None = None
    passages: deque[Passage] = field(default_factory=lambda: deque[Passage](maxlen=_MOST_PASSAGES))
    once: deque[tuple[datetime, bytes]] = field(
        default_factory=lambda: deque[tuple[datetime, bytes]](maxlen=_MOST_LINES)
    )

    def write(self, at: datetime, line: bytes) -> None:
        self.once.append((at, line))

    def go_on(self, at: datetime, lines: tuple[bytes, ...], every_s: float, seed: int) -> None:
        """From here on these lines come instead of those before."""
        known = self.passages[-1] if self.passages else None
        if known and not known.until and (known.lines, known.every_s) == (lines, every_s):
            return
        self.fall_silent(at)
        self.passages.append(Passage(at, lines, every_s, seed))

    def fall_silent(self, at: datetime) -> None:
        if self.passages and self.passages[-1].until is None:
            last = self.passages.pop()
            self.passages.append(Passage(last.since, last.lines, last.every_s, last.seed, at))

    def lines(self, now: datetime) -> list[Line]:
        """Up to now, oldest first."""
        new = [one for one in self.once if one[0] <= now]
        for passage in list(self.passages):
            new.extend(passage.up_to(now))
        written = [(_time(at), text) for at, text in sorted(new, key=lambda one: one[0])]
        return [*(self.earlier.lines if self.earlier else ()), *written]


@dataclass
class Journal:
    """The last two runs of each container that wrote anything since."""

    recorded: Mapping[LogKey, Log] = field(default_factory=dict[LogKey, Log])
    _runs: dict[LogKey, deque[Run]] = field(default_factory=dict[LogKey, deque[Run]])

    def begin(self, key: LogKey) -> Run:
        """A container was started."""
        runs = self._runs.setdefault(key, deque(maxlen=2))
        if not runs and key in self.recorded:
            runs.append(Run(self.recorded[key]))
        runs.append(Run())
        return runs[-1]

    def current(self, key: LogKey) -> Run:
        """The run that goes on; that of the picture if it was not started since."""
        runs = self._runs.setdefault(key, deque(maxlen=2))
        if not runs:
            runs.append(Run(self.recorded.get(key)))
        return runs[-1]

    def forget(self, namespace: str, pod: str) -> None:
        for key in [one for one in self._runs if (one.namespace, one.pod) == (namespace, pod)]:
            del self._runs[key]

    def lines(
        self, key: LogKey, now: datetime, *, previous: bool, is_running: bool
    ) -> list[Line] | None:
        """None if there is no such run. The last run of one that ended is the previous one too."""
        runs = self._runs.get(key)
        if not runs:
            kept = self._recorded(key, previous=previous, is_running=is_running)
            return kept.lines if kept else None
        if not previous or not is_running:
            return runs[-1].lines(now)
        if len(runs) == 2:
            return runs[0].lines(now)
        kept = self._recorded(key, previous=True, is_running=is_running)
        return kept.lines if kept else None

    def _recorded(self, key: LogKey, *, previous: bool, is_running: bool) -> Log | None:
        asked = LogKey(key.namespace, key.pod, key.container, previous)
        other = LogKey(key.namespace, key.pod, key.container, not previous)
        return self.recorded.get(asked) or (None if is_running else self.recorded.get(other))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
