"""The outbox worked off: one sender a channel at a time, at its pace, each answer written down."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, Field

from core.clock import monotonic_s, utc_now
from core.errors import Invalid, UpstreamUnavailable
from core.storage.alert_records import AttemptRow, ChannelRow, DeliveryRow, StepRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.senders.kinds import kind_of, tell
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry, sent
from mcp_servers.backends.senders.sending_pace import MOST_ATTEMPTS, Bucket, full, next_wait
from mcp_servers.channels.sealing import opened
from mcp_servers.channels.wording import worded
from mcp_servers.facts.notices import Telling

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

BATCH = 100
# A lease outlives the longest send by far, and a round ends well before its lease.
LEASE, ROUND_S = timedelta(seconds=90), 4.0
# Who may be told again so soon is waited for on the spot: putting off all that waits takes longer.
SOON = timedelta(seconds=0.2)
# How long an answer is kept for a database that takes nothing, and how long until it is tried again.
INSISTS_S, AGAIN_S = 3600.0, 0.5
# For programs, which keep each alert apart; people are better served by one message.
ALONE = frozenset({"webhook", "pagerduty"})


Kept = TypeVar("Kept")


class Delivered(BaseModel):
    sent: int
    failed: int
    next_due: datetime | None = Field(description="When there is something to be sent again.")

    def as_text(self) -> str:
        return f"{self.sent} sent, {self.failed} failed"


async def channels_deliver_due(
    channel: Annotated[str, Field(description="Empty: every channel.")] = "", *, desk: Desk
) -> Delivered:
    """Send what is due to a channel, or to all. Run by the jobs; safe to run in several processes."""
    owner = secrets.token_hex(8)
    async with desk.session() as tables:
        names = [channel] if channel else sorted(await tables.outbox.waiting_since())
    rounds = [_Round(desk, name, owner) for name in names]
    await asyncio.gather(*(one.run() for one in rounds))
    async with desk.session() as tables:
        due = await tables.outbox.next_due()
    sent, failed = sum(one.sent for one in rounds), sum(one.failed for one in rounds)
    return Delivered(sent=sent, failed=failed, next_due=due)


class _Round:
    """What waits for one channel, and what comes while that is sent."""

    def __init__(self, desk: Desk, name: str, owner: str) -> None:
        self._desk, self._name, self._owner = desk, name, owner
        self._ends_s = monotonic_s() + ROUND_S
        # As it was when the last answer was written down: settings may change in between.
        self._channel: ChannelRow | None = None
        self._leased = False
        self.sent = self.failed = 0

    async def run(self) -> None:
        now = utc_now()
        async with self._desk.session(urgent=True) as tables:
            taken = await tables.channels.lease(self._name, self._owner, now, now + LEASE)
            if taken is None:
                return
            self._channel = taken
            due = await self._next(tables, (), goes_on=True)
        self._leased = bool(due)
        try:
            while due:
                due = await self._send(due)
        finally:
            if self._leased:
                await self._written(lambda tables: tables.channels.release(self._name, self._owner))

    async def _due(self, tables: "AlertTables") -> list[DeliveryRow]:
        now, channel = utc_now(), self._channel
        due = await tables.outbox.due(self._name, now, limit=BATCH)
        if channel and channel.enabled:
            return await _paced(tables, channel, due, now) if due else []
        await tables.outbox.save([_given_up(one, "The channel is off.") for one in due])
        return []

    async def _send(self, due: Sequence[DeliveryRow]) -> list[DeliveryRow]:
        """The first message. What is to be sent after it: nothing when the channel wants no more now,
        or the round has gone on for long enough."""
        delivery, channel = due[0], self._channel
        if channel is None:
            return []
        rate, now = kind_of(channel.kind).rate, utc_now()
        bucket = _bucket(channel, now)
        if bucket.tokens < 1 - 1e-9:
            wait = bucket.wait(rate)
            if wait > SOON:
                return await self._postponed([delivery], now + wait)
            await asyncio.sleep(wait.total_seconds())
            now = utc_now()
            bucket = bucket.filled(rate, now)
        started_s = monotonic_s()
        outcome = await self._told(channel, delivery, now)
        latency_ms = round((monotonic_s() - started_s) * 1000)
        done = _after(delivery, outcome, utc_now())
        self.sent += outcome.sent
        self.failed += not outcome.sent
        rest = done.run_after if outcome.rests else None
        # Who does not answer one message will not answer the next, and each would take its time.
        goes_on = rest is None and outcome.code != "network"
        left = bucket.taken()

        async def answer(tables: "AlertTables") -> list[DeliveryRow]:
            await tables.outbox.answered(done)
            await tables.outbox.tried(_attempt(done, outcome, now, latency_ms))
            self._channel = await tables.channels.set_bucket(self._name, left.tokens, left.at, rest)
            await tables.alerts.note(_steps(done, outcome, latency_ms))
            return await self._next(tables, due[1:], goes_on=goes_on)

        following = await self._written(answer)
        self._leased = bool(following)
        return following

    async def _next(
        self, tables: "AlertTables", waiting: Sequence[DeliveryRow], *, goes_on: bool
    ) -> list[DeliveryRow]:
        """What is left of what was due, else what came meanwhile. The lease goes with the last answer."""
        goes_on = goes_on and monotonic_s() <= self._ends_s
        due = list(waiting) or await self._due(tables) if goes_on else []
        if not due:
            await tables.channels.release(self._name, self._owner)
        return due

    async def _written(self, write: "Callable[[AlertTables], Awaitable[Kept]]") -> Kept:
        """Write until it is taken: a message whose answer is not written down would be sent again."""
        until_s = monotonic_s() + INSISTS_S
        while True:
            try:
                async with self._desk.session(urgent=True) as tables:
                    return await write(tables)
            except UpstreamUnavailable:
                if monotonic_s() > until_s:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def _told(self, channel: ChannelRow, delivery: DeliveryRow, now: datetime) -> Outcome:
        try:
            config = opened(self._desk.vault, channel)
        except Invalid as error:
            return retry("sealed", str(error))
        if delivery.attempts >= MOST_ATTEMPTS:
            return refused("given_up", "It was tried too often.")
        told = Telling.of(delivery.notice)
        outcome = sent("")
        for one in told.incidents() if kind_of(channel.kind).incidents else (told,):
            notice = worded(
                one,
                message_id=delivery.id,
                language=channel.language,
                public_url=self._desk.public_url,
            )
            outcome = await tell(channel.kind, config, notice, self._desk.wire, now)
            if not outcome.sent:
                break
        return outcome

    async def _postponed(self, due: Sequence[DeliveryRow], until: datetime) -> list[DeliveryRow]:
        async with self._desk.session(urgent=True) as tables:
            await tables.outbox.put_off(due, until)
        return []


async def _paced(
    tables: "AlertTables", channel: ChannelRow, due: list[DeliveryRow], now: datetime
) -> list[DeliveryRow]:
    """What may be sent now: all, the first few, or the first few and the rest as one digest.

    What is for programs waits for its turn one by one.
    """
    if channel.rest_until and channel.rest_until > now:
        await tables.outbox.put_off(due, channel.rest_until)
        return []
    rate = kind_of(channel.kind).rate
    if channel.kind in ALONE:
        return due
    bucket = _bucket(channel, now)
    room = int(bucket.tokens + 1e-9)
    if len(due) <= room:
        return due
    fresh = [one for one in due[max(room - 1, 0) :] if one.attempts == 0]
    if len(fresh) < 2:
        await tables.outbox.put_off(due[room:], now + bucket.wait(rate))
        return due[:room]
    digest, merged = _digest(channel, fresh, now)
    await tables.outbox.put([digest])
    await tables.outbox.save(merged)
    kept = [one for one in due if one.id not in {row.id for row in merged}]
    sendable = [*kept, digest]
    await tables.outbox.put_off(sendable[room:], now + bucket.wait(rate))
    return sendable[:room]


def _digest(
    channel: ChannelRow, waiting: Sequence[DeliveryRow], now: datetime
) -> tuple[DeliveryRow, list[DeliveryRow]]:
    """One message for many. Of an alert that is in several of them, the last word counts."""
    tellings = [Telling.of(one.notice) for one in waiting]
    latest = {alert.id: alert for one in tellings for alert in one.alerts}
    telling = Telling(key=f"digest-{channel.name}", reason="digest", alerts=tuple(latest.values()))
    joined = "\0".join(one.id for one in waiting)
    mark = hashlib.sha256(f"digest\0{channel.name}\0{joined}".encode()).hexdigest()
    digest = DeliveryRow(
        id=mark[:32],
        idempotency_key=mark,
        channel=channel.name,
        notice=telling.as_data(),
        alert_ids=list(latest),
        created_at=waiting[0].created_at,
        run_after=now,
    )
    merged = [replace(one, state="merged", merged_into=digest.id) for one in waiting]
    return digest, merged


def _bucket(channel: ChannelRow, now: datetime) -> Bucket:
    rate = kind_of(channel.kind).rate
    if channel.bucket_tokens is None or channel.bucket_at is None:
        return full(rate, now)
    return Bucket(channel.bucket_tokens, channel.bucket_at).filled(rate, now)


def _after(delivery: DeliveryRow, outcome: Outcome, now: datetime) -> DeliveryRow:
    tried = replace(
        delivery, attempts=delivery.attempts + 1, code=outcome.code, error=outcome.why[:500]
    )
    if outcome.sent:
        return replace(tried, state="sent", sent_at=now)
    if outcome.result == "refused" or tried.attempts >= MOST_ATTEMPTS:
        return replace(tried, state="dead")
    jitter = secrets.randbelow(1000) / 1000
    return replace(tried, run_after=now + next_wait(tried.attempts, jitter, outcome.retry_after_s))


def _given_up(delivery: DeliveryRow, why: str) -> DeliveryRow:
    return replace(delivery, state="dead", error=why)


def _attempt(delivery: DeliveryRow, outcome: Outcome, at: datetime, latency_ms: int) -> AttemptRow:
    return AttemptRow(
        delivery_id=delivery.id,
        channel=delivery.channel,
        at=at,
        outcome=outcome.result,
        code=outcome.code,
        error=outcome.why[:500],
        latency_ms=latency_ms,
    )


def _steps(delivery: DeliveryRow, outcome: Outcome, latency_ms: int) -> list[StepRow]:
    """For the record of each alert in the message."""
    detail = {
        "channel": delivery.channel,
        "delivery": delivery.id,
        "code": outcome.code,
        "why": outcome.why,
        "latency_ms": latency_ms,
    }
    result = "dead" if delivery.state == "dead" else outcome.result
    now = utc_now()
    return [StepRow(str(one), now, "deliver", result, detail) for one in delivery.alert_ids]
