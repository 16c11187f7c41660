"""Signing the page in at a provider of identities; there only where one is set up."""

import html
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import BaseModel

from api.dependencies import Current, Opened
from api.problems import KINDS
from api.routes.auth import noted_sign_in, set_cookie
from core.errors import OpsError, Unauthenticated
from core.security.admission import Admissions
from core.security.oidc import Flow
from core.security.sentences import SENTENCES
from core.security.signin import Grant
from core.security.tokens import signing_key

router = APIRouter(tags=["sign-in"])

PLACE = "/auth/oidc"
FLOW_COOKIE = "midwatch_sign_in"
# How long somebody may take at the provider.
FLOW_S = 600
REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Midwatch</title>
<p>{en} <a href="/">Midwatch</a></p>
<p lang="zh">{zh}<a href="/">Midwatch</a></p></html>"""
# RFC 9728: of the whole service, and of one door below it.
METADATA = "/.well-known/oauth-protected-resource"
Text = Annotated[str, Query(max_length=4096)]


class Resource(BaseModel):
    resource: str
    authorization_servers: list[str]
    scopes_supported: list[str]
    bearer_methods_supported: list[str]
    resource_name: str


@router.get(f"{PLACE}/login", operation_id="signInAtProvider", response_class=RedirectResponse)
async def sign_in_at_provider(request: Request, current: Current) -> Response:
    """Send the browser to the identity provider."""
    flow, provider = Flow.new(), _admissions(request).provider
    try:
        address = await provider.address(flow, redirect_uri=_back(request))
    except OpsError as error:
        return _refused(error)
    response = RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
    # Lax, not strict: the way back begins at the provider's site.
    response.set_cookie(
        FLOW_COOKIE,
        _sealer(current).dumps([flow.state, flow.nonce, flow.verifier]),
        max_age=FLOW_S,
        path=PLACE,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.get(
    f"{PLACE}/callback", operation_id="comeBackFromProvider", response_class=RedirectResponse
)
async def come_back_from_provider(
    request: Request,
    current: Current,
    code: Text = "",
    state: Text = "",
    iss: Text = "",
    error: Text = "",
) -> Response:
    """Where the provider sends the browser back to; signs the page in and shows it."""
    answer = {"code": code, "state": state, "error": error, **({"iss": iss} if iss else {})}
    try:
        grant = await _grant(request, current, answer)
    except OpsError as refused:
        await noted_sign_in(current, "unknown", "oidc", "refused", why=refused.reason)
        response = _refused(refused)
    else:
        await noted_sign_in(current, grant.principal.subject, "oidc", "ok")
        response = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
        set_cookie(response, request, grant, current)
    response.delete_cookie(FLOW_COOKIE, path=PLACE)
    return response


@router.get(METADATA, operation_id="protectedResource")
@router.get(f"{METADATA}/{{door:path}}", operation_id="protectedResourceAt")
async def protected_resource(request: Request, current: Current, door: str = "") -> Resource:
    """Where a client gets a token for this service (RFC 9728), as clients of MCP look it up."""
    oidc = current.settings.oidc
    return Resource(
        resource=f"{base_of(request)}/{door}".rstrip("/"),
        authorization_servers=[await _admissions(request).provider.issuer()],
        scopes_supported=list(oidc.scopes),
        bearer_methods_supported=["header"],
        resource_name="Midwatch",
    )


def metadata_address(request: Request) -> str:
    """What an answer 401 names, so that a client finds where to get a token."""
    return f"{base_of(request)}{METADATA}{request.url.path.rstrip('/')}"


def base_of(request: Request) -> str:
    """As it is known outside."""
    told = request.app.state.opened.settings.server.public_url
    return told or str(request.base_url).rstrip("/")


async def _grant(request: Request, current: Opened, answer: dict[str, str]) -> Grant:
    try:
        kept = _sealer(current).loads(request.cookies.get(FLOW_COOKIE, ""), max_age=FLOW_S)
    except BadData as error:
        raise SENTENCES.error(Unauthenticated, "oidc_begun_elsewhere") from error
    admissions, back = _admissions(request), _back(request)
    claims = await admissions.provider.claims(Flow(*kept), answer, redirect_uri=back)
    return await current.sign_in.admit(await admissions.admitted(claims))


def _admissions(request: Request) -> Admissions:
    return request.app.state.admissions


def _back(request: Request) -> str:
    """As it is registered at the provider."""
    return f"{base_of(request)}{PLACE}/callback"


def _sealer(current: Opened) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_key(current.settings), salt="midwatch:sign-in")


def _refused(error: OpsError) -> Response:
    """A page, since a person is looking at it."""
    told = {one: html.escape(error.told(one)) for one in ("en", "zh")}
    policy = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}
    status = KINDS[error.code].status
    return HTMLResponse(REFUSED.format(**told), status_code=status, headers=policy)
