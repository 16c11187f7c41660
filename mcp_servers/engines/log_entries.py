"""Lines of a log → entries: the moment, the level and what was said, stack traces kept whole."""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

# How the programs that clusters run begin a line. What has no year or no zone is told as written.
_MOMENTS = (
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?",
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?",  # Go, nginx errors
    r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",  # access logs
    r"\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3}",  # Redis
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4}",  # Apache
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d",  # syslog
    r"\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d{6}",
    r"\d{2}/\d\d/\d\d \d\d:\d\d:\d\d(?:[.,]\d+)?",  # Spark
    r"\d{2}-\d\d \d\d:\d\d:\d\d\.\d{3}",  # Android
    r"\d\d\.\d\d \d\d:\d\d:\d\d",
    r"\d{8}-\d{1,2}:\d{1,2}:\d{1,2}:\d{1,3}",
    r"\d{6} \d{6}(?= )",
    r"1\d{9}(?:\.\d+)?(?= )",  # seconds since 1970
)
_HEADER = re.compile(rf"(?P<open>[\[(]?)(?P<at>{'|'.join(_MOMENTS)})[\])]?")
_KLOG = re.compile(r"(?P<level>[IWEF])(?P<at>\d{4} \d\d:\d\d:\d\d\.\d{6}) +\d+ ")
# A header that is not at the very start: an address, a process or a pod may stand before it.
_BEFORE = 48

_LEVELS = {
    "panic": "fatal", "fatal": "fatal", "critical": "fatal", "crit": "fatal", "alert": "fatal",
    "emerg": "fatal", "emergency": "fatal", "severe": "error", "error": "error", "err": "error",
    "failure": "error", "warning": "warning", "warn": "warning", "notice": "info", "info": "info",
    "information": "info", "log": "info", "debug": "debug", "trace": "debug", "verbose": "debug",
}  # fmt: skip
_LEVEL = re.compile(rf"(?i)(?<![\w./-])(?:{'|'.join(sorted(_LEVELS, key=len)[::-1])})(?![\w./-])")
_COMPLAINTS = ("warning", "error", "fatal")
_LETTERS = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}
# A level word further in is part of a sentence.
_LEVEL_WITHIN = 80

_CONTINUES = re.compile(
    r"\s+\S|Caused by:|Traceback \(|goroutine \d+ \[|\.{3} \d+ more|at [\w.$<>]+\(|[\w./$-]+\.go:\d+"
)
# The last line of a Python trace, the first of a JVM's: what was raised, with or without words.
RAISED = re.compile(
    r"(?<![\w.$])((?:[a-zA-Z_][\w$]*\.)*[A-Z]\w*(?:Error|Exception|Panic|Throwable|Warning))(?=[:\s(]|$)"
)

_RAISED_END = ("Error", "Exception", "Panic", "Throwable", "Warning")

# Before a number that may be a status: not the line of a source file, as `leader.go:429` has it.
NO_POSITION = (
    "".join(
        rf"(?<!\.{one}:)"
        for one in (
            "go",
            "py",
            "js",
            "ts",
            "rb",
            "rs",
            "cc",
            "kt",
            "php",
            "cpp",
            "java",
            "scala",
            "cs",
        )
    )
    + r"(?<!\bline )(?<!\bline:)"
)

_MESSAGE = ("msg", "message", "log", "event", "text")
_MOMENT = ("time", "ts", "timestamp", "@timestamp", "t", "datetime")
_SEVERITY = ("level", "severity", "lvl", "levelname", "log.level")
_LOGFMT = re.compile(r'(?:^|\s)([\w.@-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')


@dataclass(slots=True)
class Entry:
    """What was said once. `line` counts from 0; `more` are the lines that continue it.

    `raised` is the last exception it names: of a chain of causes, the first cause.
    """

    line: int
    text: str
    said: str
    moment: str = ""
    level: str = ""
    more: int = 0
    raised: str = ""


def entries(lines: Sequence[str]) -> list[Entry]:
    """The lines put together: an indented line, a frame or a cause belongs to the entry before it.

    A line with a moment of its own begins a new entry, however it is indented.
    """
    found: list[Entry] = []
    for number, line in enumerate(lines):
        entry = _entry(number, line)
        if found and not entry.moment and _goes_on(found[-1], line):
            found[-1].more += 1
            found[-1].raised = entry.raised or found[-1].raised
        else:
            found.append(entry)
    return found


def _goes_on(before: Entry, line: str) -> bool:
    if not line.strip():
        return True
    if _CONTINUES.match(line):
        return True
    # At the margin stands what Python raised, at the end, and what a JVM raised, below its complaint.
    if not _raised(line) or not RAISED.match(line):
        return False
    return before.more > 0 or (before.level or level_in(before.said)) in _COMPLAINTS


def _entry(number: int, line: str) -> Entry:
    text = line.rstrip()
    if text.startswith("{") and (told := _object(text)):
        return _structured(number, text, told)
    moment, said, level = _headed(text)
    if ("msg=" in said or "message=" in said) and (told := _pairs(said)):
        entry = _structured(number, text, told)
        entry.moment = entry.moment or moment
        return entry
    return Entry(number, text, said, moment, level, raised=_raised(text))


def _raised(text: str) -> str:
    if not any(ending in text for ending in _RAISED_END):
        return ""  # searching every line for the whole shape is what costs
    found = RAISED.search(text)
    return found.group(1) if found else ""


def _headed(text: str) -> tuple[str, str, str]:
    """The moment, what is left without it, and the level where the header is klog's."""
    if klog := _KLOG.match(text):
        return klog["at"], text[klog.end() :], _LETTERS[klog["level"]]
    found = _HEADER.search(text, 0, _BEFORE + 40)
    if not found or found.start() > _BEFORE:
        return "", text, ""
    return found["at"], f"{text[: found.start()]}{text[found.end() :]}".strip(), ""


def level_in(said: str) -> str:
    """The level word that heads what was said, as one of `LEVELS`; "" where there is none."""
    found = _LEVEL.search(said, 0, _LEVEL_WITHIN)
    return _LEVELS[found.group().lower()] if found else ""


def _object(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and _first(told, _MESSAGE) else {}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _pairs(text: str) -> dict[str, Any]:
    """logfmt, where it has a message; `uid=0 user=root` inside a sentence is none."""
    told = {key: quoted or plain for key, quoted, plain in _LOGFMT.findall(text)}
    return told if _first(told, _MESSAGE) and _first(told, (*_SEVERITY, *_MOMENT)) else {}


def _structured(number: int, text: str, told: dict[str, Any]) -> Entry:
    level = _LEVELS.get(_first(told, _SEVERITY).lower(), "")
    said = _first(told, _MESSAGE)
    cause = _first(told, ("error", "err", "exception", "stack_trace"))
    both = f"{said}: {cause}" if cause and cause not in said else said
    return Entry(number, text, both, _first(told, _MOMENT), level, raised=_raised(both))


def _first(told: dict[str, Any], names: Iterable[str]) -> str:
    return next((str(told[name]) for name in names if told.get(name) not in (None, "")), "")


def moment_of(text: str) -> datetime | None:
    """The time that a header tells, where it tells all of it: date, year and, else UTC, zone."""
    read = _iso(text) or _epoch(text) or _written(text)
    return read.replace(tzinfo=UTC) if read and not read.tzinfo else read


def _iso(text: str) -> datetime | None:
    plain = re.sub(r" ?UTC$", "Z", text).replace(",", ".").replace("/", "-")
    plain = re.sub(r"(\.\d{6})\d+", r"\1", plain)
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        return None


def _epoch(text: str) -> datetime | None:
    if not re.fullmatch(r"1\d{9}(?:\.\d+)?|1\d{12}", text):
        return None
    seconds = float(text) / (1000 if len(text) == 13 and "." not in text else 1)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _written(text: str) -> datetime | None:
    """With the month in letters; what names no zone is UTC."""
    for shape in ("%d/%b/%Y:%H:%M:%S %z", "%d %b %Y %H:%M:%S.%f %z", "%a %b %d %H:%M:%S %Y %z"):
        for zone in ("", " +0000"):
            with suppress(ValueError):
                return datetime.strptime(text + zone, shape)  # noqa: DTZ007 - each shape ends in %z
    return None
