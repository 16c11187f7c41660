"""Alerts, what was done with each, the groups they are told in, and the policy over them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update

from core.storage.alert_records import EpisodeRow, GroupRow, PolicyRow, StepRow
from core.storage.models import AlertEpisode, AlertGate, AlertGroup, AlertPolicy, AlertStep
from core.storage.repositories.mapping import columns, counting, record, upsert
from core.storage.statements import Session

ONLY = 1
EPISODES, STEPS = cast("Table", AlertEpisode.__table__), cast("Table", AlertStep.__table__)
GATE, GROUPS = cast("Table", AlertGate.__table__), cast("Table", AlertGroup.__table__)
POLICIES = cast("Table", AlertPolicy.__table__)
ADD_STEPS = insert(STEPS)
BY_ID = select(EPISODES).where(EPISODES.c.id.in_(bindparam("ids", expanding=True)))
NEXT_FLUSH = select(GROUPS.c.flush_at).order_by(GROUPS.c.flush_at).limit(1)
NEWEST_POLICY = select(POLICIES).order_by(POLICIES.c.version.desc()).limit(1)

# How many ids one statement names at most.
CHUNK = 500


class Alerts:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def take_turn(self) -> None:
        """Wait until nobody else is passing alerts on; the turn ends with the session.

        Two peers that send the same alert at once would both find it new otherwise.
        """
        passed = counting(self._session, GATE, "id", "passed")
        await self._session.execute(passed, {"id": ONLY, "passed": 1})

    async def policy(self) -> PolicyRow | None:
        """The policy in force."""
        found = (await self._session.execute(NEWEST_POLICY)).first()
        return record(PolicyRow, found) if found else None

    async def policies(self, *, limit: int = 50) -> list[PolicyRow]:
        """The newest first."""
        query = select(POLICIES).order_by(POLICIES.c.version.desc()).limit(limit)
        return [record(PolicyRow, row) for row in await self._session.execute(query)]

    async def add_policy(self, row: PolicyRow) -> None:
        """`Conflict` when that version is taken."""
        await self._session.execute(insert(POLICIES), asdict(row))

    async def episodes(self, ids: Collection[str]) -> dict[str, EpisodeRow]:
        found: dict[str, EpisodeRow] = {}
        wanted = list(ids)
        for start in range(0, len(wanted), CHUNK):
            some = {"ids": wanted[start : start + CHUNK]}
            for row in await self._session.execute(BY_ID, some):
                found[row.id] = record(EpisodeRow, row)
        return found

    async def firing(self) -> list[EpisodeRow]:
        query = select(EPISODES).where(EPISODES.c.status == "firing")
        return [record(EpisodeRow, row) for row in await self._session.execute(query)]

    async def untold(self, *, limit: int) -> list[EpisodeRow]:
        """What fires and no channel was told of, the first received first."""
        query = (
            select(EPISODES)
            .where(EPISODES.c.status == "firing", EPISODES.c.told_status == "")
            .order_by(EPISODES.c.received_at, EPISODES.c.id)
            .limit(limit)
        )
        return [record(EpisodeRow, row) for row in await self._session.execute(query)]

    async def lost(self, *, steps: Collection[str], outcome: str) -> dict[str, dict[str, Any]]:
        """Labels by id of what fires, no channel was told of, and the last of these steps came to `outcome`."""
        last = (
            select(STEPS.c.outcome)
            .where(STEPS.c.alert_id == EPISODES.c.id, STEPS.c.step.in_(list(steps)))
            .order_by(STEPS.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = select(EPISODES.c.id, EPISODES.c.labels).where(
            EPISODES.c.status == "firing", EPISODES.c.told_status == "", last == outcome
        )
        return {row.id: row.labels for row in await self._session.execute(query)}

    async def earlier(self, fingerprint: str, *, since: datetime) -> list[EpisodeRow]:
        """Episodes of one alert that were updated since then, the newest first."""
        query = (
            select(EPISODES)
            .where(EPISODES.c.fingerprint == fingerprint, EPISODES.c.updated_at >= since)
            .order_by(EPISODES.c.starts_at.desc())
        )
        return [record(EpisodeRow, row) for row in await self._session.execute(query)]

    async def arrived_since(self, since: datetime) -> int:
        query = select(EPISODES.c.id).where(EPISODES.c.received_at >= since)
        return len((await self._session.execute(query)).all())

    async def save(self, rows: Sequence[EpisodeRow]) -> None:
        await upsert(self._session, EPISODES, rows, "id")

    async def note(self, rows: Sequence[StepRow]) -> None:
        if rows:
            await self._session.execute(ADD_STEPS, [columns(row) for row in rows])

    async def steps(self, alert_id: str) -> list[StepRow]:
        """In the order they were done."""
        query = select(STEPS).where(STEPS.c.alert_id == alert_id).order_by(STEPS.c.id)
        return [record(StepRow, row) for row in await self._session.execute(query)]

    async def steps_of(self, alert_ids: Collection[str]) -> list[StepRow]:
        """Of several alerts, in the order they were done."""
        query = select(STEPS).where(STEPS.c.alert_id.in_(list(alert_ids))).order_by(STEPS.c.id)
        return [record(StepRow, row) for row in await self._session.execute(query)]

    async def analysed_by(self, analysis_id: str, *, limit: int = 5000) -> list[EpisodeRow]:
        """The alerts that one analysis answers for, the first received first."""
        query = (
            select(EPISODES)
            .where(EPISODES.c.analysis_id == analysis_id)
            .order_by(EPISODES.c.received_at, EPISODES.c.id)
            .limit(limit)
        )
        return [record(EpisodeRow, row) for row in await self._session.execute(query)]

    async def of_incident(self, incident_id: str, *, limit: int) -> list[EpisodeRow]:
        """Alerts with the same causes, the last first."""
        query = select(EPISODES).where(EPISODES.c.incident_id == incident_id)
        ordered = query.order_by(EPISODES.c.starts_at.desc(), EPISODES.c.id).limit(limit)
        return [record(EpisodeRow, row) for row in await self._session.execute(ordered)]

    async def set_incident(self, analysis_id: str, incident_id: str) -> None:
        mine = EPISODES.c.analysis_id == analysis_id
        await self._session.execute(update(EPISODES).where(mine).values(incident_id=incident_id))

    async def set_analysis(self, alert_id: str, analysis_id: str) -> None:
        await self._session.execute(
            update(EPISODES).where(EPISODES.c.id == alert_id).values(analysis_id=analysis_id)
        )

    async def latest(
        self, *, status: str = "", since: datetime | None = None, limit: int = 500
    ) -> list[EpisodeRow]:
        """The last updated first."""
        query = select(EPISODES).order_by(EPISODES.c.updated_at.desc(), EPISODES.c.id).limit(limit)
        if status:
            query = query.where(EPISODES.c.status == status)
        if since:
            query = query.where(EPISODES.c.updated_at >= since)
        return [record(EpisodeRow, row) for row in await self._session.execute(query)]

    async def groups(self, keys: Collection[str]) -> dict[str, GroupRow]:
        if not keys:
            return {}
        query = select(GROUPS).where(GROUPS.c.key.in_(list(keys)))
        return {row.key: record(GroupRow, row) for row in await self._session.execute(query)}

    async def due_groups(self, now: datetime) -> list[GroupRow]:
        query = select(GROUPS).where(GROUPS.c.flush_at <= now).order_by(GROUPS.c.flush_at)
        return [record(GroupRow, row) for row in await self._session.execute(query)]

    async def next_flush(self) -> datetime | None:
        return (await self._session.execute(NEXT_FLUSH)).scalar()

    async def save_groups(self, rows: Sequence[GroupRow]) -> None:
        await upsert(self._session, GROUPS, rows, "key")

    async def drop_group(self, key: str) -> None:
        await self._session.execute(delete(GROUPS).where(GROUPS.c.key == key))

    async def acknowledge(self, alert_id: str, by: str, at: datetime) -> bool:
        """False when somebody had done so already."""
        done = (
            update(EPISODES)
            .where(EPISODES.c.id == alert_id, EPISODES.c.acknowledged_by == "")
            .values(acknowledged_by=by, acknowledged_at=at)
            .returning(EPISODES.c.id)
        )
        return (await self._session.execute(done)).first() is not None

    async def forget(self, before: datetime, *, limit: int = CHUNK) -> int:
        """Drop some resolved alerts, with their records, that were not heard of since `before`."""
        gone = (EPISODES.c.status == "resolved") & (EPISODES.c.updated_at < before)
        ids = list(await self._session.scalars(select(EPISODES.c.id).where(gone).limit(limit)))
        await self._session.execute(delete(STEPS).where(STEPS.c.alert_id.in_(ids)))
        await self._session.execute(delete(EPISODES).where(EPISODES.c.id.in_(ids)))
        return len(ids)
