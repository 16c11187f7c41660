"""Which user somebody from a provider is here, and with which role."""

from collections.abc import Iterable
from typing import cast

from core.clock import utc_now
from core.errors import Conflict, Unauthenticated
from core.security.oidc import Claims, Provider, claim
from core.security.roles import with_role
from core.security.sentences import SENTENCES
from core.settings.oidc import OidcSettings
from core.storage.database import Database
from core.storage.records import UserRow
from core.storage.repositories.identities import Identities
from core.storage.repositories.roles import Roles
from core.storage.repositories.users import Users

MAX_NAME_CHARACTERS = 200


class Admissions:
    """The way in by one provider."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self.provider, self._database = provider, database

    def recognises(self, credential: str) -> bool:
        """Whether it has the shape of a JWT; ours never have."""
        return credential.startswith("eyJ") and credential.count(".") == 2

    async def of_bearer(self, token: str) -> UserRow:
        """Raises `Unauthenticated` for a token that does not hold, and as `admitted` does."""
        return await self.admitted(await self.provider.of_bearer(token))

    async def admitted(self, claims: Claims) -> UserRow:
        """The user of these claims, made at the first time; the groups say the role each time.

        Raises `Unauthenticated` for who has no role here, whose name is another's, or who is disabled.
        """
        try:
            return await self._admitted(claims)
        except Conflict:  # of two requests of a newcomer the other was first
            return await self._admitted(claims)

    async def _admitted(self, claims: Claims) -> UserRow:
        settings = self.provider.settings
        role, issuer, subject = role_of(settings, claims), str(claims["iss"]), str(claims["sub"])
        async with self._database.session() as session:
            users, identities, roles = Users(session), Identities(session), Roles(session)
            known = await identities.user_of(issuer, subject)
            user = await users.find(known or name_of(settings, claims))
            if user is None:
                user = UserRow(name_of(settings, claims), role, utc_now())
                user = await with_role(roles, user, role)
                await users.add(user)
            elif not known:
                await _check_free(user, identities, settings, issuer)
            if not known:
                await identities.link(issuer, subject, user.name, utc_now())
            if user.disabled:
                raise SENTENCES.error(Unauthenticated, "oidc_disabled", name=user.name)
            if user.role != role:
                user = await with_role(roles, user, role)
                await users.save(user)
        return user


async def _check_free(
    user: UserRow, identities: Identities, settings: OidcSettings, issuer: str
) -> None:
    """Raises `Unauthenticated` unless somebody new may come in as a user that there is."""
    taken = user.service or await identities.of_user(user.name, issuer)
    if taken or not settings.link_existing:
        raise SENTENCES.error(Unauthenticated, "oidc_name_taken", name=user.name)


def name_of(settings: OidcSettings, claims: Claims) -> str:
    """What somebody is called here. An address that nobody has confirmed is no name."""
    given = claim(claims, settings.name_claim)
    if settings.name_claim == "email" and claims.get("email_verified") is False:
        given = None
    name = str(given or claims["sub"]).strip()
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise SENTENCES.error(Unauthenticated, "oidc_no_name", claim=settings.name_claim)
    return name


def role_of(settings: OidcSettings, claims: Claims) -> str:
    """The role of the first group, in the settings' order, that somebody is in."""
    told = claim(claims, settings.role_claim)
    groups = {str(one) for one in _several(told)}
    role = next((role for group, role in settings.roles.items() if group in groups), "")
    if not (role or settings.default_role):
        raise SENTENCES.error(Unauthenticated, "oidc_no_role", claim=settings.role_claim)
    return role or settings.default_role


def _several(told: object) -> Iterable[object]:
    """A list, a mapping whose keys are the roles, or names with blanks or commas between."""
    if isinstance(told, str):
        return told.replace(",", " ").split()
    return cast("Iterable[object]", told) if isinstance(told, Iterable) else ()
