"""Lines of container logs: the tail that matters, and the line that tells why a process ended."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.runs import was_made_good
from mcp_servers.engines.settling import live_pods
from mcp_servers.facts.findings import Evidence
from mcp_servers.facts.kubernetes import Cluster, LogLines

# How much of a dead instance's log counts as its last words.
TAIL = 50
# Without an error word, only so many final lines can hold the complaint.
FINAL_LINES = 8
# An excerpt must still fit into one citation.
EXCERPT = 280

_FRAME = re.compile(
    r"^\s+(at |File \"|\.{3} \d+ more)|^goroutine \d+|^\s*[\w./]+\.go:\d+|^\s*\^+\s*$"
)
_WORST = re.compile(r"(?i)\bpanic:|\bfatal\b|\bcritical\b|Caused by:")
_RAISED = re.compile(r"\w+(?:Error|Exception)\b|(?i:\berror\b)")
_BAD = re.compile(
    r"unexpected|not found|not permitted|not allowed|denied|refused|failed|failure|cannot|can't"
    r"|could not|unable to|invalid|missing|must|undefined|required|no such",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log, with where it stands."""

    log: LogLines
    at: datetime | None
    text: str

    @property
    def cited(self) -> Evidence:
        return citing.log_line(self.log, self.at, self.text)


@dataclass(frozen=True, slots=True)
class Speaker:
    """A container with all that was read of its logs, the previous instance first."""

    container: Container
    logs: tuple[LogLines, ...]

    @property
    def lines(self) -> list[Line]:
        return [Line(log, at, text) for log in self.logs for at, text in log.lines]


def speakers(cluster: Cluster) -> list[Speaker]:
    """Every container of a living pod whose log was read, but for those of attempts that a later one
    made good."""
    return cluster.derived("speakers", lambda: list(_speakers(cluster)))


def _speakers(cluster: Cluster) -> Iterator[Speaker]:
    for pod in live_pods(cluster):
        if was_made_good(cluster, pod):
            continue
        for container in containers(pod):
            if logs := _each_once(cluster.logs_of(pod, container.name)):
                yield Speaker(container, logs)


def _each_once(logs: Sequence[LogLines]) -> tuple[LogLines, ...]:
    """A container that waits to be restarted has one last run, which is served as both instances:
    what it said once must not count twice."""
    first, *rest = logs if logs else (None,)
    return () if first is None else (first, *(one for one in rest if one.lines != first.lines))


def last_words(cluster: Cluster, container: Container) -> list[Line]:
    """The end of the log of the instance that died; without it, of the one that is there."""
    logs = cluster.logs_of(container.pod, container.name)
    died = container.terminations
    now_dead = bool(died) and died[0].path.endswith(".state.terminated")
    wanted = [log for log in logs if log.previous is not now_dead] or logs
    return [Line(log, at, text) for log in wanted[:1] for at, text in log.lines[-TAIL:]]


def telling(lines: Iterable[Line]) -> Line | None:
    """The line that says most about why it ended, and not a stack frame.

    What was raised last stands last; of plain sentences the first is the complaint, and what
    follows explains it.
    """
    spoken = [line for line in lines if line.text.strip() and not _FRAME.search(line.text)]
    for shape in (_WORST, _RAISED):
        if found := [line for line in spoken if shape.search(line.text)]:
            return found[-1]
    complaints = [line for line in spoken[-FINAL_LINES:] if _BAD.search(line.text)]
    return complaints[0] if complaints else (spoken[-1] if spoken else None)


def excerpt(lines: Sequence[Line], telling_one: Line) -> Line:
    """The telling line with its neighbours, as far as they fit into one citation."""
    spoken = [line for line in lines if line.text.strip()]
    position = spoken.index(telling_one)
    first = last = position
    length = len(telling_one.text)
    for before, after in ((1, 0), (0, 1)) * 2:
        wanted = first - 1 if before else last + after
        if not 0 <= wanted < len(spoken) or length + len(spoken[wanted].text) > EXCERPT:
            continue
        length += len(spoken[wanted].text)
        first, last = min(first, wanted), max(last, wanted)
    joined = " ⏎ ".join(line.text.strip() for line in spoken[first : last + 1])
    return Line(telling_one.log, telling_one.at, joined)


def final_words(cluster: Cluster, container: Container) -> Line | None:
    """What the container said last that tells most, with what stands around it."""
    lines = last_words(cluster, container)
    found = telling(lines)
    return excerpt(lines, found) if found else None


def lately(cluster: Cluster, lines: Iterable[Line]) -> list[Line]:
    """The lines of the window; one without a time counts, because its log is only a tail."""
    return [line for line in lines if line.at is None or cluster.recent(line.at)]


def died_of_it(container: Container, line: Line, *, within: timedelta) -> bool:
    """Whether the container ended with a failure soon after it wrote this."""
    return any(
        end.exit_code != 0
        and (
            line.at is None
            or end.finished_at is None
            or timedelta(0) <= end.finished_at - line.at + timedelta(seconds=2) <= within
        )
        for end in container.terminations
    )
