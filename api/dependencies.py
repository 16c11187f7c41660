"""What a route may ask for: who is calling, their tools, and what start-up opened."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import APIKeyCookie, HTTPBearer, OAuth2PasswordBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.requests import HTTPConnection

from api.faults import check_names
from api.problems import language_of
from api.sentences import SENTENCES
from core.clock import utc_now
from core.errors import Forbidden, Unauthenticated
from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.security.pacing import Pace
from core.security.permissions import principal_of
from core.security.signin import SignIn
from core.security.tokens import ACCESS_TOKEN_PREFIX, API_TOKEN_PREFIX, hashed
from core.settings import Settings
from core.storage.database import Database
from core.storage.records import ApiTokenRow, RefreshTokenRow, UserRow
from core.storage.repositories.tokens import Tokens, session_of
from core.storage.repositories.users import Users
from core.telemetry import Metrics
from mcp_servers.client import Sessions, Tools

SESSION_COOKIE = "midwatch_session"
# What posts alerts is a machine, and in a storm it must not be turned away; it is bounded by what it may do.
ALERTS = "/api/v1/alerts/"
NATIVE = "/api/v1/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="An access token, an API token that begins with mw_, or the identity provider's.",
)
PASSWORD = OAuth2PasswordBearer("/auth/token", auto_error=False, scheme_name="password")
COOKIE = APIKeyCookie(
    name=SESSION_COOKIE, auto_error=False, scheme_name="session", description="The page's session."
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What start-up opened; it lives as long as the process."""

    settings: Settings
    database: Database
    audit: AuditLog
    metrics: Metrics
    sign_in: SignIn
    sessions: Sessions
    pace: Pace = field(default_factory=Pace)

    async def login_link(self, address: str) -> str:
        """A one-time address that signs the administrator in; makes the account at first."""
        admin = await self.sign_in.ensure_admin()
        return f"{address}/login?token={await self.sign_in.make_link(admin.name)}"


# Dependencies are asynchronous though they wait for nothing: others are run in a thread each.
async def noted(
    current: Opened, principal: Principal, action: str, target: str, **detail: object
) -> None:
    """In the audit trail before anybody is answered."""
    await current.audit.record(
        subject=principal.subject,
        action=action,
        target=target,
        outcome="ok",
        detail=detail,
        at_once=True,
    )


async def opened(request: Request) -> Opened:
    return request.app.state.opened


Current = Annotated[Opened, Depends(opened)]
Reads = Annotated[Literal["en", "zh"], Depends(language_of)]


async def caller(
    request: Request,
    current: Current,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    cookie: Annotated[str | None, Depends(COOKIE)],
    _documented: Annotated[str | None, Depends(PASSWORD)],
) -> Principal:
    """Who is calling. A cookie comes along by itself, so what it does must be asked by our page."""
    if bearer is not None:
        found = await current.sign_in.principal(bearer.credentials)
        paced(request, current.pace, found, bearer.credentials)
        return _asking(request, found)
    if cookie is None:
        raise SENTENCES.error(Unauthenticated, "no_credential")
    if request.method not in SAFE_METHODS:
        same_origin(request)
    found = await of_session(current.database, cookie)
    paced(request, current.pace, found)
    return _asking(request, found)


def _asking(request: Request, principal: Principal) -> Principal:
    """The caller, whose query the route takes; where it takes a permission, that is asked for first."""
    asked = request.query_params
    if asked and not _needs(getattr(request.scope.get("route"), "dependant", None)):
        _check_names(request)
    return principal


def _needs(dependant: Dependant | None) -> bool:
    below = dependant.dependencies if dependant else ()
    return any(isinstance(one.call, Needs) or _needs(one) for one in below)


def _check_names(request: Request) -> None:
    """Other doors are not ours to be strict at, nor is what senders of alerts add to our address."""
    path = request.url.path
    if path.startswith(NATIVE) and not (request.method == "POST" and path.startswith(ALERTS)):
        check_names(request)


def paced(request: Request, pace: Pace, principal: Principal, secret: str = "") -> None:
    """Count a request; its answer says what is left. Raises `TooMany`."""
    if request.method == "POST" and request.url.path.startswith(ALERTS):
        return
    whose = {"user": principal.subject}
    if secret.startswith(API_TOKEN_PREFIX):
        whose["key"] = hashed(secret)
    counted = pace.take(whose)
    request.state.rate_headers = counted.headers()
    counted.check()


Caller = Annotated[Principal, Depends(caller)]


async def of_session(database: Database, secret: str) -> Principal:
    """Whose page session this is. It is read from the database each time, so it ends at once."""
    async with database.reading() as reading:
        found = await session_of(reading, hashed(secret))
    if found is None or not _goes_on(*found):
        raise SENTENCES.error(Unauthenticated, "session_ended")
    return replace(principal_of(found[1]), app="page")


def _goes_on(token: RefreshTokenRow, user: UserRow) -> bool:
    ended = token.revoked_at or token.used_at or token.expires_at <= utc_now()
    return not (ended or user.disabled)


def same_origin(request: HTTPConnection) -> None:
    """Refuse what another site made the browser send. A client that is no browser says neither."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site in {"same-origin", "none"}:
        return
    if site is None and (origin is None or urlsplit(origin).netloc == request.headers.get("host")):
        return
    raise SENTENCES.error(Forbidden, "other_site")


@dataclass(frozen=True)
class Needs:
    """A dependency that gives the caller, if the caller has this permission."""

    permission: Permission

    async def __call__(self, principal: Caller, request: Request, current: Current) -> Principal:
        if principal.may(self.permission):
            _check_names(request)
            return principal
        route = request.scope.get("route")
        await current.audit.record(
            subject=principal.subject,
            action="access.denied",
            target=f"{request.method} {getattr(route, 'path', '')}",
            outcome="forbidden",
            detail={"needs": self.permission.value},
        )
        raise SENTENCES.error(Forbidden, "takes_permission", value=self.permission.value)


def takes(permission: Permission) -> Any:
    """What a route takes, said in its decorator: it is asked for first, and printed in /docs."""
    return Depends(Needs(permission))


Chatter = Annotated[Principal, Depends(Needs(Permission.CHAT_USE))]
Auditor = Annotated[Principal, Depends(Needs(Permission.AUDIT_READ))]
UserManager = Annotated[Principal, Depends(Needs(Permission.USERS_MANAGE))]


async def waking(request: Request) -> Callable[..., None]:
    """Tells the jobs, all or those named, that there is something to do now."""
    return request.app.state.wake


Wake = Annotated[Callable[..., None], Depends(waking)]


async def caller_tools(current: Current, principal: Caller) -> Tools:
    return Tools(current.sessions, principal)


CallerTools = Annotated[Tools, Depends(caller_tools)]


async def in_person(
    current: Current,
    principal: Caller,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
) -> Principal:
    """The caller, `present` where a person acts: by the page, or signed in.

    A provider's token is a program's, and so is an API token, unless its rights were put into it by
    name: then those to decide were meant. A service account has no hand at all.
    """
    return await credited(current, principal, bearer.credentials if bearer else "")


async def credited(current: Opened, principal: Principal, secret: str) -> Principal:
    """`in_person` by what somebody came in with; "": the session of our page."""
    if not secret.startswith(API_TOKEN_PREFIX):
        return replace(principal, present=not secret or secret.startswith(ACCESS_TOKEN_PREFIX))
    async with current.database.session() as session:
        row = await Tokens(session).api_token(hashed(secret))
        user = await Users(session).find(principal.subject)
    person = user is not None and not user.service
    return replace(principal, present=bool(person and row and row.scopes))


InPerson = Annotated[Principal, Depends(in_person)]


def require_presence(principal: Principal) -> None:
    """Raises `Forbidden` for a decision that a program would make in a person's place."""
    if not principal.present:
        raise SENTENCES.error(Forbidden, "own_hand")


async def came_by(
    current: Current, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
) -> ApiTokenRow | None:
    """The API token that somebody came in with; None: they came in otherwise."""
    secret = bearer.credentials if bearer else ""
    if not secret.startswith(API_TOKEN_PREFIX):
        return None
    async with current.database.session() as session:
        return await Tokens(session).api_token(hashed(secret))


CameBy = Annotated[ApiTokenRow | None, Depends(came_by)]


async def hand(current: Current, principal: InPerson) -> Tools:
    """The tools of a person who acts now."""
    require_presence(principal)
    return Tools(current.sessions, principal)


HandTools = Annotated[Tools, Depends(hand)]
