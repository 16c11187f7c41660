"""Many events, and the errors of many logs, each kind once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mcp_servers.engines.log_patterns import Pattern, patterns
from mcp_servers.engines.log_templates import templates_of
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.kubernetes import Cluster, Event, LogLines, Ref

GRAVE = ("fatal", "error")


@dataclass(frozen=True, slots=True)
class EventPattern:
    """Events of one reason that say the same but for names and numbers. `count` is of sightings."""

    kind: str
    reason: str
    template: str
    count: int
    about: tuple[Ref, ...]
    first: datetime | None
    last: datetime | None
    example: str


@dataclass(frozen=True, slots=True)
class ErrorPattern:
    """An error with the workloads that logged it, how often each."""

    pattern: Pattern
    count: int
    by_workload: tuple[tuple[Ref, int], ...]
    first: datetime | None
    last: datetime | None


def event_patterns(events: Sequence[Event]) -> list[EventPattern]:
    """Warnings first, then by how often they were seen."""
    groups: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event, template in zip(events, templates_of([one.message for one in events]), strict=True):
        groups[event.kind, event.reason, template].append(event)
    found = [_event_pattern(*key, same) for key, same in groups.items()]
    return sorted(
        found, key=lambda one: (one.kind == "Normal", -one.count, one.reason, one.template)
    )


def _event_pattern(kind: str, reason: str, template: str, same: Sequence[Event]) -> EventPattern:
    return EventPattern(
        kind=kind,
        reason=reason,
        template=template,
        count=sum(one.count for one in same),
        about=tuple(sorted({one.about for one in same})),
        first=min((one.first_at for one in same if one.first_at), default=None),
        last=max((one.last_at for one in same if one.last_at), default=None),
        example=same[-1].message,
    )


def error_patterns(cluster: Cluster, logs: Sequence[LogLines]) -> list[ErrorPattern]:
    """What the logs complain of, the most frequent first."""
    mined = patterns(*([line for _, line in log.lines] for log in logs))
    grave = {one.id: one for one in mined.patterns if one.level in GRAVE or one.raised}
    where: dict[str, Counter[Ref]] = defaultdict(Counter)
    seen: dict[str, list[datetime]] = defaultdict(list)
    for (owner, at), name in zip(_lines(cluster, logs), mined.of, strict=True):
        if name in grave:
            where[name][owner] += 1
            seen[name] += [at] if at else []
    found = [
        ErrorPattern(
            pattern=one,
            count=one.count,
            by_workload=tuple(where[name].most_common()),
            first=min(seen[name], default=None),
            last=max(seen[name], default=None),
        )
        for name, one in grave.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.pattern.template))


def _lines(cluster: Cluster, logs: Iterable[LogLines]) -> Iterable[tuple[Ref, datetime | None]]:
    for log in logs:
        pod = cluster.get(log.pod)
        owner = top_owner(cluster, pod) if pod else log.pod
        yield from ((owner, at) for at, _ in log.lines)
