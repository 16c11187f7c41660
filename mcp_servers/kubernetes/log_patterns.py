"""What the log of a pod or workload says, each kind of line once, and what is new in it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.log_patterns import Pattern, Shift, patterns, shifts
from mcp_servers.facts.kubernetes import LogLines
from mcp_servers.kubernetes.logs import SEARCHED_LINES, Name, chosen_container
from mcp_servers.kubernetes.speakers import Speakers

Onset = Annotated[AwareDatetime | None, Field(description="Tells what is said only since then.")]

SHOWN = 30
EXAMPLE_CHARACTERS = 300


class LogPattern(BaseModel):
    template: str = Field(description="<*> stands for what differs.")
    level: str = Field(description="fatal | error | warning | info | debug, or empty.")
    count: int
    first: datetime | None
    last: datetime | None
    example: str
    raised: str = Field(description="The exception that it names.")
    change: str = Field(description="Since the onset: new, more, less, or empty.")


class LogPatterns(BaseModel):
    namespace: str
    pod: str
    container: str
    previous: bool
    read: int = Field(description="Lines that were looked at.")
    kinds: int = Field(description="Kinds of lines in them.")
    patterns: list[LogPattern] = Field(description="Changed ones first, then the gravest.")
    note: str

    def as_text(self) -> str:
        run = " (previous run)" if self.previous else ""
        place = f"{self.namespace}/{self.pod}/{self.container}{run}"
        shown = f", {len(self.patterns)} shown" if len(self.patterns) < self.kinds else ""
        heading = f"{place}: {self.kinds} kinds in {self.read} lines{shown}. {self.note}".rstrip()
        return "\n".join([heading, *(_told(one) for one in self.patterns)])


async def kubernetes_log_patterns(
    namespace: str,
    name: Name,
    container: str = "",
    previous: bool = False,
    new_since: Onset = None,
    *,
    cluster: Kubernetes,
    caller: Principal,
    speakers: Speakers,
) -> LogPatterns:
    """Summarise a log: each kind of line once with its count; what is new since an incident."""
    seen = cluster.seen_by(caller)
    pod, why = await speakers.chosen(seen, namespace, name)
    log = await seen.logs(
        pod.name,
        namespace=namespace,
        container=chosen_container(pod, container).name,
        previous=previous,
        tail_lines=SEARCHED_LINES,
    )
    changed = shifts(log.lines, new_since) if new_since else []
    kinds = _rows(log, changed)
    return LogPatterns(
        namespace=log.pod.namespace,
        pod=log.pod.name,
        container=log.container,
        previous=log.previous,
        read=len(log.lines),
        kinds=len(kinds),
        patterns=kinds[:SHOWN],
        note=f"{why}{_reach(log, new_since)}".rstrip(),
    )


def _reach(log: LogLines, onset: datetime | None) -> str:
    """Why nothing can be called new, where that is so."""
    times = [at for at, _ in log.lines if at]
    if onset and (not times or times[0] >= onset):
        return "This log does not reach back before that time, so nothing can be called new. "
    if onset and times[-1] < onset:
        return "Nothing was written since that time. "
    return ""


def _rows(log: LogLines, changed: Iterable[Shift]) -> list[LogPattern]:
    changes = {one.pattern.id: _change(one) for one in changed}
    mined = patterns([text for _, text in log.lines])
    times: dict[str, list[datetime]] = {}
    for (at, _), name in zip(log.lines, mined.of, strict=True):
        if at:
            times.setdefault(name, []).append(at)
    rows = [_row(one, times.get(one.id, []), changes.get(one.id, "")) for one in mined.patterns]
    return sorted(rows, key=_order)


def _row(pattern: Pattern, times: list[datetime], change: str) -> LogPattern:
    return LogPattern(
        template=pattern.template,
        level=pattern.level,
        count=pattern.count,
        first=times[0] if times else None,
        last=times[-1] if times else None,
        example=pattern.examples[0][:EXAMPLE_CHARACTERS],
        raised=pattern.raised,
        change=change,
    )


def _change(shift: Shift) -> str:
    if shift.is_new:
        return "new"
    return "more" if shift.after_per_min > shift.before_per_min else "less"


_GRAVITY = {"fatal": 0, "error": 1, "warning": 2}


def _order(row: LogPattern) -> tuple[int, int, int, str]:
    change = {"new": 0, "more": 1, "less": 2}.get(row.change, 3)
    return change, _GRAVITY.get(row.level, 3), -row.count, row.template


def _told(row: LogPattern) -> str:
    marks = " ".join(mark for mark in (row.change, row.level, row.raised) if mark)
    span = f" {row.first:%H:%M:%S}-{row.last:%H:%M:%S}" if row.first and row.last else ""
    return f"{row.count}×{span} {marks} | {row.template}"
