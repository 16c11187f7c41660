"""Channels, and the messages on their way to them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, insert, or_, select, update

from core.storage.alert_records import AttemptRow, ChannelRow, DeliveryRow
from core.storage.models import Channel, Delivery, DeliveryAttempt
from core.storage.repositories.mapping import columns, insert_new, record, upsert
from core.storage.statements import Session

CHANNELS, DELIVERIES = cast("Table", Channel.__table__), cast("Table", Delivery.__table__)
ATTEMPTS = cast("Table", DeliveryAttempt.__table__)
WAITING = DELIVERIES.c.state == "pending"
ADD_ATTEMPT = insert(ATTEMPTS)
LEAVE = (
    update(CHANNELS)
    .where(CHANNELS.c.name == bindparam("of"))
    .values({one: bindparam(one) for one in ("bucket_tokens", "bucket_at", "rest_until")})
    .returning(CHANNELS)
)
ANSWER = ("state", "attempts", "run_after", "sent_at", "code", "error")
ANSWERED = (
    update(DELIVERIES)
    .where(DELIVERIES.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ANSWER})
)
PUT_OFF = (
    update(DELIVERIES)
    .where(DELIVERIES.c.id == bindparam("of"))
    .values(run_after=bindparam("until"))
)
FIRST_DUE = (
    select(DELIVERIES.c.channel, func.min(DELIVERIES.c.run_after).label("run_after"))
    .where(WAITING)
    .group_by(DELIVERIES.c.channel)
)
DUE = (
    select(DELIVERIES)
    .where(
        WAITING,
        DELIVERIES.c.channel == bindparam("of"),
        DELIVERIES.c.run_after <= bindparam("now"),
    )
    .order_by(DELIVERIES.c.created_at, DELIVERIES.c.id)
    .limit(bindparam("most"))
)
NEXT_DUE = select(func.min(DELIVERIES.c.run_after)).where(WAITING)
ALL_CHANNELS = select(CHANNELS).order_by(CHANNELS.c.name)
ONE_CHANNEL = select(CHANNELS).where(CHANNELS.c.name == bindparam("of"))
LEASE = (
    update(CHANNELS)
    .where(
        CHANNELS.c.name == bindparam("of"),
        or_(
            CHANNELS.c.lease_until.is_(None),
            CHANNELS.c.lease_until <= bindparam("now"),
            CHANNELS.c.lease_owner == bindparam("owner"),
        ),
    )
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
    .returning(CHANNELS)
)
RELEASE = (
    update(CHANNELS)
    .where(CHANNELS.c.name == bindparam("of"), CHANNELS.c.lease_owner == bindparam("owner"))
    .values(lease_until=None)
)


class Channels:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self) -> list[ChannelRow]:
        return [record(ChannelRow, row) for row in await self._session.execute(ALL_CHANNELS)]

    async def get(self, name: str) -> ChannelRow | None:
        found = (await self._session.execute(ONE_CHANNEL, {"of": name})).first()
        return record(ChannelRow, found) if found else None

    async def add(self, row: ChannelRow) -> None:
        """`Conflict` when there is one of that name."""
        values = {**asdict(row), "lease_owner": ""}
        await self._session.execute(insert(CHANNELS), values)

    async def save(self, row: ChannelRow, *, read: datetime | None = None) -> bool:
        """False when somebody changed it since `read`, its `updated_at` as it was read."""
        values = asdict(row)
        values.pop("name")
        saved = update(CHANNELS).where(*_still(row.name, read)).values(values)
        return (await self._session.execute(saved.returning(CHANNELS.c.name))).first() is not None

    async def remove(self, name: str, *, read: datetime | None = None) -> bool:
        """False when it is gone, or somebody changed it since `read`."""
        gone = delete(CHANNELS).where(*_still(name, read)).returning(CHANNELS.c.name)
        return (await self._session.execute(gone)).first() is not None

    async def lease(
        self, name: str, owner: str, now: datetime, until: datetime
    ) -> ChannelRow | None:
        """Be the only one who sends to a channel until then, also as the one who is already.

        None when somebody else is, or there is no such channel.
        """
        taken = {"of": name, "owner": owner, "now": now, "until": until}
        found = (await self._session.execute(LEASE, taken)).first()
        return record(ChannelRow, found) if found else None

    async def release(self, name: str, owner: str) -> None:
        await self._session.execute(RELEASE, {"of": name, "owner": owner})

    async def set_bucket(
        self, name: str, tokens: float, at: datetime, rest_until: datetime | None
    ) -> ChannelRow | None:
        """What is left of its rate, and until when it asked to be left alone; gives all of it."""
        left = {"bucket_tokens": tokens, "bucket_at": at, "rest_until": rest_until}
        found = (await self._session.execute(LEAVE, {"of": name, **left})).first()
        return record(ChannelRow, found) if found else None


def _still(name: str, read: datetime | None) -> list[Any]:
    return [CHANNELS.c.name == name, *([CHANNELS.c.updated_at == read] if read else [])]


class Outbox:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, rows: Sequence[DeliveryRow]) -> None:
        """Add messages; one whose idempotency key is there already is not added again."""
        await insert_new(
            self._session, DELIVERIES, [columns(row) for row in rows], "idempotency_key"
        )

    async def waiting_since(self) -> dict[str, datetime]:
        """The channels that have something to be sent, and when the first of it is, or was, due."""
        found = await self._session.execute(FIRST_DUE)
        return {row.channel: row.run_after for row in found}

    async def due(self, channel: str, now: datetime, *, limit: int) -> list[DeliveryRow]:
        """What a channel is to be told now, in the order it was put."""
        wanted = {"of": channel, "now": now, "most": limit}
        return [record(DeliveryRow, row) for row in await self._session.execute(DUE, wanted)]

    async def next_due(self) -> datetime | None:
        return (await self._session.execute(NEXT_DUE)).scalar()

    async def get(self, delivery_id: str) -> DeliveryRow | None:
        query = select(DELIVERIES).where(DELIVERIES.c.id == delivery_id)
        found = (await self._session.execute(query)).first()
        return record(DeliveryRow, found) if found else None

    async def save(self, rows: Sequence[DeliveryRow]) -> None:
        await upsert(self._session, DELIVERIES, rows, "id")

    async def answered(self, row: DeliveryRow) -> None:
        """What came of a message; what it says is not written again."""
        values = {name: getattr(row, name) for name in ANSWER}
        await self._session.execute(ANSWERED, {"of": row.id, **values})

    async def put_off(self, rows: Sequence[DeliveryRow], until: datetime) -> None:
        if rows:
            waits = [{"of": row.id, "until": until} for row in rows]
            await self._session.execute(PUT_OFF, waits)

    async def tried(self, row: AttemptRow) -> None:
        await self._session.execute(ADD_ATTEMPT, columns(row))

    async def latest(
        self,
        *,
        channel: str = "",
        state: str = "",
        since: datetime | None = None,
        limit: int = 500,
    ) -> list[DeliveryRow]:
        """The newest first."""
        query = select(DELIVERIES).order_by(DELIVERIES.c.created_at.desc(), DELIVERIES.c.id)
        if channel:
            query = query.where(DELIVERIES.c.channel == channel)
        if state:
            query = query.where(DELIVERIES.c.state == state)
        if since:
            query = query.where(DELIVERIES.c.created_at >= since)
        return [record(DeliveryRow, row) for row in await self._session.execute(query.limit(limit))]

    async def attempts(self, delivery_ids: Collection[str]) -> list[AttemptRow]:
        """In the order they were made."""
        query = select(ATTEMPTS).where(ATTEMPTS.c.delivery_id.in_(list(delivery_ids)))
        found = await self._session.execute(query.order_by(ATTEMPTS.c.id))
        return [record(AttemptRow, row) for row in found]

    async def attempts_since(self, since: datetime, *, channel: str = "") -> list[AttemptRow]:
        query = select(ATTEMPTS).where(ATTEMPTS.c.at >= since).order_by(ATTEMPTS.c.id)
        if channel:
            query = query.where(ATTEMPTS.c.channel == channel)
        return [record(AttemptRow, row) for row in await self._session.execute(query)]

    async def waiting(self, channel: str) -> int:
        query = select(func.count()).select_from(DELIVERIES)
        found = await self._session.execute(query.where(WAITING, DELIVERIES.c.channel == channel))
        return int(found.scalar() or 0)

    async def forget(self, before: datetime, *, limit: int = 500) -> int:
        """Drop some messages, with their tries, that came to an end and were put before then."""
        gone = (DELIVERIES.c.state != "pending") & (DELIVERIES.c.created_at < before)
        ids = list(await self._session.scalars(select(DELIVERIES.c.id).where(gone).limit(limit)))
        await self._session.execute(delete(ATTEMPTS).where(ATTEMPTS.c.delivery_id.in_(ids)))
        await self._session.execute(delete(DELIVERIES).where(DELIVERIES.c.id.in_(ids)))
        return len(ids)

    async def cancel_all(self, channel: str) -> None:
        """What still waits for a channel that goes away is never sent."""
        mine = (DELIVERIES.c.channel == channel) & WAITING
        gone = {"state": "cancelled", "error": "The channel was removed."}
        await self._session.execute(update(DELIVERIES).where(mine).values(**gone))
