"""Changes of spend that were noticed, and what was told of them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, select, update

from core.storage.budget_records import EpisodeRow, TellingRow
from core.storage.models import SpendEpisode, SpendTelling
from core.storage.repositories.mapping import insert_of, record
from core.storage.statements import Session

EPISODES, TELLINGS = cast("Table", SpendEpisode.__table__), cast("Table", SpendTelling.__table__)
# What is known of it anew when an episode goes on.
GROWING = ("start", "end", "impact", "currency", "severity", "causes", "updated_at")


class SpendEpisodes:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def since(
        self, since: datetime, *, scopes: Collection[str] | None = None, step: str = ""
    ) -> list[EpisodeRow]:
        """Those that did not end before, the latest first; of some scopes, or of all."""
        query = select(EPISODES).where(EPISODES.c.end >= since)
        if scopes is not None:
            query = query.where(EPISODES.c.scope.in_(list(scopes)))
        if step:
            query = query.where(EPISODES.c.step == step)
        order = query.order_by(EPISODES.c.end.desc(), EPISODES.c.id)
        return [record(EpisodeRow, row) for row in await self._session.execute(order)]

    async def keep(self, row: EpisodeRow) -> None:
        """A new one, or what an older one of that id has become."""
        values = asdict(row)
        statement = insert_of(self._session, EPISODES).on_conflict_do_update(
            index_elements=["id"], set_={name: values[name] for name in GROWING}
        )
        await self._session.execute(statement, values)

    async def forget(self, before: datetime) -> None:
        """Those that ended before; what was told of them goes too."""
        old = select(EPISODES.c.id).where(EPISODES.c.end < before)
        await self._session.execute(delete(TELLINGS).where(TELLINGS.c.episode.in_(old)))
        await self._session.execute(delete(EPISODES).where(EPISODES.c.end < before))

    async def tellings(self, budget: str, episodes: Collection[str]) -> list[TellingRow]:
        query = select(TELLINGS).where(
            TELLINGS.c.budget == budget, TELLINGS.c.episode.in_(list(episodes))
        )
        return [record(TellingRow, row) for row in await self._session.execute(query)]

    async def tell(self, row: TellingRow) -> bool:
        """Whether this caller was the first to tell the episode to the budget's channels."""
        statement = insert_of(self._session, TELLINGS).on_conflict_do_nothing(
            index_elements=["budget", "episode"]
        )
        added = await self._session.execute(statement.returning(TELLINGS.c.budget), asdict(row))
        return added.first() is not None

    async def tell_again(self, row: TellingRow, deliveries: Sequence[str]) -> bool:
        """Whether this caller is the one who puts the messages of the next try."""
        same = (
            (TELLINGS.c.budget == row.budget)
            & (TELLINGS.c.episode == row.episode)
            & (TELLINGS.c.tries == row.tries)
        )
        values = {"tries": row.tries + 1, "deliveries": list(deliveries)}
        changed = update(TELLINGS).where(same).values(values).returning(TELLINGS.c.budget)
        return (await self._session.execute(changed)).first() is not None
