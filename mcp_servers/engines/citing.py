"""Evidence that anybody can look up again: fields, events, log lines and series."""

import re
from collections.abc import Iterable
from datetime import datetime

from mcp_servers.facts.findings import Evidence, Source
from mcp_servers.facts.kubernetes import Change, Event, LogLines, Resource
from mcp_servers.facts.metrics import Series

# What one citation may cost a reader.
LONGEST_TEXT = 320

_SECRET = re.compile(
    r"(?i)((?:password|passwd|pwd|secret|token|api[_-]?key|authorization)[\"']?\s*[=:]\s*)"
    r"(\"[^\"]*\"|'[^']*'|(?:bearer\s+|basic\s+)?[^\s,;&\"']+)"
)
# Error codes as clouds and APIs write them: one word of several capitalised parts after its label, or
# one that ends as such codes do.
_ERROR_CODE = re.compile(
    r"(?:api error|error ?code|code|reason|errorType|Error Code)[\"']?\s*[:=]?\s*[\"']?[A-Z][A-Za-z]+[a-z][A-Z]\w+"
    r"|\b[A-Z][a-z]+\w*(?:Exception|Error|Exceeded|Denied|NotFound|Unauthorized|Forbidden)\b"
    r"|\b(?:[A-Z]{2,}_){1,4}[A-Z]{2,}\b"
)
_URL_USER = re.compile(r"(://[^/\s:@]*:)[^@\s/]+@")


def field(resource: Resource, path: str, value: object, at: datetime | None = None) -> Evidence:
    """What stands at one path of an object: where in `ref`, what in `text`."""
    said = shortened(f"{_last_steps(path)} = {value}")
    return Evidence(Source.OBJECT, f"{resource.ref} {path}", said, at)


def _last_steps(path: str) -> str:
    """The end of a path, enough to read the value by: `limits.memory`, `lastState.terminated`."""
    return ".".join(path.split(".")[-2:]).removeprefix(".")


def event(one: Event) -> Evidence:
    """An event with how often and when it was seen."""
    times = f" ({one.count}×, {_span(one)})" if one.last_at else f" ({one.count}×)"
    ref = f"{one.about} {one.reason}" + (f" (event {one.uid})" if one.uid else "")
    said = shortened(masked(one.message))
    return Evidence(Source.EVENT, ref, f"{one.reason}: {said}{times}", one.last_at)


def events(found: Iterable[Event], *, at_most: int = 2) -> list[Evidence]:
    """The newest of these events."""
    return [event(one) for one in list(found)[-at_most:]]


def log_line(log: LogLines, at: datetime | None, line: str) -> Evidence:
    """One line of a container's log, with what looks like a credential masked."""
    instance = " (previous)" if log.previous else ""
    ref = f"{log.pod.namespace}/{log.pod.name}/{log.container}{instance}"
    return Evidence(Source.LOG, ref, quoted(line), at)


def series(one: Series, text: str, at: datetime | None = None) -> Evidence:
    return Evidence(Source.METRIC, one.query, text, at)


def change(one: Change) -> Evidence:
    return Evidence(Source.CHANGE, f"{one.target} {one.id}", quoted(one.summary), one.at)


def quoted(line: str) -> str:
    """A line as it may be shown: short, and without credentials."""
    return shortened(masked(line.strip()))


def masked(line: str) -> str:
    return _URL_USER.sub(r"\1***@", _SECRET.sub(r"\1***", line))


def shortened(text: str, *, at_most: int = LONGEST_TEXT) -> str:
    """A text on one line; a long one loses its middle, because runtimes put the reason last. A code
    that names the error stays, wherever it stands: it is what people search for."""
    flat, half = " ".join(text.split()), at_most // 2
    if len(flat) <= at_most:
        return flat
    lost = _ERROR_CODE.search(flat, half - 1, len(flat) - half)
    if lost is None or len(lost.group(0)) > half // 2:
        return f"{flat[: half - 1]}…{flat[-half:]}"
    head = half - 2 - len(lost.group(0))
    return f"{flat[:head]}…{lost.group(0)}…{flat[-half:]}"


def clock(at: datetime | None) -> str:
    """A time as findings print it; "" when unknown."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _span(one: Event) -> str:
    if one.first_at is None or one.last_at is None or one.first_at == one.last_at:
        return clock(one.last_at)
    return f"{clock(one.first_at)} – {clock(one.last_at)}"
