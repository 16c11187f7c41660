"""A provider of identities, at which people sign in."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from core.settings.groups import Group, HttpUrl
from core.settings.library import NoDecode
from core.settings.sentences import Unusable

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _roles(value: Any) -> Any:
    """`sre=admin,platform=manager` → which group gives which role, in the order they are looked for."""
    if not isinstance(value, str):
        return value
    pairs = [one.strip().rpartition("=") for one in value.split(",") if one.strip()]
    if any(not group.strip() or not role.strip() for group, _, role in pairs):
        raise Unusable("group_role")
    return {group.strip(): role.strip() for group, _, role in pairs}


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(one for one in re.split(r"[,\s]+", value) if one)
    return value


class OidcSettings(Group):
    """Found by `issuer`, which describes itself (OpenID Connect Discovery). Off without one.

    `roles`: what a group of `role_claim` makes of somebody, the first that fits; `default_role`
    without one that does; "" refuses them. `audiences`: whom bearer tokens of the provider may be
    for; none: `client_id` alone. `link_existing`: who comes in under the name of a user that there
    is, and whom nobody came in as from there, is that user.
    """

    issuer: HttpUrl = ""
    client_id: str = Field(default="", max_length=500)
    client_secret: SecretStr = SecretStr("")
    label: str = Field(default="", max_length=60)
    scopes: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = (
        *("openid", "profile", "email"),
    )
    name_claim: str = Field(default="preferred_username", min_length=1, max_length=200)
    role_claim: str = Field(default="groups", min_length=1, max_length=200)
    roles: Annotated[Mapping[str, str], NoDecode, BeforeValidator(_roles)] = {}
    default_role: str = Field(default="", max_length=16)
    audiences: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    link_existing: bool = False

    @property
    def configured(self) -> bool:
        return bool(self.issuer)

    @property
    def shown_as(self) -> str:
        """What the button says."""
        return self.label or str(urlsplit(self.issuer).hostname)

    @model_validator(mode="after")
    def somebody_can_come_in(self) -> Self:
        if not self.configured:
            return self
        if not self.client_id:
            raise Unusable("needs", name="MIDWATCH_OIDC__ISSUER", other="MIDWATCH_OIDC__CLIENT_ID")
        if not self.roles and not self.default_role:
            raise Unusable("nobody_comes_in")
        if "openid" not in self.scopes:
            raise Unusable("no_openid")
        if not is_safe(self.issuer):
            raise Unusable("issuer_https")
        return self


def is_safe(url: str) -> bool:
    """https, or this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and parts.hostname in LOOPBACK
