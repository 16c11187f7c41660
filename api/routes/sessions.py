"""Who is signed in, and ending that."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from api.dependencies import SESSION_COOKIE, Caller, Current, Opened, noted
from api.listing import sort_by
from api.sentences import SENTENCES
from core.clock import utc_now
from core.errors import Forbidden, NotFound
from core.ordering import in_order, terms
from core.principal import Permission, Principal
from core.security.tokens import hashed
from core.storage.records import SessionRow
from core.storage.repositories.tokens import Tokens

router = APIRouter(prefix="/api/v1/sessions", tags=["sign-in"])
SORTS_BY = "user began_at renewed_at expires_at this"
Whose = Annotated[str, Query(max_length=200, description="Another user; for who manages them.")]


class Session(BaseModel):
    """One sign-in: of a page, or of a program with a refresh token."""

    id: str
    user: str
    began_at: datetime
    renewed_at: datetime = Field(description="When its newest token was given.")
    expires_at: datetime = Field(description="Unless it is renewed before.")
    this: bool = Field(description="The page that asks.")


class SessionList(BaseModel):
    items: list[Session]


class Ended(BaseModel):
    ended: list[str] = Field(description="The ids of the sessions that went on until now.")


@router.get("", operation_id="listSessions")
async def list_sessions(
    request: Request,
    principal: Caller,
    current: Current,
    user: Whose = "",
    everybody: Annotated[bool, Query(description="Of all users; for who manages them.")] = False,
    sort: Annotated[str, sort_by(SORTS_BY)] = "",
) -> SessionList:
    """Your sessions that go on, the newest sign-in first. API tokens are no sessions."""
    whose = "" if everybody else (user or principal.subject)
    _permit(principal, whose)
    own = await _own(request, current)
    async with current.database.session() as session:
        rows = await Tokens(session).sessions(utc_now(), user_name=whose)
    items = [_session(row, own) for row in rows]
    return SessionList(items=in_order(items, terms(sort, SORTS_BY.split())))


@router.delete("/{session_id}", operation_id="endSession", status_code=204)
async def end_session(
    session_id: Annotated[str, Path(max_length=64)], principal: Caller, current: Current
) -> None:
    """End one, and with it at once the page's cookie or the program's tokens."""
    whose = "" if principal.may(Permission.USERS_MANAGE) else principal.subject
    async with current.database.session() as session:
        ended = await Tokens(session).end_sessions(utc_now(), family=session_id, user_name=whose)
    if not ended:
        raise SENTENCES.error(NotFound, "no_session", session_id=session_id)
    await noted(current, principal, "session.end", session_id)


@router.delete("", operation_id="endSessions")
async def end_sessions(
    request: Request, principal: Caller, current: Current, user: Whose = ""
) -> Ended:
    """End all of your sessions but the one that asks, or all of another user."""
    whose = user or principal.subject
    _permit(principal, whose)
    own = await _own(request, current)
    async with current.database.session() as session:
        ended = await Tokens(session).end_sessions(utc_now(), user_name=whose, but=own)
    for one in ended:
        await noted(current, principal, "session.end", one, user=whose)
    return Ended(ended=ended)


def _session(row: SessionRow, own: str) -> Session:
    return Session(
        id=row.id,
        user=row.user_name,
        began_at=row.began_at,
        renewed_at=row.renewed_at,
        expires_at=row.expires_at,
        this=row.id == own,
    )


def _permit(principal: Principal, whose: str) -> None:
    if whose != principal.subject and not principal.may(Permission.USERS_MANAGE):
        raise SENTENCES.error(Forbidden, "sessions_of_others")


async def _own(request: Request, current: Opened) -> str:
    """The session of the page that asks; "" for a program."""
    secret = request.cookies.get(SESSION_COOKIE, "")
    async with current.database.session() as session:
        found = await Tokens(session).refresh_token(hashed(secret)) if secret else None
    return found.family if found else ""
