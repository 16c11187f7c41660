"""Coming in and going out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel, Field

from api.dependencies import SESSION_COOKIE, Caller, Current, Opened, same_origin
from api.problems import MEDIA_TYPE
from api.sent import Sent
from core.errors import TooMany, Unauthenticated
from core.principal import Principal
from core.security.signin import Grant
from core.security.signin import counted as counted_name
from core.settings import Cluster

router = APIRouter(tags=["sign-in"])

SPENT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Midwatch</title>
<p>This sign-in link was used already, or is too old: a link works once, and for {minutes} minutes.</p>
<p>Where Midwatch runs, <code>midwatch users link NAME</code> prints a new one (without a name, for the
administrator), and so does starting it again with <code>midwatch up</code>. Or
<a href="/">sign in with a password</a>. MIDWATCH_LOGIN_LINK_TTL says how long a link holds.</p>
<div lang="zh"><p>此登录链接已使用过，或已过期：每个链接只能使用一次，有效期 {minutes} 分钟。</p>
<p>在运行 Midwatch 的机器上执行 <code>midwatch users link NAME</code> 可获得新链接（不给名字即管理员的链接），
重新执行 <code>midwatch up</code> 也会打印一个；也可以<a href="/">用密码登录</a>。
链接的有效期由 MIDWATCH_LOGIN_LINK_TTL 设定。</p></div></html>"""


SPENT_OR_PROBLEM: dict[str, Any] = {
    "text/html": {},
    MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
}


class TokenPair(BaseModel):
    access_token: str
    refresh_token: str = Field(description="Works once; the answer brings the next one.")
    token_type: str = Field(default="bearer")
    expires_in: int = Field(description="Seconds that the access token holds.")


class Refresh(Sent):
    refresh_token: str = Field(min_length=1, max_length=500)


class Credentials(Sent):
    username: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1024)


class Me(BaseModel):
    subject: str
    roles: list[str]
    permissions: list[str]
    namespaces: list[str] | None = Field(description="null: every namespace.")
    language: str
    edition: dict[str, Any] = Field(description="Practice cluster or live, and the model in use.")


class AtProvider(BaseModel):
    label: str = Field(description="What the button says.")
    address: str = Field(description="Where the button leads.")


class Ways(BaseModel):
    password: bool
    provider: AtProvider | None = Field(description="null: none is set up.")


@router.post("/auth/token", operation_id="issueToken")
async def issue_token(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], request: Request, current: Current
) -> TokenPair:
    """Exchange a name and a password for an access token (OAuth2 password form)."""
    return _pair(await _by_password(request, current, form.username, form.password))


@router.post("/auth/refresh", operation_id="refreshToken")
async def refresh_token(body: Refresh, current: Current) -> TokenPair:
    """Exchange a refresh token for a new pair. Used twice, it ends the whole session."""
    return _pair(await current.sign_in.by_refresh_token(body.refresh_token))


@router.post("/auth/session", operation_id="openSession")
async def open_session(
    body: Credentials, request: Request, response: Response, current: Current
) -> Me:
    """Sign the page in by name and password: sets the session cookie."""
    same_origin(request)
    grant = await _by_password(request, current, body.username, body.password)
    set_cookie(response, request, grant, current)
    return _me(grant.principal, current)


@router.get(
    "/login",
    operation_id="followLoginLink",
    response_class=RedirectResponse,
    status_code=303,
    responses={401: {"description": "The link does not hold.", "content": SPENT_OR_PROBLEM}},
)
async def follow_login_link(token: str, request: Request, current: Current) -> Response:
    """Sign the page in by a one-time link, then show it."""
    try:
        grant = await current.sign_in.by_link(token)
    except Unauthenticated:
        await noted_sign_in(current, "unknown", "link", "refused")
        policy = {"Content-Security-Policy": "default-src 'none'"}
        minutes = f"{current.settings.login_link_ttl.total_seconds() / 60:.3g}"
        return HTMLResponse(SPENT.format(minutes=minutes), status_code=401, headers=policy)
    await noted_sign_in(current, grant.principal.subject, "link", "ok")
    response = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
    set_cookie(response, request, grant, current)
    return response


@router.get("/auth/ways", operation_id="waysToSignIn")
async def ways_to_sign_in(current: Current) -> Ways:
    """How the page can be signed in; nobody has to be, to ask."""
    oidc = current.settings.oidc
    provider = AtProvider(label=oidc.shown_as, address="/auth/oidc/login")
    return Ways(password=True, provider=provider if oidc.configured else None)


@router.get("/auth/me", operation_id="whoAmI")
async def who_am_i(principal: Caller, current: Current) -> Me:
    """Who you are, and what you may do."""
    return _me(principal, current)


@router.post("/auth/logout", operation_id="signOut", status_code=204)
async def sign_out(
    request: Request,
    response: Response,
    current: Current,
    refresh_token: Annotated[str, Form(max_length=500)] = "",
) -> None:
    """End the session of the cookie, or the one that a refresh token belongs to."""
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if cookie:
        same_origin(request)
    for secret in (cookie, refresh_token):
        if secret:
            await current.sign_in.sign_out(secret)
    response.delete_cookie(SESSION_COOKIE, path="/")


async def _by_password(request: Request, current: Opened, name: str, password: str) -> Grant:
    """Tries are counted by name, right or wrong, so that none is found out by trying."""
    counted = current.pace.take({"password": name.casefold()[:200]})
    request.state.rate_headers = counted.headers()
    if counted.wait_s:
        await noted_sign_in(current, name[:200], "password", "too_many")
    counted.check()
    try:
        grant = await current.sign_in.by_password(name, password)
    except Unauthenticated:
        shut = counted_name(name) in await current.sign_in.shut()
        await noted_sign_in(
            current, name[:200], "password", "refused_and_shut" if shut else "refused"
        )
        raise
    except TooMany:
        await noted_sign_in(current, name[:200], "password", "shut")
        raise
    await noted_sign_in(current, grant.principal.subject, "password", "ok")
    return grant


async def noted_sign_in(
    current: Opened, subject: str, way: str, outcome: str, **detail: object
) -> None:
    await current.audit.record(
        subject=subject, action="auth.sign_in", target=way, outcome=outcome, detail=detail
    )


def _pair(grant: Grant) -> TokenPair:
    return TokenPair(
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        expires_in=grant.expires_in_s,
    )


def set_cookie(response: Response, request: Request, grant: Grant, current: Opened) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        grant.refresh_token,
        max_age=int(current.settings.refresh_token_ttl.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _me(principal: Principal, current: Opened) -> Me:
    settings = current.settings
    return Me(
        subject=principal.subject,
        roles=sorted(principal.roles),
        permissions=sorted(principal.permissions),
        namespaces=None if principal.namespaces is None else sorted(principal.namespaces),
        language=principal.language,
        edition={
            "practice": settings.cluster is Cluster.SANDBOX,
            "provider": settings.llm.provider,
            "model": settings.llm.model,
        },
    )
