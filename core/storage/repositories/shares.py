"""Which conversations others may read by a link, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid, NotFound
from core.storage.models import Conversation, Share
from core.storage.records import MessageRow
from core.storage.repositories.conversations import THREADS, Conversations
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.sentences import SENTENCES

SHARES = cast("Table", Share.__table__)
SHARE_LIST = Listing(
    {
        "title": THREADS.c.title,
        **{one: SHARES.c[one] for one in ("created_at", "expires_at", "revoked_at")},
    },
    (Key(SHARES.c.created_at, descending=True), Key(SHARES.c.id)),
)
# Of one conversation at a time, still good.
MOST_OPEN = 20


@dataclass(frozen=True, slots=True)
class ShareRow:
    """`namespaces`, `clusters`: all that its owner saw and reached then; None: every one."""

    id: str
    thread_id: str
    title: str
    owner: str
    namespaces: frozenset[str] | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    clusters: frozenset[str] | None = None

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class Shares:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: ShareRow) -> ShareRow:
        """Raises `NotFound` for another's conversation, `Invalid` beyond `MOST_OPEN` of one."""
        thread = await Conversations(self._session).get(row.thread_id, owner=row.owner)
        of_thread = [one for one in await self.of(row.owner) if one.thread_id == row.thread_id]
        if sum(one.is_open(row.created_at) for one in of_thread) >= MOST_OPEN:
            raise SENTENCES.error(Invalid, "many_shares", most=MOST_OPEN)
        kept = Share(
            id=row.id,
            conversation_id=row.thread_id,
            owner=row.owner,
            namespaces=None if row.namespaces is None else sorted(row.namespaces),
            clusters=None if row.clusters is None else sorted(row.clusters),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=None,
        )
        self._session.add(kept)
        await self._session.flush()
        return _row(kept, thread.title)

    async def of(self, owner: str) -> Sequence[ShareRow]:
        """Those of one person, the newest first, ended ones too."""
        return (await self.page(owner)).rows

    async def page(
        self, owner: str, *, sort: str = "", cursor: str = "", limit: int | None = None
    ) -> Part[ShareRow]:
        """The same part by part."""
        query = (
            select(Share, Conversation.title)
            .join(Conversation, Conversation.id == Share.conversation_id)
            .where(Share.owner == owner)
        )
        return await part(
            self._session, query, SHARE_LIST, _row, sort=sort, cursor=cursor, limit=limit
        )

    async def revoke(self, share_id: str, *, owner: str, at: datetime) -> None:
        """Done again it does nothing. Raises `NotFound` for another's too."""
        found = await self._session.get(Share, share_id)
        if found is None or found.owner != owner:
            raise SENTENCES.error(NotFound, "no_share", share_id=share_id)
        found.revoked_at = found.revoked_at or at

    async def opened(
        self, share_id: str, now: datetime
    ) -> tuple[ShareRow, Sequence[MessageRow]] | None:
        """A share that is good, and what was said until it was made; None for any other."""
        found = await self._session.get(Share, share_id)
        if found is None:
            return None
        conversations = Conversations(self._session)
        thread = await conversations.get(found.conversation_id, owner=found.owner)
        row = _row(found, thread.title)
        if not row.is_open(now):
            return None
        messages = await conversations.messages(row.thread_id, owner=row.owner)
        return row, [one for one in messages if one.created_at <= row.created_at]


def _row(kept: Share, title: str) -> ShareRow:
    return ShareRow(
        id=kept.id,
        thread_id=kept.conversation_id,
        title=title,
        owner=kept.owner,
        namespaces=None if kept.namespaces is None else frozenset(kept.namespaces),
        created_at=kept.created_at,
        expires_at=kept.expires_at,
        revoked_at=kept.revoked_at,
        clusters=None if kept.clusters is None else frozenset(kept.clusters),
    )
