"""OpenMetrics text → columns of samples, one pass over the lines and no pattern matched per sample."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import Invalid

Labels = tuple[tuple[str, str], ...]
"""Sorted by name, the metric's own name among them as `__name__`; no empty values."""

_METRIC = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'\s*[a-zA-Z_][a-zA-Z0-9_]*\s*=\s*"(?:[^"\\\n]|\\.)*"\s*'
_SERIES = rf"{_METRIC}(?:\{{(?:{_LABEL}(?:,{_LABEL})*,?\s*)?\}})?"
_SERIES_ONLY = re.compile(_SERIES)
_ONE_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"')
_EXEMPLAR = re.compile(rf"({_SERIES}) (\S+) (\S+) # \{{.*")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}

# A time beyond is in other units, and would not fit into our milliseconds.
_EARLIEST_S, _LATEST_S = -1e12, 1e12


@dataclass
class Family:
    """What `# TYPE`, `# HELP` and `# UNIT` say of a metric."""

    type: str = "unknown"
    help: str = ""
    unit: str = ""


@dataclass
class Column:
    """The samples of one series in the order of their lines; times in seconds."""

    times: list[float] = field(default_factory=list[float])
    values: list[float] = field(default_factory=list[float])


@dataclass
class Exposition:
    """All that the files say."""

    families: dict[str, Family] = field(default_factory=dict[str, Family])
    columns: dict[Labels, Column] = field(default_factory=dict[Labels, Column])


def read(files: Iterable[Path]) -> Exposition:
    """Read the files as one. Raises `Invalid`: one sentence with the file and line to mend."""
    found = Exposition()
    for path in files:
        _read_file(path, found)
    return found


def _read_file(path: Path, found: Exposition) -> None:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 text.") from error
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from error
    known: dict[str, Column] = {}
    for at, line in enumerate(lines, 1):
        if _took(line, known):
            continue
        try:
            if _read_other(line, found, known):
                _only_blank(lines[at:])
                return
        except ValueError as error:
            raise Invalid(f"{path}:{at}: {error}.") from error


def _took(line: str, known: dict[str, Column]) -> bool:
    """A further sample of a known series: nearly every line, so the time it takes to start."""
    try:
        series, value, time = line.rsplit(" ", 2)
        column, number, moment = known[series], float(value), float(time)
    except (ValueError, KeyError):
        return False
    if not _EARLIEST_S < moment < _LATEST_S:
        return False
    column.values.append(number)
    column.times.append(moment)
    return True


def _read_other(line: str, found: Exposition, known: dict[str, Column]) -> bool:
    """A comment, a blank line, or the first sample of a series. True at `# EOF`."""
    if line.startswith("#"):
        _read_comment(line, found.families)
    elif line and not line.isspace():
        _read_sample(line, found, known)
    return line.rstrip() == "# EOF"


def _only_blank(lines: list[str]) -> None:
    if any(line and not line.isspace() for line in lines):
        raise ValueError("nothing may follow # EOF")


def _read_comment(line: str, families: dict[str, Family]) -> None:
    _, keyword, *rest = line.rstrip().split(" ", 3)
    if keyword in ("TYPE", "HELP", "UNIT"):
        if not rest:
            raise ValueError(f"# {keyword} names no metric")
        text = rest[1] if len(rest) > 1 else ""
        setattr(families.setdefault(rest[0], Family()), keyword.lower(), text)


def _read_sample(line: str, found: Exposition, known: dict[str, Column]) -> None:
    exemplar = _EXEMPLAR.fullmatch(line)
    series, value, time = exemplar.groups() if exemplar else _fields(line)
    column = known.get(series)
    if column is None:
        column = known[series] = found.columns.setdefault(_labels(series), Column())
    number, moment = _number(value, "value"), _number(time, "time")
    if not _EARLIEST_S < moment < _LATEST_S:
        raise ValueError(f"{time!r} is not a time in seconds")
    column.values.append(number)
    column.times.append(moment)


def _fields(line: str) -> tuple[str, str, str]:
    match = _SERIES_ONLY.match(line)
    if not match:
        raise ValueError(f"no series at the beginning of {line[:60]!r}")
    rest = line[match.end() :].split()
    if len(rest) < 2:
        raise ValueError("a sample needs a value and a time in seconds")
    if len(rest) > 2:
        raise ValueError(f"{' '.join(rest[2:])[:60]!r} was not expected after value and time")
    return match.group(), rest[0], rest[1]


def _labels(series: str) -> Labels:
    match = _SERIES_ONLY.fullmatch(series)
    if not match:
        raise ValueError(f"{series[:60]!r} is not a series")
    name, _, body = series.partition("{")
    pairs = [(one, _unescaped(value)) for one, value in _ONE_LABEL.findall(body)]
    names = {one for one, _ in pairs}
    if len(names) < len(pairs) or "__name__" in names:
        raise ValueError(f"a label is given twice in {series[:60]!r}")
    return tuple(sorted([("__name__", name), *(pair for pair in pairs if pair[1])]))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text)


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"the {what} {text!r} is not a number") from error
