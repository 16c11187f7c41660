"""A person's notebook, over the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from agent.teaching import ToldFact
from api.sentences import SENTENCES
from core.clock import utc_now
from core.errors import Forbidden
from core.principal import Permission, Principal
from core.storage.database import Database
from core.storage.records import FactRow
from core.storage.repositories.told_facts import ToldFacts, known_to

# Who may speak for the organisation, and take back what others said for it.
SPEAKS_FOR_ALL = Permission.USAGE_READ


@dataclass(frozen=True, slots=True)
class KeptNotebook:
    """`principal` is the person at the door; nothing else can write here."""

    database: Database
    principal: Principal
    thread_id: str = ""

    async def known(self) -> Sequence[ToldFact]:
        async with self.database.reading() as reading:
            rows = await known_to(reading, self.principal.subject)
        return [
            ToldFact(one.id, one.text, one.subject, one.created_at, one.scope == "organisation")
            for one in rows
        ]

    async def keep(self, text: str, *, everybody: bool) -> None:
        if everybody and not self.principal.may(SPEAKS_FOR_ALL):
            raise SENTENCES.error(Forbidden, "not_for_everybody")
        scope, subject = "organisation" if everybody else "user", self.principal.subject
        fact = FactRow(str(uuid4()), scope, subject, text, self.thread_id, utc_now())
        async with self.database.session() as session:
            await ToldFacts(session).add(fact)

    async def forget(self, fact_id: str) -> None:
        may_manage = self.principal.may(SPEAKS_FOR_ALL)
        async with self.database.session() as session:
            await ToldFacts(session).delete(
                fact_id, subject=self.principal.subject, may_manage=may_manage
            )
