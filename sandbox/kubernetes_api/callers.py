"""Who is asking: the bearer token, and whom its holder acts as.

Whoever reaches the port without a token is the admin, as behind `kubectl proxy`: over plain HTTP,
kubectl and other clients of its family send no token. To be somebody else, they impersonate.
"""

import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers

from sandbox.kubernetes_api.access import Access, Wish, forbidden
from sandbox.kubernetes_api.calls import Caller
from sandbox.kubernetes_api.statuses import Refusal, unauthorized

ADMIN = Caller("admin", ("system:masters", "system:authenticated"))
_ANONYMOUS = "system:anonymous"

_SERVICE_ACCOUNT = "system:serviceaccount:"
_EXTRA = "impersonate-extra-"


def caller_of(headers: Headers, tokens: Mapping[str, Caller], access: Access) -> Caller:
    """The user that the request acts as. Refused for an unknown token or a forbidden disguise."""
    return _impersonated(_signed_in(headers.get("authorization", ""), tokens), headers, access)


def _signed_in(authorization: str, tokens: Mapping[str, Caller]) -> Caller:
    if not authorization:
        return ADMIN
    scheme, _, told = authorization.partition(" ")
    for token, caller in tokens.items():
        if scheme.lower() == "bearer" and secrets.compare_digest(told.encode(), token.encode()):
            return caller
    raise unauthorized()


def _impersonated(caller: Caller, headers: Headers, access: Access) -> Caller:
    user = _read(headers.get("impersonate-user", ""))
    groups = [_read(one) for one in headers.getlist("impersonate-group")]
    if not user:
        if groups or headers.get("impersonate-uid"):
            message = "requested impersonation without a user"
            raise Refusal(400, "BadRequest", message)
        return caller
    for wish in _disguises(user, groups):
        if not access.allows(caller, wish):
            raise forbidden(caller, wish)
    extra: dict[str, tuple[str, ...]] = {
        name.removeprefix(_EXTRA): tuple(headers.getlist(name))
        for name in headers
        if name.startswith(_EXTRA)
    }
    return Caller(user, _all_groups(user, groups), headers.get("impersonate-uid", ""), extra)


def _read(value: str) -> str:
    """As Go reads a header: UTF-8, where Starlette took each byte for a letter."""
    return value.encode("latin-1").decode("utf-8", errors="replace")


def _disguises(user: str, groups: list[str]) -> list[Wish]:
    if user.startswith(_SERVICE_ACCOUNT):
        namespace, _, name = user.removeprefix(_SERVICE_ACCOUNT).partition(":")
        who = Wish("impersonate", "", "serviceaccounts", namespace, name)
    else:
        who = Wish("impersonate", "", "users", name=user)
    return [who, *(Wish("impersonate", "", "groups", name=group) for group in groups)]


def _all_groups(user: str, groups: list[str]) -> tuple[str, ...]:
    implied = ["system:authenticated"] if user != _ANONYMOUS else ["system:unauthenticated"]
    if user.startswith(_SERVICE_ACCOUNT):
        namespace = user.removeprefix(_SERVICE_ACCOUNT).partition(":")[0]
        implied = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", *implied]
    return tuple(dict.fromkeys([*groups, *implied]))
