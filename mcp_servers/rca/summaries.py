"""rca_event_patterns and rca_error_summary: much that was said, each kind once."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from core.principal import Principal
from mcp_servers.engines.citing import masked
from mcp_servers.engines.summaries import ErrorPattern, EventPattern, error_patterns, event_patterns
from mcp_servers.paging import Page
from mcp_servers.rca.diagnose import Namespace
from mcp_servers.rca.shapes import ResourceRef, Skipped
from mcp_servers.rca.study import Asked, Hands, study

Cursor = Annotated[str, Field(max_length=200)]

OBJECTS_SHOWN = 10
EXAMPLE_CHARACTERS = 300


class EventKind(BaseModel):
    type: str
    reason: str
    template: str = Field(description="<*> stands for what differs.")
    count: int = Field(description="How often it was seen.")
    objects: int
    about: list[ResourceRef] = Field(description="At most ten of them.")
    first: datetime | None
    last: datetime | None
    example: str

    @classmethod
    def of(cls, one: EventPattern) -> "EventKind":
        return cls(
            type=one.kind,
            reason=one.reason,
            template=one.template,
            count=one.count,
            objects=len(one.about),
            about=[ResourceRef.of(ref) for ref in one.about[:OBJECTS_SHOWN]],
            first=one.first,
            last=one.last,
            example=one.example[:EXAMPLE_CHARACTERS],
        )


class EventPatterns(Page[EventKind]):
    events: int = Field(default=0, description="Events that were looked at.")

    def as_text(self) -> str:
        lines = (
            f"{one.count}× {one.type} {one.reason} on {one.objects} objects: {one.template}"
            for one in self.rows
        )
        return self.told(f"kinds of {self.events} events: {self.shown}", lines)


class Share(BaseModel):
    resource: ResourceRef
    count: int


class ErrorKind(BaseModel):
    template: str = Field(description="<*> stands for what differs.")
    level: str
    raised: str = Field(description="The exception that it names.")
    count: int
    by_workload: list[Share] = Field(description="At most ten; a trace counts each of its lines.")
    first: datetime | None
    last: datetime | None
    example: str

    @classmethod
    def of(cls, one: ErrorPattern) -> "ErrorKind":
        shares = one.by_workload[:OBJECTS_SHOWN]
        return cls(
            template=masked(one.pattern.template),
            level=one.pattern.level,
            raised=one.pattern.raised,
            count=one.count,
            by_workload=[Share(resource=ResourceRef.of(ref), count=n) for ref, n in shares],
            first=one.first,
            last=one.last,
            example=masked(one.pattern.examples[0])[:EXAMPLE_CHARACTERS],
        )


class ErrorSummary(Page[ErrorKind]):
    lines: int = Field(default=0, description="Lines of logs that were looked at.")
    logs: int = 0
    skipped: list[Skipped] = Field(default_factory=list[Skipped])

    def as_text(self) -> str:
        lines = (
            f"{one.count}× {one.level} {one.raised} | {one.template}"
            f" ({', '.join(share.resource.name for share in one.by_workload[:3])})"
            for one in self.rows
        )
        return self.told(
            f"kinds of errors in {self.lines} lines of {self.logs} logs: {self.shown}", lines
        )


async def rca_event_patterns(
    namespace: Namespace = "", cursor: Cursor = "", *, hands: Hands, caller: Principal
) -> EventPatterns:
    """Summarise events: each kind once, how often and on how many objects.

    For single events use kubernetes_list_events.
    """
    events = await hands.kubernetes.seen_by(caller).events(namespace=namespace)
    found = event_patterns(events)
    return EventPatterns.shaped(found, EventKind.of, cursor=cursor, events=len(events))


async def rca_error_summary(
    namespace: Namespace = "", cursor: Cursor = "", *, hands: Hands, caller: Principal
) -> ErrorSummary:
    """Summarise the errors in the logs of a namespace or cluster, by kind and workload.

    The last 200 lines are read of every container in trouble, and of one pod of each workload.
    """
    cluster = (await study(hands, caller, Asked(namespace))).cluster
    logs = [one for one in cluster.logs if not namespace or one.pod.namespace == namespace]
    return ErrorSummary.shaped(
        error_patterns(cluster, logs),
        ErrorKind.of,
        cursor=cursor,
        lines=sum(len(one.lines) for one in logs),
        logs=len(logs),
        skipped=[Skipped(what=one.what, why=one.why) for one in cluster.not_checked],
    )
