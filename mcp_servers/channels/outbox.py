"""What was sent, what was not, and how well each channel works."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.principal import Principal
from core.storage.alert_records import AttemptRow, ChannelRow, DeliveryRow
from mcp_servers.access import span_of
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.channels.sentences import SENTENCES
from mcp_servers.facts.notices import Telling
from mcp_servers.paging import Page, Sort

State = Literal["", "pending", "sent", "merged", "dead", "cancelled"]
Id = Annotated[str, Field(max_length=32)]
# So many are looked through, the newest of them.
MOST = 5000
Window = Annotated[str, Field(description="ISO 8601, e.g. PT24H.")]


class DeliveryLine(BaseModel):
    id: str
    channel: str
    state: str = Field(description="pending | sent | merged (into a digest) | dead | cancelled")
    about: str
    created_at: datetime
    sent_at: datetime | None
    attempts: int
    code: str
    error: str
    next_try: datetime | None
    merged_into: str


class DeliveryPage(Page[DeliveryLine]):
    sorts_by = ("channel", "state", "created_at", "sent_at", "attempts")

    since: datetime | None = Field(default=None, description="Null: all that is kept.")

    def as_text(self) -> str:
        told = (f"{one.created_at:%Y-%m-%d %H:%M:%S} {_told(one)}" for one in self.rows)
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return self.told(f"deliveries{since}: {self.shown}", told)


class AttemptLine(BaseModel):
    at: datetime
    outcome: str
    code: str
    error: str
    latency_ms: int


class DeliveryDetail(DeliveryLine):
    tries: list[AttemptLine]


class ChannelHealth(BaseModel):
    channel: str
    kind: str
    enabled: bool
    tried: int
    sent: int
    success_rate: float | None = Field(description="0 to 1; null when nothing was tried.")
    p95_ms: int | None
    last_sent: datetime | None
    last_error: str
    waiting: int
    dead: int


class HealthPage(Page[ChannelHealth]):
    sorts_by = (
        "channel",
        "kind",
        "enabled",
        "tried",
        "sent",
        "success_rate",
        "p95_ms",
        "last_sent",
        "waiting",
        "dead",
    )

    window: str = ""

    def as_text(self) -> str:
        return self.told(f"channels in {self.window}: {self.shown}", map(_health_line, self.rows))


async def channels_deliveries(
    channel: str = "",
    state: State = "",
    window: Annotated[str, Field(description="ISO 8601, e.g. PT12H; empty: the latest.")] = "",
    cursor: str = "",
    sort: Sort = "",
    *,
    desk: Desk,
    caller: Principal,
) -> DeliveryPage:
    """List messages to channels, the newest first: who was told what and when, and what failed."""
    since = utc_now() - span_of(window) if window else None
    async with desk.session() as tables:
        rows = await tables.outbox.latest(channel=channel, state=state, since=since, limit=MOST)
    seen = [row for row in rows if _in_sight(caller, row)]
    return DeliveryPage.shaped(seen, _line, cursor=cursor, sort=sort, since=since)


async def channels_delivery(delivery_id: Id, *, desk: Desk, caller: Principal) -> DeliveryDetail:
    """Show one message with every try and what the channel answered."""
    async with desk.session() as tables:
        row = await tables.outbox.get(delivery_id)
        tries = await tables.outbox.attempts([delivery_id])
    if row is None or not _in_sight(caller, row):
        raise SENTENCES.error(NotFound, "no_delivery", delivery_id=delivery_id)
    return DeliveryDetail(**_line(row).model_dump(), tries=[_try(one) for one in tries])


async def channels_replay(delivery_id: Id, *, desk: Desk) -> DeliveryLine:
    """Send a dead message again, from the beginning of its tries."""
    async with desk.session() as tables:
        row = await tables.outbox.get(delivery_id)
        if row is None:
            raise SENTENCES.error(NotFound, "no_delivery", delivery_id=delivery_id)
        if row.state not in ("dead", "cancelled"):
            raise SENTENCES.error(Conflict, "not_dead", state=row.state)
        again = replace(row, state="pending", attempts=0, run_after=utc_now(), error="", code="")
        await tables.outbox.save([again])
    return _line(again)


async def channels_health(
    window: Window = "PT24H", cursor: str = "", sort: Sort = "", *, desk: Desk
) -> HealthPage:
    """Success rate, 95th percentile of latency and last error of each channel, from real outcomes."""
    since = utc_now() - min(span_of(window), timedelta(days=31))
    async with desk.session() as tables:
        channels = await tables.channels.all()
        attempts = await tables.outbox.attempts_since(since)
        dead = await tables.outbox.latest(state="dead", limit=5000)
        waiting = {one.name: await tables.outbox.waiting(one.name) for one in channels}
    rows = [
        _health(
            one,
            [attempt for attempt in attempts if attempt.channel == one.name],
            waiting=waiting[one.name],
            dead=sum(row.channel == one.name for row in dead),
        )
        for one in channels
    ]
    return HealthPage.of(rows, cursor=cursor, sort=sort, window=window)


def _health(
    channel: ChannelRow, attempts: list[AttemptRow], *, waiting: int, dead: int
) -> ChannelHealth:
    sent = [one for one in attempts if one.outcome == "sent"]
    failed = [one for one in attempts if one.outcome != "sent"]
    latencies = sorted(one.latency_ms for one in sent)
    return ChannelHealth(
        channel=channel.name,
        kind=channel.kind,
        enabled=channel.enabled,
        tried=len(attempts),
        sent=len(sent),
        success_rate=round(len(sent) / len(attempts), 4) if attempts else None,
        p95_ms=latencies[-(-95 * len(latencies) // 100) - 1] if latencies else None,
        last_sent=sent[-1].at if sent else None,
        last_error=failed[-1].error if failed else "",
        waiting=waiting,
        dead=dead,
    )


def _in_sight(caller: Principal, row: DeliveryRow) -> bool:
    """Only who may see every alert in it; what is about no namespace is for those who see all."""
    if caller.namespaces is None:
        return True
    alerts = Telling.of(row.notice).alerts
    return bool(alerts) and all(caller.sees(one.labels.get("namespace", "")) for one in alerts)


def _line(row: DeliveryRow) -> DeliveryLine:
    telling = Telling.of(row.notice)
    names = sorted({one.name for one in telling.alerts})
    about = f"{telling.status}: {', '.join(names[:5])} ({len(telling.alerts)})"
    return DeliveryLine(
        id=row.id,
        channel=row.channel,
        state=row.state,
        about=about,
        created_at=row.created_at,
        sent_at=row.sent_at,
        attempts=row.attempts,
        code=row.code,
        error=row.error,
        next_try=row.run_after if row.state == "pending" else None,
        merged_into=row.merged_into,
    )


def _try(row: AttemptRow) -> AttemptLine:
    return AttemptLine(
        at=row.at, outcome=row.outcome, code=row.code, error=row.error, latency_ms=row.latency_ms
    )


def _told(one: DeliveryLine) -> str:
    return f"{one.channel} {one.state} {one.about} {one.error}".rstrip()


def _health_line(one: ChannelHealth) -> str:
    rate = "untried" if one.success_rate is None else f"{one.success_rate:.1%} of {one.tried}"
    error = f", last error: {one.last_error}" if one.last_error else ""
    return f"{one.channel} {one.kind} {rate}, waiting {one.waiting}, dead {one.dead}{error}"
