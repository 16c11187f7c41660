"""Who may come in: users and API tokens."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from api.dependencies import (
    Caller,
    CameBy,
    Current,
    InPerson,
    Opened,
    UserManager,
    noted,
    require_presence,
)
from api.listing import Cursor, Limit, sort_by
from api.sent import IfMatch, Sent, check_match, tag_of
from api.sentences import SENTENCES
from core.clock import utc_now
from core.errors import Forbidden, Invalid
from core.principal import Permission, Principal
from core.security.passwords import hash_password
from core.security.permissions import ASKING, check_over, check_within, principal_of
from core.security.roles import with_role
from core.security.sentences import SENTENCES as REFUSALS
from core.security.signin import counted
from core.storage.records import ApiTokenRow, UserRow
from core.storage.repositories.roles import Roles
from core.storage.repositories.tokens import Tokens
from core.storage.repositories.users import Users

router = APIRouter(prefix="/api/v1", tags=["users and tokens"])
Name = Annotated[str, Path(max_length=200)]


class User(BaseModel):
    name: str
    role: str
    namespaces: list[str] | None = Field(description="null: every namespace.")
    language: str
    disabled: bool
    service: bool = Field(description="A program: it has API tokens, no password and no link.")
    shut_until: datetime | None = Field(
        default=None, description="No password is looked at until then: too many were wrong."
    )
    team: str = Field(description="By which what models cost is told; empty: none.")
    created_at: datetime


class NewUser(Sent):
    name: str = Field(min_length=1, max_length=200)
    role: str = Field(
        default="user", max_length=16, description="guest, user, manager, admin or one of your own."
    )
    password: str = Field(default="", max_length=1024, description="Empty: comes in by link.")
    namespaces: list[str] | None = Field(default=None, description="null: every namespace.")
    service: bool = Field(default=False, description="A program, which comes in by API tokens.")


class UserChange(Sent):
    """Only what is given changes."""

    role: str | None = Field(default=None, max_length=16)
    namespaces: list[str] | None = Field(default=None, description="Left out: as they are.")
    password: str | None = Field(default=None, min_length=1, max_length=1024)
    disabled: bool | None = None
    language: str | None = Field(default=None, pattern="auto|en|zh")
    team: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]*$", max_length=63)


class Token(BaseModel):
    id: str
    user: str
    label: str
    scopes: list[str] | None = Field(description="null: all that its user may.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    made_by: str = Field(description="The token that made it, which takes it along; empty: none.")


class NewToken(Sent):
    label: str = Field(min_length=1, max_length=200)
    scopes: list[str] | None = Field(default=None, description="Narrow it to these permissions.")
    ttl_days: int | None = Field(default=None, ge=1, le=3650)
    user: str = Field(default="", max_length=200, description="Another user; for administrators.")


class TokenWithSecret(Token):
    token: str = Field(description="The secret. It is shown this once.")


class UserList(BaseModel):
    items: list[User]
    next_cursor: str = Field(description="Goes on after the last item; empty at the end.")


class TokenList(BaseModel):
    items: list[Token]
    next_cursor: str = Field(description="Goes on after the last item; empty at the end.")


@router.get("/users", operation_id="listUsers")
async def list_users(
    _manager: UserManager,
    current: Current,
    sort: Annotated[str, sort_by("name role team language disabled service created_at")] = "",
    cursor: Cursor = "",
    limit: Limit = None,
) -> UserList:
    """Everybody who may come in."""
    shut = await current.sign_in.shut()
    async with current.database.session() as session:
        found = await Users(session).page(sort=sort, cursor=cursor, limit=limit)
    return UserList(items=[_user(row, shut) for row in found.rows], next_cursor=found.cursor)


@router.get("/users/{name}", operation_id="getUser")
async def get_user(name: Name, _manager: UserManager, current: Current, response: Response) -> User:
    """One user, with the ETag to change them by."""
    shut = await current.sign_in.shut()
    async with current.database.session() as session:
        found = _user(await Users(session).get(name), shut)
    response.headers["ETag"] = tag_of(found)
    return found


@router.post("/users", operation_id="addUser", status_code=201)
async def add_user(body: NewUser, manager: UserManager, current: Current, person: InPerson) -> User:
    """Add a user. Without a password the user comes in by a link.

    Who signs in with a password acts in person, so it takes a person's hand to give one.
    """
    if body.password and not body.service:
        require_presence(person)
    row = await current.sign_in.add_user(
        body.name,
        role=body.role,
        password=body.password,
        namespaces=None if body.namespaces is None else frozenset(body.namespaces),
        service=body.service,
        maker=manager,
    )
    await noted(current, manager, "user.add", row.name, role=row.role, service=row.service)
    return _user(row)


@router.patch("/users/{name}", operation_id="changeUser")
async def change_user(
    name: Name,
    body: UserChange,
    manager: UserManager,
    current: Current,
    response: Response,
    person: InPerson,
    if_match: IfMatch = "",
) -> User:
    """Change a role, namespaces, a password or a language; disable or enable.

    Nobody changes who may more than themselves, or makes somebody who may. A password takes a
    person's hand.
    """
    if name == manager.subject and (body.disabled or body.role not in (None, *manager.roles)):
        raise SENTENCES.error(Invalid, "lock_yourself_out")
    given = body.model_dump(exclude_none=True, exclude={"password"})
    kept = {"password_hash": await hash_password(body.password)} if body.password else {}
    shut = await current.sign_in.shut()
    async with current.database.session() as session:
        old = await Users(session).held(name)
        check_match(if_match, _user(old, shut))
        check_over(manager, old)
        if kept and not old.service:
            require_presence(person)
        row = await _changed(Roles(session), old, {**given, **kept})
        check_over(manager, row)
        await Users(session).save(row)
    if kept:
        await current.sign_in.unlock(name)
    told = {**given, "password": "new"} if kept else given
    await noted(current, manager, "user.change", name, **told)
    found = _user(row, await current.sign_in.shut())
    response.headers["ETag"] = tag_of(found)
    return found


@router.post("/users/{name}/unlock", operation_id="unlockUser", status_code=204)
async def unlock_user(name: Name, manager: UserManager, current: Current) -> None:
    """Let passwords be tried again after too many wrong ones."""
    if await current.sign_in.unlock(name):
        await noted(current, manager, "user.unlock", name)


async def _changed(roles: Roles, user: UserRow, given: dict[str, Any]) -> UserRow:
    role = given.get("role", user.role)
    if user.service and "password_hash" in given:
        raise REFUSALS.error(Invalid, "service_password")
    if "namespaces" in given:
        given = {**given, "namespaces": frozenset(given["namespaces"])}
    return await with_role(roles, replace(user, **given), role)


@router.get("/tokens", operation_id="listTokens")
async def list_tokens(
    principal: Caller,
    current: Current,
    everybody: Annotated[bool, Query(description="Of all users; for administrators.")] = False,
    sort: Annotated[str, sort_by("user label created_at expires_at last_used_at revoked_at")] = "",
    cursor: Cursor = "",
    limit: Limit = None,
) -> TokenList:
    """API tokens, the newest first; never their secrets."""
    if everybody:
        _manages(principal)
    async with current.database.session() as session:
        found = await Tokens(session).api_token_page(
            "" if everybody else principal.subject, sort=sort, cursor=cursor, limit=limit
        )
    return TokenList(items=[_token(row) for row in found.rows], next_cursor=found.cursor)


@router.post("/tokens", operation_id="createToken", status_code=201)
async def create_token(
    body: NewToken, principal: InPerson, current: Current, by: CameBy
) -> TokenWithSecret:
    """Make an API token of your own, never with more rights than you hold, nor for longer.

    One that a token makes is revoked with it.
    Rights that decide take your own hand to name: with them a token acts in a person's place.
    """
    user = body.user or principal.subject
    if user != principal.subject:
        _manages(principal)
    named = frozenset(body.scopes) if body.scopes is not None else None
    scopes = await _narrowed(named, principal, user, current)
    row, secret = await current.sign_in.make_api_token(
        user,
        label=body.label,
        scopes=scopes,
        ttl=timedelta(days=body.ttl_days) if body.ttl_days else None,
        by=by,
    )
    await noted(current, principal, "token.create", row.id, user=user, label=body.label)
    return TokenWithSecret(**_token(row).model_dump(), token=secret)


@router.delete("/tokens/{token_id}", operation_id="revokeToken", status_code=204)
async def revoke_token(token_id: str, principal: Caller, current: Current) -> None:
    """Revoke an API token, and with it those that it made; administrators may revoke anybody's."""
    own = "" if principal.may(Permission.TOKENS_MANAGE) else principal.subject
    async with current.database.session() as session:
        ended = await Tokens(session).revoke_api_token(token_id, utc_now(), user_name=own)
    for one in revocations(token_id, ended):
        await noted(current, principal, "token.revoke", **one)


def revocations(token_id: str, ended: Iterable[str]) -> list[dict[str, str]]:
    """What the audit trail has of each: the one that was named first, then those that it takes along."""
    others = [one for one in ended if one != token_id]
    return [{"target": token_id}, *({"target": one, "made_by": token_id} for one in others)]


async def _narrowed(
    scopes: frozenset[str] | None, principal: Principal, user: str, current: Opened
) -> frozenset[str] | None:
    """A caller who came in with a narrow token, or has a narrow role, cannot make a wide one."""
    async with current.database.session() as session:
        row = await Users(session).get(user)
    if not row.service and not (scopes or frozenset()) <= _values(ASKING):
        require_presence(principal)
    whole = _values(principal_of(row).permissions)
    if user != principal.subject:
        granted = whole if scopes is None else whole & scopes
        theirs = principal_of(row)
        check_within(principal, granted, theirs.namespaces, theirs.clusters)
        return scopes
    held = _values(principal.permissions)
    if scopes is None:
        return None if held == whole else held
    if not scopes <= held:
        raise SENTENCES.error(Forbidden, "more_than_you_hold")
    return scopes


def _values(permissions: frozenset[Permission]) -> frozenset[str]:
    return frozenset(one.value for one in permissions)


def _manages(principal: Principal) -> None:
    if not principal.may(Permission.TOKENS_MANAGE):
        raise SENTENCES.error(Forbidden, "takes_permission", value=Permission.TOKENS_MANAGE.value)


def _user(row: UserRow, shut: Mapping[str, datetime] = {}) -> User:
    return User(
        name=row.name,
        role=row.role,
        namespaces=None if row.namespaces is None else sorted(row.namespaces),
        language=row.language,
        disabled=row.disabled,
        service=row.service,
        shut_until=shut.get(counted(row.name)),
        team=row.team,
        created_at=row.created_at,
    )


def _token(row: ApiTokenRow) -> Token:
    return Token(
        id=row.id,
        user=row.user_name,
        label=row.label,
        scopes=None if row.scopes is None else sorted(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        made_by=row.made_by,
    )
