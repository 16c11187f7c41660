"""Whose call this is: set by the client, or carried by the verified token of the request."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier

from core.errors import Forbidden
from core.principal import Principal
from mcp_servers.sentences import SENTENCES

Verify = Callable[[str], Awaitable[Principal | None]]

_principal: ContextVar[Principal | None] = ContextVar("midwatch_principal", default=None)


def caller() -> Principal:
    """The verified caller of the running tool. Raises `Forbidden` when there is none."""
    principal = _principal.get() or _from_token()
    if principal is None:
        raise SENTENCES.error(Forbidden, "no_identity")
    return principal


@contextmanager
def acting_as(principal: Principal) -> Generator[None]:
    """For the length of one call in this process, the caller is `principal`."""
    token = _principal.set(principal)
    try:
        yield
    finally:
        _principal.reset(token)


class Bearer(TokenVerifier):
    """Hands the SDK's HTTP layer a verified token that holds the `Principal` itself.

    A claim that came over the wire is JSON and can never be one, so nobody can claim to be
    somebody: only what `verify` returned counts.
    """

    def __init__(self, verify: Verify, resource: str) -> None:
        self._verify, self._resource = verify, resource

    async def verify_token(self, token: str) -> AccessToken | None:
        principal = await self._verify(token)
        if principal is None:
            return None
        return AccessToken(
            token=token,
            client_id=principal.subject,
            subject=principal.subject,
            scopes=sorted(principal.permissions),
            resource=self._resource,
            claims={"principal": principal},
        )


def _from_token() -> Principal | None:
    token = get_access_token()
    principal = (token.claims or {}).get("principal") if token else None
    return principal if isinstance(principal, Principal) else None
