"""Coming in: by password, one-time link, refresh token, API token or the word of a provider."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import utc_now
from core.errors import Invalid, TooMany, Unauthenticated
from core.principal import Principal
from core.security.passwords import hash_password, is_password
from core.security.permissions import check_over, check_scopes, principal_of
from core.security.roles import with_role
from core.security.sentences import SENTENCES
from core.security.tokens import (
    ACCESS_TOKEN_PREFIX,
    API,
    API_TOKEN_PREFIX,
    Session,
    Signer,
    hashed,
    new_id,
    new_secret,
)
from core.settings import Settings
from core.storage.database import Database
from core.storage.records import ApiTokenRow, RefreshTokenRow, UserRow
from core.storage.repositories.roles import Roles
from core.storage.repositories.tokens import Tokens, user_of_session
from core.storage.repositories.users import Users
from core.storage.repositories.wrong_passwords import WrongPasswords

if TYPE_CHECKING:
    from core.security.admission import Admissions

# When a token was last used is for people; a row a minute is near enough and costs no write a call.
LAST_USED_RESOLUTION = timedelta(minutes=1)
# Guesses of names that were left alone for so long are no longer kept.
FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in gives. `refresh_token` works once; `expires_in_s` is the access token's."""

    principal: Principal
    access_token: str
    refresh_token: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Lifetimes:
    access: timedelta = timedelta(minutes=15)
    refresh: timedelta = timedelta(days=14)
    link: timedelta = timedelta(minutes=10)

    shut: timedelta = timedelta(minutes=15)
    # Wrong passwords in a row before a name is shut; 0: never.
    wrong_passwords: int = 10

    @classmethod
    def of(cls, settings: Settings) -> "Lifetimes":
        return cls(
            settings.access_token_ttl,
            settings.refresh_token_ttl,
            settings.login_link_ttl,
            settings.rates.shut_for,
            settings.rates.wrong_passwords,
        )


class SignIn:
    """Every method opens its own short session, so that a refusal is kept too."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        lifetimes: Lifetimes | None = None,
        admissions: "Admissions | None" = None,
    ) -> None:
        self._database, self._signer, self._admissions = database, signer, admissions
        self._lifetimes = lifetimes or Lifetimes()

    async def principal(self, credential: str) -> Principal:
        """Who carries this bearer credential: an API token, an access token, or the provider's."""
        if credential.startswith(API_TOKEN_PREFIX):
            return await self._by_api_token(credential)
        if self._admissions and self._admissions.recognises(credential):
            return replace(
                principal_of(await self._admissions.of_bearer(credential)), app="provider"
            )
        if not credential.startswith(ACCESS_TOKEN_PREFIX):
            raise SENTENCES.error(Unauthenticated, "token_of_others")
        return await self._by_access_token(self._signer.verify(credential, audience=API))

    async def by_password(self, name: str, password: str) -> Grant:
        """One sentence for an unknown name and a wrong password, after the same time.

        Raises `Unauthenticated`, and `TooMany` for a name that is shut, whosever it is.
        """
        async with self._database.session() as session:
            await _check_open(WrongPasswords(session), name)
            user = await Users(session).find(name)
        matches = await is_password(password, user.password_hash if user else "")
        if user is None or not matches or user.disabled:
            await self._count_wrong(name)
            raise SENTENCES.error(Unauthenticated, "wrong_password")
        async with self._database.session() as session:
            await WrongPasswords(session).forget(counted(name))
            return await self._grant(Tokens(session), user, family=new_id())

    async def _count_wrong(self, name: str) -> None:
        """The one that is too many still reads as wrong, and shuts the door behind it."""
        most, now, key = self._lifetimes.wrong_passwords, utc_now(), counted(name)
        if not most:
            return
        async with self._database.session() as session:
            wrong = WrongPasswords(session)
            if await wrong.count(key, now, since=now - self._lifetimes.shut) >= most:
                await wrong.shut(key, now + self._lifetimes.shut)
            await wrong.forget_before(now - FORGOTTEN_AFTER)

    async def by_link(self, code: str) -> Grant:
        """Raises `Unauthenticated` for a link that was used, has expired or never was."""
        async with self._database.session() as session:
            tokens = Tokens(session)
            name = await tokens.use_login_link(hashed(code), utc_now())
            user = await Users(session).find(name) if name else None
            if user and not user.disabled:
                return await self._grant(tokens, user, family=new_id())
        raise SENTENCES.error(Unauthenticated, "link_used")

    async def admit(self, user: UserRow) -> Grant:
        """A session for a user whom `Admissions` let in just now."""
        async with self._database.session() as session:
            return await self._grant(Tokens(session), user, family=new_id())

    async def by_refresh_token(self, refresh_token: str) -> Grant:
        """A new pair for an old refresh token. Used twice, it ends the whole session."""
        async with self._database.session() as session:
            tokens = Tokens(session)
            found = await tokens.refresh_token(hashed(refresh_token))
            if found and await self._rotates(tokens, found, hashed(refresh_token)):
                user = await Users(session).get(found.user_name)
                if not user.disabled:
                    return await self._grant(tokens, user, family=found.family)
        raise SENTENCES.error(Unauthenticated, "session_ended")

    async def sign_out(self, refresh_token: str) -> None:
        """End the session that this token belongs to; an unknown one changes nothing."""
        async with self._database.session() as session:
            tokens = Tokens(session)
            found = await tokens.refresh_token(hashed(refresh_token))
            if found:
                await tokens.revoke_family(found.family, utc_now())

    async def make_link(self, user_name: str) -> str:
        """The code of a link that signs `user_name` in once. Raises `NotFound`."""
        code, now = new_secret(), utc_now()
        async with self._database.session() as session:
            user = await Users(session).get(user_name)
            if user.service:
                raise SENTENCES.error(Invalid, "service_password")
            await Tokens(session).add_login_link(
                hashed(code),
                user_name=user.name,
                created_at=now,
                expires_at=now + self._lifetimes.link,
            )
        return code

    async def make_api_token(
        self,
        user_name: str,
        *,
        label: str,
        scopes: frozenset[str] | None = None,
        ttl: timedelta | None = None,
        by: ApiTokenRow | None = None,
    ) -> tuple[ApiTokenRow, str]:
        """A new API token and its secret, which is shown now or never.

        One made `by` another ends no later, and with it. Raises `Unauthenticated` where that has ended.
        """
        if scopes is not None:
            check_scopes(scopes)
        secret, now = new_secret(API_TOKEN_PREFIX), utc_now()
        async with self._database.session() as session:
            user, tokens = await Users(session).get(user_name), Tokens(session)
            held = await tokens.held_api_token(by.id) if by else None
            if by and not (held and _holds(held, now)):
                raise SENTENCES.error(Unauthenticated, "token_unknown")
            ends = [one for one in (now + ttl if ttl else None, by and by.expires_at) if one]
            token = ApiTokenRow(
                id=new_id(),
                user_name=user.name,
                label=label,
                scopes=scopes,
                created_at=now,
                expires_at=min(ends, default=None),
                made_by=by.id if by else "",
            )
            await tokens.add_api_token(token, hashed=hashed(secret))
        return token, secret

    async def add_user(
        self,
        name: str,
        *,
        role: str = "user",
        password: str = "",
        namespaces: frozenset[str] | None = None,
        service: bool = False,
        maker: Principal | None = None,
    ) -> UserRow:
        """Without a password the user comes in by link, and a `service` by API tokens alone.

        Raises `Conflict` when the name is taken, `Forbidden` where it may more than its `maker`.
        """
        if not name.strip() or len(name) > 200:
            raise SENTENCES.error(Invalid, "user_name")
        if service and password:
            raise SENTENCES.error(Invalid, "service_password")
        kept = await hash_password(password) if password else ""
        user = UserRow(
            name.strip(), role, utc_now(), namespaces, password_hash=kept, service=service
        )
        async with self._database.session() as session:
            user = await with_role(Roles(session), user, role)
            if maker:
                check_over(maker, user)
            await Users(session).add(user)
        return user

    async def unlock(self, name: str) -> bool:
        """Let passwords of that name be tried again. False when it was not shut."""
        async with self._database.session() as session:
            user = await Users(session).get(name)
            return await WrongPasswords(session).forget(counted(user.name))

    async def shut(self) -> Mapping[str, datetime]:
        """The names that are shut now, as `counted` writes them, and until when."""
        async with self._database.session() as session:
            return await WrongPasswords(session).all_shut(utc_now())

    async def ensure_admin(self, name: str = "admin") -> UserRow:
        """An administrator: the named one, else the first by name; made when there are no users at all.

        Raises `NotFound` where nobody is one any more.
        """
        async with self._database.session() as session:
            users = Users(session)
            known = await users.all()
            if not known:
                await users.add(UserRow(name, "admin", utc_now()))
                return await users.get(name)
            admins = [one for one in known if one.role == "admin" and not one.disabled]
            named = [one for one in admins if one.name == name]
            return next(iter(named or admins), None) or await users.get(name)

    async def _by_api_token(self, secret: str) -> Principal:
        now = utc_now()
        async with self._database.session() as session:
            tokens = Tokens(session)
            token = await tokens.api_token(hashed(secret))
            user = await Users(session).find(token.user_name) if token else None
            if token is None or user is None or user.disabled or not _holds(token, now):
                raise SENTENCES.error(Unauthenticated, "token_unknown")
            if token.last_used_at is None or now - token.last_used_at > LAST_USED_RESOLUTION:
                await tokens.api_token_used(token.id, now)
        return replace(principal_of(user, scopes=token.scopes), app=f"key:{token.label}"[:200])

    async def _by_access_token(self, token: Session) -> Principal:
        """It holds as long as its session goes on, with the rights that its user has now."""
        async with self._database.reading() as reading:
            user = await user_of_session(reading, token.session, utc_now())
        if user is None or user.name != token.subject or user.disabled:
            raise SENTENCES.error(Unauthenticated, "session_ended")
        return replace(principal_of(user), app="sign-in")

    async def _rotates(self, tokens: Tokens, found: RefreshTokenRow, kept_hash: str) -> bool:
        now = utc_now()
        if found.revoked_at or found.expires_at <= now:
            return False
        if await tokens.use_refresh_token(kept_hash, now):
            return True
        # The honest owner and a thief both hold it, and which is which cannot be told.
        await tokens.revoke_family(found.family, now)
        return False

    async def _grant(self, tokens: Tokens, user: UserRow, *, family: str) -> Grant:
        """In the caller's session: an old token is spent exactly when the new one exists."""
        refresh_token, now = new_secret(), utc_now()
        kept = RefreshTokenRow(family, user.name, now, now + self._lifetimes.refresh)
        await tokens.add_refresh_token(kept, hashed=hashed(refresh_token))
        principal = principal_of(user)
        return Grant(
            principal=principal,
            access_token=self._signer.issue(user.name, session=family, ttl=self._lifetimes.access),
            refresh_token=refresh_token,
            expires_in_s=int(self._lifetimes.access.total_seconds()),
        )


def counted(name: str) -> str:
    """Tries are counted together however a name is written."""
    return name.strip().casefold()[:200]


async def _check_open(wrong: WrongPasswords, name: str) -> None:
    now = utc_now()
    until = await wrong.shut_until(counted(name), now)
    if until:
        minutes = math.ceil((until - now) / timedelta(minutes=1))
        raise SENTENCES.error(TooMany, "shut", minutes=minutes)


def _holds(token: ApiTokenRow, now: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)
