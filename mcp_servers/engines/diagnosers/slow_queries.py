"""Servers that say of themselves how long single statements or requests take them."""

import re
from collections.abc import Iterator, Sequence

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.log_signals import Line, Speaker, lately, speakers
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster

FEWEST_LINES = 3
# Reports and backups take their time on every database; so long is long for what a caller waits for.
LEAST_S = 1.0

_TIME = r"(?P<time>\d+(?:\.\d+)?) ?(?P<unit>ms|milliseconds?|s|sec|seconds?)\b"
_SHAPES = (
    re.compile(rf"\bduration: {_TIME}\s+(?:statement|execute|parse|bind|plan)", re.IGNORECASE),
    re.compile(r"#? ?Query_time: (?P<time>\d+(?:\.\d+)?)(?P<unit>)", re.IGNORECASE),
    re.compile(r"slow query.*?\"?durationMillis\"?[:=] ?(?P<time>\d+)(?P<unit>)", re.IGNORECASE),
    re.compile(
        rf"slow[ _-]?(?:query|quer(?:y|ies)|statement|sql|operation|command|scan)\b.*?{_TIME}",
        re.IGNORECASE,
    ),
)
_WAITED = re.compile(rf"still waiting for \w+ on .{{1,80}}? after {_TIME}", re.IGNORECASE)
# A statement that was ended because it waited too long, or waited for another that waits for it.
_GIVEN_UP = re.compile(
    r"lock wait timeout exceeded|deadlock (?:detected|found)|canceling statement due to (?:lock|statement)"
    r" timeout|lock request time out period exceeded|ORA-000(?:54|60)\b|could not obtain lock on"
    r"|database is locked|chosen as the deadlock victim|lock timeout",
    re.IGNORECASE,
)
_HINTS = ("slow", "duration:", "query_time", "waiting for")


def slow_queries(cluster: Cluster) -> Iterator[Finding]:
    """`app.slow_queries`: statements of a second and more, or given up waiting, again and again.

    Slow ones by themselves are a note: every database has some. They are a cause where those who
    call it run out of connections or time. Statements that were given up failed somebody.
    """
    for speaker in speakers(cluster):
        lines = lately(cluster, speaker.lines)
        slow = [(line, taken) for line in lines if (taken := seconds_in(line.text)) >= LEAST_S]
        given_up = [line for line in lines if is_given_up(line.text)]
        if max(len(slow), len(given_up)) >= FEWEST_LINES:
            yield _finding(cluster, speaker, slow, given_up)


def is_given_up(line: str) -> bool:
    """Whether a statement was ended because of others that hold what it waits for."""
    lower = line.lower()
    return ("lock" in lower or "timeout" in lower or "ora-" in lower) and bool(
        _GIVEN_UP.search(line)
    )


def seconds_in(line: str) -> float:
    """How long the statement took that a line tells of; 0 where it tells of none."""
    lower = line.lower()
    if not any(hint in lower for hint in _HINTS):
        return 0.0
    found = next((match for shape in (*_SHAPES, _WAITED) if (match := shape.search(line))), None)
    if found is None:
        return 0.0
    unit = found["unit"].lower() or ("s" if "query_time" in lower else "ms")
    return float(found["time"]) / (1000 if unit.startswith("m") else 1)


def _finding(
    cluster: Cluster,
    speaker: Speaker,
    slow: Sequence[tuple[Line, float]],
    given_up: Sequence[Line],
) -> Finding:
    lines = list(given_up) or [line for line, _ in slow]
    longest = max((taken for _, taken in slow), default=0.0)
    return about_pod(
        cluster,
        speaker.container.pod,
        "app.slow_queries",
        Severity.HIGH if len(given_up) >= FEWEST_LINES else Severity.MEDIUM,
        [lines[0].cited, lines[-1].cited],
        confidence=Confidence.STRONG,
        since=lines[0].at,
        container=speaker.container.name,
        params={
            "count": str(len(slow)) if slow else "",
            "longest": f"{longest:.1f} s" if slow else "",
            "given_up": str(len(given_up)) if given_up else "",
            "line": citing.quoted(lines[0].text),
            "first_at": citing.clock(lines[0].at),
        },
    )
