"""API tokens, refresh tokens and login links, each known by the hash of its secret."""

from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.errors import NotFound
from core.storage.models import ApiToken, LoginLink, RefreshToken
from core.storage.records import ApiTokenRow, RefreshTokenRow, SessionRow, UserRow
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.repositories.users import COLUMNS, GRANTED, ROLES, USERS, user_row
from core.storage.sentences import SENTENCES

REFRESH = cast("Table", RefreshToken.__table__)
API = cast("Table", ApiToken.__table__)
TOKEN_LIST = Listing(
    {
        "user": API.c.user_name,
        **{
            one: API.c[one]
            for one in ("label", "created_at", "expires_at", "last_used_at", "revoked_at")
        },
    },
    (Key(API.c.created_at, descending=True), Key(API.c.id)),
)
TOKEN = ("family", "user_name", "created_at", "expires_at", "used_at", "revoked_at")
SESSION = (
    select(*(REFRESH.c[one] for one in TOKEN), *COLUMNS)
    .join_from(REFRESH, USERS, USERS.c.name == REFRESH.c.user_name)
    .outerjoin(ROLES, GRANTED)
    .where(REFRESH.c.hash == bindparam("hash"))
)
# Whose a session is that goes on: its one token that was not used yet says so.
ON = (
    select(*COLUMNS)
    .join_from(REFRESH, USERS, USERS.c.name == REFRESH.c.user_name)
    .outerjoin(ROLES, GRANTED)
    .where(REFRESH.c.family == bindparam("family"), REFRESH.c.expires_at > bindparam("at"))
    .where(REFRESH.c.used_at.is_(None), REFRESH.c.revoked_at.is_(None))
)


async def session_of(
    reading: AsyncConnection, hashed: str
) -> tuple[RefreshTokenRow, UserRow] | None:
    """A token with whose it is, in one statement: every request of a page asks this."""
    found = (await reading.execute(SESSION, {"hash": hashed})).first()
    if found is None:
        return None
    token, user = found[: len(TOKEN)], found[len(TOKEN) :]
    return RefreshTokenRow(*token), user_row(*user)


async def user_of_session(reading: AsyncConnection, family: str, at: datetime) -> UserRow | None:
    """Whose session this is; None for one that has ended. Programs ask it with every request."""
    found = (await reading.execute(ON, {"family": family, "at": at})).first()
    return user_row(*found) if found else None


class Tokens:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_api_token(self, token: ApiTokenRow, *, hashed: str) -> None:
        scopes = None if token.scopes is None else sorted(token.scopes)
        await self._session.execute(
            insert(ApiToken).values(
                id=token.id,
                user_name=token.user_name,
                label=token.label,
                hash=hashed,
                scopes=scopes,
                created_at=token.created_at,
                expires_at=token.expires_at,
                made_by=token.made_by,
            )
        )

    async def held_api_token(self, token_id: str) -> ApiTokenRow | None:
        """As it is now; nobody revokes it before this session ends."""
        # A write of what is there, as `Users.held` does it.
        same = update(ApiToken).where(ApiToken.id == token_id).values(label=ApiToken.label)
        await self._session.execute(same)
        found = await self._session.scalar(select(ApiToken).where(ApiToken.id == token_id))
        return _api_token(found) if found else None

    async def api_token(self, hashed: str) -> ApiTokenRow | None:
        found = await self._session.scalar(select(ApiToken).where(ApiToken.hash == hashed))
        return _api_token(found) if found else None

    async def api_tokens(self, user_name: str = "") -> list[ApiTokenRow]:
        """Of one user, or of all; the newest first."""
        return list((await self.api_token_page(user_name)).rows)

    async def api_token_page(
        self, user_name: str = "", *, sort: str = "", cursor: str = "", limit: int | None = None
    ) -> Part[ApiTokenRow]:
        """The same part by part."""
        query = select(ApiToken)
        if user_name:
            query = query.where(ApiToken.user_name == user_name)
        return await part(
            self._session, query, TOKEN_LIST, _api_token, sort=sort, cursor=cursor, limit=limit
        )

    async def api_token_used(self, token_id: str, at: datetime) -> None:
        used = update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=at)
        await self._session.execute(used)

    async def revoke_api_token(
        self, token_id: str, at: datetime, *, user_name: str = ""
    ) -> list[str]:
        """With all that it made, and these made; the ids of those that it ends.

        `user_name` restricts the token, not what it made, to that user's own. Raises `NotFound`.
        """
        known = select(API.c.id).where(API.c.id == token_id)
        if user_name:
            known = known.where(API.c.user_name == user_name)
        if await self._session.scalar(known) is None:
            raise SENTENCES.error(NotFound, "no_token", token_id=token_id)
        line = known.cte("line", recursive=True)
        line = line.union(select(API.c.id).join(line, API.c.made_by == line.c.id))
        ended = update(API).where(API.c.id.in_(select(line.c.id)), API.c.revoked_at.is_(None))
        fall, found = ended.values(revoked_at=at).returning(API.c.id), list[str]()
        # One that was being made while the first look waited for its maker is seen by the next.
        while fell := list(await self._session.scalars(fall)):
            found += fell
        return sorted(found)

    async def add_refresh_token(self, token: RefreshTokenRow, *, hashed: str) -> None:
        await self._session.execute(
            insert(RefreshToken).values(
                hash=hashed,
                family=token.family,
                user_name=token.user_name,
                created_at=token.created_at,
                expires_at=token.expires_at,
            )
        )

    async def refresh_token(self, hashed: str) -> RefreshTokenRow | None:
        found = await self._session.get(RefreshToken, hashed)
        return _refresh_token(found) if found else None

    async def use_refresh_token(self, hashed: str, at: datetime) -> bool:
        """False when somebody else used it first."""
        used = (
            update(RefreshToken)
            .where(RefreshToken.hash == hashed, RefreshToken.used_at.is_(None))
            .values(used_at=at)
        )
        found = await self._session.execute(used.returning(RefreshToken.hash))
        return found.first() is not None

    async def revoke_family(self, family: str, at: datetime) -> None:
        revoked = update(RefreshToken).where(RefreshToken.family == family)
        await self._session.execute(revoked.values(revoked_at=at))

    async def sessions(self, at: datetime, *, user_name: str = "") -> list[SessionRow]:
        """Those that go on, of one user or of all; the newest sign-in first."""
        began = func.min(RefreshToken.created_at)
        first = select(RefreshToken.family, began.label("at")).group_by(RefreshToken.family)
        begun = first.subquery()
        query = (
            select(RefreshToken, begun.c.at)
            .join(begun, begun.c.family == RefreshToken.family)
            .where(*_goes_on(at))
            .order_by(begun.c.at.desc(), RefreshToken.family)
        )
        if user_name:
            query = query.where(RefreshToken.user_name == user_name)
        return [
            SessionRow(row.family, row.user_name, began_at, row.created_at, row.expires_at)
            for row, began_at in await self._session.execute(query)
        ]

    async def end_sessions(
        self, at: datetime, *, user_name: str = "", family: str = "", but: str = ""
    ) -> list[str]:
        """End those of a user, or the one `family`, except `but`; the ids of those that went on."""
        chosen = select(RefreshToken.family).where(*_goes_on(at), RefreshToken.family != but)
        if user_name:
            chosen = chosen.where(RefreshToken.user_name == user_name)
        if family:
            chosen = chosen.where(RefreshToken.family == family)
        ended = sorted(set(await self._session.scalars(chosen)))
        revoked = update(RefreshToken).where(RefreshToken.family.in_(ended))
        await self._session.execute(revoked.values(revoked_at=at))
        return ended

    async def add_login_link(
        self, hashed: str, *, user_name: str, created_at: datetime, expires_at: datetime
    ) -> None:
        await self._session.execute(
            insert(LoginLink).values(
                hash=hashed, user_name=user_name, created_at=created_at, expires_at=expires_at
            )
        )

    async def use_login_link(self, hashed: str, at: datetime) -> str:
        """The user it was made for; "" when it is unknown, expired or used. Only the first wins."""
        used = (
            update(LoginLink)
            .where(LoginLink.hash == hashed, LoginLink.used_at.is_(None), LoginLink.expires_at > at)
            .values(used_at=at)
            .returning(LoginLink.user_name)
        )
        return await self._session.scalar(used) or ""

    async def forget_expired(self, before: datetime) -> None:
        """Remove refresh tokens and links that have not held since `before`."""
        await self._session.execute(delete(RefreshToken).where(RefreshToken.expires_at < before))
        spent = or_(LoginLink.expires_at < before, LoginLink.used_at < before)
        await self._session.execute(delete(LoginLink).where(spent))


def _goes_on(at: datetime) -> tuple[ColumnElement[bool], ...]:
    """The one token of a session that has not been used yet."""
    unused = RefreshToken.used_at.is_(None)
    return unused, RefreshToken.revoked_at.is_(None), RefreshToken.expires_at > at


def _api_token(token: ApiToken) -> ApiTokenRow:
    return ApiTokenRow(
        id=token.id,
        user_name=token.user_name,
        label=token.label,
        scopes=None if token.scopes is None else frozenset(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked_at=token.revoked_at,
        made_by=token.made_by,
    )


def _refresh_token(token: RefreshToken) -> RefreshTokenRow:
    return RefreshTokenRow(
        family=token.family,
        user_name=token.user_name,
        created_at=token.created_at,
        expires_at=token.expires_at,
        used_at=token.used_at,
        revoked_at=token.revoked_at,
    )
