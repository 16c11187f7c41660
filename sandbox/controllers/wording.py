"""How the programs of a workload speak: learnt from the lines of the picture, else in our words."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import median

from sandbox.controllers.timing import moment
from sandbox.snapshot import Log

_TROUBLE = re.compile(
    rb"error|fatal|panic|exception|traceback|warn|fail|refused|reset by peer|time.?out|timed out"
    rb"|unavailable|unreachable|denied|killed|not found|garbage collection"
    rb"|\b5\d\d\b(?! ?ms)",
    re.IGNORECASE,
)
_QUIET = re.compile(rb'"?(errors?|failed|failures|rejected)"?[=: ]+0\b', re.IGNORECASE)
_STAMP = re.compile(rb"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?")
_MOST_LINES, _STARTING_LINES = 60, 10
# A log that begins so close to the start of its container has the beginning of its run.
_AT_START_S, _PAUSE_S = 10.0, 5.0
_FASTEST_S, _SLOWEST_S = 5.0, 120.0
_USUAL_S = 30.0


@dataclass(frozen=True)
class Told:
    """One log of the picture: of which run, and whether that failed by itself."""

    log: Log
    started: datetime | None
    failed: bool
    tag: str = ""


@dataclass(frozen=True)
class Wording:
    """`starting` with the seconds after the start; `ending` are the words of one that failed."""

    style: str = "plain"
    starting: tuple[tuple[float, bytes], ...] = ()
    steady: tuple[bytes, ...] = ()
    troubled: tuple[bytes, ...] = ()
    ending: tuple[bytes, ...] = ()
    every_s: float = _USUAL_S
    tags: frozenset[bytes] = field(default_factory=frozenset[bytes])

    @classmethod
    def of(cls, told: Sequence[Told]) -> "Wording":
        lines = [
            text for one in told for _, text in one.log.lines if text and not _STAMP.search(text)
        ]
        starting = next((found for one in told if (found := _starting(one))), ())
        beginnings = {text for _, text in starting}
        return cls(
            style=_style(lines),
            starting=starting,
            steady=_last(one for one in lines if is_healthy(one) and one not in beginnings),
            troubled=_last(one for one in lines if not is_healthy(one)),
            ending=next((found for one in told if (found := _ending(one))), ()),
            every_s=_every_s(told),
            tags=frozenset(one.tag.encode() for one in told if len(one.tag) > 2),
        )

    def about(self, target: str) -> tuple[bytes, ...]:
        """What was said of a service that could not be reached."""
        named = re.compile(rb"\b" + re.escape(target.encode()) + rb"\b")
        return tuple(one for one in self.troubled if named.search(one))

    def say(self, level: str, message: str, **fields: str | int) -> bytes:
        """A line of ours in their style."""
        if self.style == "json":
            return json.dumps(
                {"level": level, "msg": message, **fields}, separators=(",", ":")
            ).encode()
        if self.style == "logfmt":
            parts = [f"level={level}", f"msg={json.dumps(message)}"]
            parts += [f"{name}={_quoted(value)}" for name, value in fields.items()]
            return " ".join(parts).encode()
        told = "".join(f" {name}={_quoted(value)}" for name, value in fields.items())
        return f"{level.upper():<5} {message}{told}".encode()

    def of_version(self, line: bytes, tag: str) -> bytes:
        """The line as a program of this version writes it."""
        for known in self.tags:
            line = line.replace(known, tag.encode()) if tag else line
        return line


def is_healthy(line: bytes) -> bool:
    return not _TROUBLE.search(_QUIET.sub(b"", line))


def _quoted(value: str | int) -> str:
    text = str(value)
    return json.dumps(text) if " " in text else text


def _style(lines: Sequence[bytes]) -> str:
    if not lines or sum(line.startswith(b"{") for line in lines) * 2 > len(lines):
        return "json"
    return "logfmt" if sum(b"level=" in line for line in lines) * 2 > len(lines) else "plain"


def _last(lines: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(lines))[-_MOST_LINES:]


def _starting(told: Told) -> tuple[tuple[float, bytes], ...]:
    found: list[tuple[float, bytes]] = []
    last_s = 0.0
    for time, text in told.log.lines[:_STARTING_LINES]:
        at = moment(time)
        if told.started is None or at is None:
            return ()
        after_s = (at - told.started).total_seconds()
        if after_s - last_s > (_PAUSE_S if found else _AT_START_S) or after_s < -1:
            break
        if not is_healthy(text) or _STAMP.search(text):
            break
        last_s = max(0.0, after_s)
        found.append((last_s, text))
    return tuple(found)


def _ending(told: Told) -> tuple[bytes, ...]:
    """The last words of a run that ended in trouble."""
    last: list[bytes] = []
    for _, text in reversed(told.log.lines if told.failed else []):
        if is_healthy(text) or len(last) == _STARTING_LINES:
            break
        last.insert(0, text)
    return tuple(last)


def _every_s(told: Sequence[Told]) -> float:
    gaps: list[float] = []
    for one in told:
        times = [at for time, _ in one.log.lines if (at := moment(time))]
        pairs = pairwise(times)
        gaps.extend((after - before).total_seconds() for before, after in pairs)
    return min(max(median(gaps), _FASTEST_S), _SLOWEST_S) if gaps else _USUAL_S
