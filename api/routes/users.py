"""Who may come in: users and API tokens."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Caller, Current, UserManager, noted
from api.sent import Sent
from api.sentences import SENTENCES
from core.clock import utc_now
from core.errors import Forbidden, Invalid
from core.principal import Permission, Principal
from core.security.permissions import permissions_of
from core.storage.records import ApiTokenRow, UserRow
from core.storage.repositories.tokens import Tokens
from core.storage.repositories.users import Users

router = APIRouter(prefix="/api/v1", tags=["users and tokens"])


class User(BaseModel):
    name: str
    role: str
    namespaces: list[str] | None = Field(description="null: every namespace.")
    language: str
    disabled: bool
    team: str = Field(description="By which what models cost is told; empty: none.")
    created_at: datetime


class NewUser(Sent):
    name: str = Field(min_length=1, max_length=200)
    role: str = Field(default="user", description="guest, user, manager or admin.")
    password: str = Field(default="", max_length=1024, description="Empty: comes in by link.")
    namespaces: list[str] | None = Field(default=None, description="null: every namespace.")


class UserChange(Sent):
    """Only what is given changes."""

    role: str | None = None
    password: str | None = Field(default=None, max_length=1024)
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


class NewToken(Sent):
    label: str = Field(min_length=1, max_length=200)
    scopes: list[str] | None = Field(default=None, description="Narrow it to these permissions.")
    ttl_days: int | None = Field(default=None, ge=1, le=3650)
    user: str = Field(default="", max_length=200, description="Another user; for administrators.")


class TokenWithSecret(Token):
    token: str = Field(description="The secret. It is shown this once.")


class UserList(BaseModel):
    items: list[User]


class TokenList(BaseModel):
    items: list[Token]


@router.get("/users", operation_id="listUsers")
async def list_users(_manager: UserManager, current: Current) -> UserList:
    """Everybody who may come in."""
    async with current.database.session() as session:
        return UserList(items=[_user(row) for row in await Users(session).all()])


@router.post("/users", operation_id="addUser", status_code=201)
async def add_user(body: NewUser, manager: UserManager, current: Current) -> User:
    """Add a user. Without a password the user comes in by a link."""
    row = await current.sign_in.add_user(
        body.name,
        role=body.role,
        password=body.password,
        namespaces=None if body.namespaces is None else frozenset(body.namespaces),
    )
    await noted(current, manager, "user.add", row.name, role=row.role)
    return _user(row)


@router.patch("/users/{name}", operation_id="changeUser")
async def change_user(name: str, body: UserChange, manager: UserManager, current: Current) -> User:
    """Change a role, a password or a language; disable or enable."""
    if name == manager.subject and (body.disabled or (body.role or "admin") != "admin"):
        raise SENTENCES.error(Invalid, "lock_yourself_out")
    if body.password is not None:
        await current.sign_in.set_password(name, body.password)
    given = body.model_dump(exclude_none=True, exclude={"password"})
    permissions_of(body.role or "user")
    async with current.database.session() as session:
        users = Users(session)
        row = replace(await users.get(name), **given)
        await users.save(row)
    await noted(current, manager, "user.change", name, **given)
    return _user(row)


@router.get("/tokens", operation_id="listTokens")
async def list_tokens(
    principal: Caller,
    current: Current,
    everybody: Annotated[bool, Query(description="Of all users; for administrators.")] = False,
) -> TokenList:
    """API tokens, the newest first; never their secrets."""
    if everybody:
        _manages(principal)
    async with current.database.session() as session:
        rows = await Tokens(session).api_tokens("" if everybody else principal.subject)
    return TokenList(items=[_token(row) for row in rows])


@router.post("/tokens", operation_id="createToken", status_code=201)
async def create_token(body: NewToken, principal: Caller, current: Current) -> TokenWithSecret:
    """Make an API token of your own, never with more rights than you hold."""
    user = body.user or principal.subject
    if user != principal.subject:
        _manages(principal)
    scopes = frozenset(body.scopes) if body.scopes is not None else None
    row, secret = await current.sign_in.make_api_token(
        user,
        label=body.label,
        scopes=_narrowed(scopes, principal, user),
        ttl=timedelta(days=body.ttl_days) if body.ttl_days else None,
    )
    await noted(current, principal, "token.create", row.id, user=user, label=body.label)
    return TokenWithSecret(**_token(row).model_dump(), token=secret)


@router.delete("/tokens/{token_id}", operation_id="revokeToken", status_code=204)
async def revoke_token(token_id: str, principal: Caller, current: Current) -> None:
    """Revoke an API token; administrators may revoke anybody's."""
    own = "" if principal.may(Permission.TOKENS_MANAGE) else principal.subject
    async with current.database.session() as session:
        await Tokens(session).revoke_api_token(token_id, utc_now(), user_name=own)
    await noted(current, principal, "token.revoke", token_id)


def _narrowed(
    scopes: frozenset[str] | None, principal: Principal, user: str
) -> frozenset[str] | None:
    """A caller who came in with a narrow token cannot make a wide one."""
    if user != principal.subject:
        return scopes
    held = frozenset(permission.value for permission in principal.permissions)
    [role] = principal.roles
    whole = frozenset(permission.value for permission in permissions_of(role))
    if scopes is None:
        return None if held == whole else held
    if not scopes <= held:
        raise SENTENCES.error(Forbidden, "more_than_you_hold")
    return scopes


def _manages(principal: Principal) -> None:
    if not principal.may(Permission.TOKENS_MANAGE):
        raise SENTENCES.error(Forbidden, "takes_permission", value=Permission.TOKENS_MANAGE.value)


def _user(row: UserRow) -> User:
    return User(
        name=row.name,
        role=row.role,
        namespaces=None if row.namespaces is None else sorted(row.namespaces),
        language=row.language,
        disabled=row.disabled,
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
    )
