"""Facts that people told, each by its scope: one person's own, or the whole organisation's."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.errors import Forbidden, NotFound, TooLarge
from core.redaction import redact_text
from core.storage.models import ToldFact
from core.storage.records import FactRow
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.sentences import SENTENCES

# More than this of one person's own, or of the organisation's, nobody reads any more.
MOST = 200
# Asked by every turn, so it is built once, over the table and not the mapped class.
FACTS = cast("Table", ToldFact.__table__)
THEIRS = select(
    *(FACTS.c[one] for one in ("id", "scope", "subject", "text", "thread_id", "created_at"))
).where(or_(FACTS.c.scope == "organisation", FACTS.c.subject == bindparam("person")))
KNOWN = THEIRS.order_by(FACTS.c.created_at, FACTS.c.id)
FACT_LIST = Listing(
    {"text": FACTS.c.text, "told_by": FACTS.c.subject, "told_at": FACTS.c.created_at},
    (Key(FACTS.c.created_at), Key(FACTS.c.id)),
)


async def known_to(reading: AsyncConnection, subject: str) -> list[FactRow]:
    """A person's own and the organisation's, the oldest first."""
    return [FactRow(*one) for one in await reading.execute(KNOWN, {"person": subject})]


class ToldFacts:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, subject: str, *, sort: str = "", cursor: str = "", limit: int | None = None
    ) -> Part[FactRow]:
        """As `known_to`, part by part."""
        query = THEIRS.params(person=subject)
        return await part(
            self._session, query, FACT_LIST, FactRow, sort=sort, cursor=cursor, limit=limit
        )

    async def add(self, fact: FactRow) -> None:
        """The same once more changes nothing. Raises `TooLarge` when there are too many."""
        known = await self._of_scope(fact)
        if any(one.text.casefold() == fact.text.casefold() for one in known):
            return
        if len(known) >= MOST:
            raise SENTENCES.error(TooLarge, "facts_full", most=MOST)
        values = {
            "id": fact.id,
            "scope": fact.scope,
            "subject": fact.subject,
            "text": redact_text(fact.text),
            "thread_id": fact.thread_id,
            "created_at": fact.created_at,
        }
        await self._session.execute(insert(ToldFact).values(values))

    async def delete(self, fact_id: str, *, subject: str, may_manage: bool) -> None:
        """One's own, or with `may_manage` one of the organisation's.

        Raises `NotFound`, also for another person's own, and `Forbidden`.
        """
        found = await self._session.get(ToldFact, fact_id)
        if found is None or (found.scope == "user" and found.subject != subject):
            raise SENTENCES.error(NotFound, "no_fact", fact_id=fact_id)
        if found.subject != subject and not may_manage:
            raise SENTENCES.error(Forbidden, "told_to_everybody", subject=found.subject)
        await self._session.execute(delete(ToldFact).where(ToldFact.id == fact_id))

    async def _of_scope(self, fact: FactRow) -> Sequence[ToldFact]:
        query = select(ToldFact).where(ToldFact.scope == fact.scope)
        if fact.scope == "user":
            query = query.where(ToldFact.subject == fact.subject)
        return list(await self._session.scalars(query))
