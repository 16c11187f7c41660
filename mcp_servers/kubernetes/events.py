"""Events, merged where they say the same, newest first."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.facts.kubernetes import Event
from mcp_servers.kubernetes.rows import Cursor, Namespace, examined, seconds_since, short
from mcp_servers.paging import Page

About = Annotated[str, Field(description="Object, or workload with its pods.")]

# Of one message; the rest of a scheduler's list of reasons adds little.
MESSAGE_CHARACTERS = 400


class EventRow(BaseModel):
    kind: str
    namespace: str
    name: str
    uid: str = Field(description="Of the newest such event.")
    type: str
    reason: str
    message: str
    count: int = Field(description="How often it was seen.")
    last_ago_s: int | None = Field(description="Seconds since it was last seen.")
    first_ago_s: int | None

    @classmethod
    def of(cls, same: list[Event], now: datetime) -> "EventRow":
        newest = max(same, key=_seen)
        first = min((one.first_at for one in same if one.first_at), default=None)
        return cls(
            kind=newest.about.kind,
            namespace=newest.about.namespace,
            name=newest.about.name,
            uid=newest.uid,
            type=newest.kind,
            reason=newest.reason,
            message=newest.message[:MESSAGE_CHARACTERS],
            count=sum(one.count for one in same),
            last_ago_s=seconds_since(newest.last_at, now),
            first_ago_s=seconds_since(first, now),
        )

    def as_line(self) -> str:
        times = f" x{self.count} over {short(self.first_ago_s)}" if self.count > 1 else ""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        when = f"{short(self.last_ago_s)} ago{times}"
        return f"{when} {self.type} {self.reason} {self.kind} {place}: {self.message}"


class Events(Page[EventRow]):
    examined: str = ""

    def as_text(self) -> str:
        heading = f"{self.examined}: {self.shown}"
        return self.told(heading, (row.as_line() for row in self.rows))


async def kubernetes_list_events(
    namespace: Namespace = "",
    name: About = "",
    warnings: bool = False,
    cursor: Cursor = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> Events:
    """List events of about the last hour, newest first: scheduling, pulls, probes, kills, evictions."""
    now, seen = utc_now(), cluster.seen_by(caller)
    events = await seen.events(namespace=namespace)
    chosen = [
        one for one in events if _is_about(one, name) and (one.kind != "Normal" or not warnings)
    ]
    rows = [EventRow.of(same, now) for same in _merged(chosen)]
    what = "warning events" if warnings else "events"
    return Events.of(
        rows,
        cursor=cursor,
        examined=examined(
            what, namespace, f"name {name}" if name else "", within=caller.namespaces
        ),
    )


def _is_about(event: Event, name: str) -> bool:
    """The object itself, or what carries its name as a prefix: a Deployment's pods."""
    return not name or event.about.name == name or event.about.name.startswith(f"{name}-")


def _merged(events: Iterable[Event]) -> list[list[Event]]:
    groups: dict[tuple[object, ...], list[Event]] = {}
    for event in events:
        key = (event.about, event.about_uid, event.reason, event.message)
        groups.setdefault(key, []).append(event)
    return sorted(groups.values(), key=lambda same: max(map(_seen, same)), reverse=True)


def _seen(event: Event) -> tuple[float, str]:
    return (event.last_at.timestamp() if event.last_at else 0.0, event.uid)
