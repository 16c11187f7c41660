"""Logs of a pod, or of the pod of a workload that has most to tell."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from core.errors import Invalid, NotFound
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.facts.kubernetes import LogLines, Resource
from mcp_servers.kubernetes.speakers import Speakers

Name = Annotated[str, Field(description="Pod, or workload (its worst pod).")]
Tail = Annotated[int, Field(ge=1, le=500)]
Grep = Annotated[str, Field(description="Keep lines with this text; a|b for either.")]

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"

# What is read to find the lines that match.
SEARCHED_LINES = 5_000
LINE_CHARACTERS = 600
ALL_CHARACTERS = 16_000


class Line(BaseModel):
    at: datetime | None
    text: str


class Logs(BaseModel):
    namespace: str
    pod: str
    container: str
    previous: bool = Field(description="From the run before the last restart.")
    lines: list[Line] = Field(description="Oldest first.")
    read: int = Field(description="Lines that were looked at.")
    restarts: int = Field(description="How often the container restarted.")
    truncated: bool = Field(description="Whether older lines exist that are not shown.")
    note: str = Field(description="Why this pod and container, and what else to read.")

    def as_text(self) -> str:
        run = " (previous run)" if self.previous else ""
        cut = ", older lines exist" if self.truncated else ""
        heading = f"log of {self.namespace}/{self.pod}/{self.container}{run}:"
        told = f"{heading} {len(self.lines)} of {self.read} lines{cut}. {self.note}".rstrip()
        return "\n".join([told, *(_stamped(line) for line in self.lines)])


async def kubernetes_get_logs(
    namespace: str,
    name: Name,
    container: str = "",
    previous: bool = False,
    tail: Tail = 50,
    grep: Grep = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
    speakers: Speakers,
) -> Logs:
    """Read the last log lines of a pod or workload; previous=true: of the run that crashed."""
    seen = cluster.seen_by(caller)
    pod, why = await speakers.chosen(seen, namespace, name)
    chosen = chosen_container(pod, container)
    log = await seen.logs(
        pod.name,
        namespace=namespace,
        container=chosen.name,
        previous=previous,
        tail_lines=SEARCHED_LINES if grep else tail,
    )
    note = f"{why}{_advice(pod, chosen, previous=previous)}"
    return _shaped(log, chosen.restarts, tail, grep, note)


def chosen_container(pod: Resource, name: str) -> Container:
    """The one asked for; else the pod's default, the one that restarts, or the first."""
    every = containers(pod)
    wanted = name or pod.annotations.get(DEFAULT_CONTAINER, "")
    for one in every:
        if one.name == wanted:
            return one
    names = ", ".join(one.name for one in every)
    if name or not every:
        facts = {"pod": str(pod.ref), "container": name, "names": names}
        raise SENTENCES.error(NotFound, "no_container_but", **facts)
    blocking = [one for one in every if one.role is Role.INIT and one.waiting_reason]
    apps = blocking or [one for one in every if one.role is Role.APP] or every
    return max(apps, key=lambda one: (one.restarts, not one.ready))


def _advice(pod: Resource, container: Container, *, previous: bool) -> str:
    others = [one.name for one in containers(pod) if one.name != container.name]
    told = [f"Other containers: {', '.join(others)}."] if others else []
    if container.restarts and not previous:
        ends = container.terminations
        reason = f", last {ends[0].reason}" if ends and ends[0].reason else ""
        told.append(
            f"It restarted {container.restarts} times{reason}: previous=true reads that run."
        )
    return " ".join(told)


def _shaped(log: LogLines, restarts: int, tail: int, grep: str, note: str) -> Logs:
    wanted = [word.strip().lower() for word in grep.split("|") if word.strip()]
    if grep and not wanted:
        raise SENTENCES.error(Invalid, "empty_grep")
    matching = [one for one in log.lines if not wanted or any(w in one[1].lower() for w in wanted)]
    kept = _fitting(matching[-tail:])
    empty = "The log is empty. " if not log.lines else ""
    none = f"No line holds {grep!r}. " if log.lines and not matching else ""
    return Logs(
        namespace=log.pod.namespace,
        pod=log.pod.name,
        container=log.container,
        previous=log.previous,
        lines=kept,
        read=len(log.lines),
        restarts=restarts,
        truncated=log.truncated or len(kept) < len(matching),
        note=f"{empty}{none}{note}".rstrip(),
    )


def _fitting(found: list[tuple[datetime | None, str]]) -> list[Line]:
    """As many of the newest lines as a reader can take, each cut where it grows endless."""
    kept: list[Line] = []
    left = ALL_CHARACTERS
    for at, text in reversed(found):
        cut = text if len(text) <= LINE_CHARACTERS else f"{text[:LINE_CHARACTERS]}…"
        left -= len(cut) + 30
        if left < 0:
            break
        kept.append(Line(at=at, text=cut))
    return kept[::-1]


def _stamped(line: Line) -> str:
    return f"{line.at.time().isoformat('seconds')} {line.text}" if line.at else line.text
