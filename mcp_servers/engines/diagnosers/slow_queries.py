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
_HINTS = ("slow", "duration:", "query_time")


def slow_queries(cluster: Cluster) -> Iterator[Finding]:
    """`app.slow_queries`: statements of a second and more, again and again.

    By themselves they are a note: every database has some. They are a cause where those who call it
    run out of connections or time.
    """
    for speaker in speakers(cluster):
        slow = [
            (line, taken)
            for line in lately(cluster, speaker.lines)
            if (taken := seconds_in(line.text)) >= LEAST_S
        ]
        if len(slow) >= FEWEST_LINES:
            yield _finding(cluster, speaker, slow)


def seconds_in(line: str) -> float:
    """How long the statement took that a line tells of; 0 where it tells of none."""
    lower = line.lower()
    if not any(hint in lower for hint in _HINTS):
        return 0.0
    found = next((match for shape in _SHAPES if (match := shape.search(line))), None)
    if found is None:
        return 0.0
    unit = found["unit"].lower() or ("s" if "query_time" in lower else "ms")
    return float(found["time"]) / (1000 if unit.startswith("m") else 1)


def _finding(cluster: Cluster, speaker: Speaker, slow: Sequence[tuple[Line, float]]) -> Finding:
    lines = [line for line, _ in slow]
    longest = max(taken for _, taken in slow)
    return about_pod(
        cluster,
        speaker.container.pod,
        "app.slow_queries",
        Severity.MEDIUM,
        [lines[0].cited, lines[-1].cited],
        confidence=Confidence.STRONG,
        since=lines[0].at,
        container=speaker.container.name,
        params={
            "count": str(len(lines)),
            "longest": f"{longest:.1f} s",
            "line": citing.quoted(lines[0].text),
            "first_at": citing.clock(lines[0].at),
        },
    )
