"""OpenID Connect, as the one who relies on it: Authorization Code with PKCE, and bearer tokens.

After OpenID Connect Core 1.0 (3.1), Discovery 1.0, RFC 7636 (PKCE, S256 only) and RFC 9207 (`iss`).
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from core.clock import monotonic_s
from core.errors import Unauthenticated, UpstreamUnavailable
from core.http import Client, RequestFailed, Response, client
from core.security.sentences import SENTENCES
from core.settings.oidc import OidcSettings, is_safe

if TYPE_CHECKING:
    from jwt import PyJWK

TIMEOUT_S = 10.0
# How long what the provider says of itself, and its keys, are believed.
BELIEVED_S = 3600.0
# A key nobody knows may be new: ask again, but not for every forged token.
ASK_AGAIN_S = 30.0
# Clocks that differ by so much are taken for the same.
LEEWAY_S = 60
MAX_TOKEN_CHARACTERS = 16_384
# Asymmetric alone: with HMAC a public key would do as a secret, and `none` is no signature.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
# The kind of key that an algorithm takes, by how its name begins.
KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in under way, kept by the browser that began it."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Flow":
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class _Known:
    said: Mapping[str, Any]
    at_s: float


class Provider:
    """One provider. What it says of itself is asked for when it is first needed."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._about: _Known | None = None
        self._keys: _Known | None = None

    async def address(self, flow: Flow, *, redirect_uri: str) -> str:
        """Where to send the browser."""
        about = await self._described()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        place = str(about["authorization_endpoint"])
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    async def issuer(self) -> str:
        """Its name, to the letter."""
        return str((await self._described())["issuer"])

    async def claims(self, flow: Flow, answer: Mapping[str, str], *, redirect_uri: str) -> Claims:
        """Who came back with this answer. Raises `Unauthenticated` saying what does not hold."""
        about = await self._described()
        if not secrets.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise SENTENCES.error(Unauthenticated, "oidc_begun_elsewhere")
        if answer.get("error"):
            raise SENTENCES.error(Unauthenticated, "oidc_refused", why=answer["error"][:80])
        if answer.get("iss", about["issuer"]) != about["issuer"] or not answer.get("code"):
            raise SENTENCES.error(Unauthenticated, "oidc_begun_elsewhere")
        tokens = await self._exchanged(about, answer["code"], flow, redirect_uri)
        claims = await self._checked(str(tokens.get("id_token", "")), (self.settings.client_id,))
        if claims.get("nonce") != flow.nonce:
            raise _not_holding("nonce")
        if claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise _not_holding("azp")
        return await self._completed(about, claims, str(tokens.get("access_token", "")))

    async def of_bearer(self, token: str) -> Claims:
        """Whom a signed token of the provider, for one of our audiences, is of.

        An ID token of a sign-in elsewhere is for its client alone: it holds only where that is us.
        """
        return await self._checked(token, self.settings.audiences or (self.settings.client_id,))

    async def _exchanged(
        self, about: Mapping[str, Any], code: str, flow: Flow, redirect_uri: str
    ) -> Mapping[str, Any]:
        secret = self.settings.client_secret.get_secret_value()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": flow.verifier,
        }
        headers: dict[str, str] = {"Accept": "application/json"}
        ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in ways:
            headers["Authorization"] = _basic(self.settings.client_id, secret)
        else:
            form |= {"client_id": self.settings.client_id}
            form |= {"client_secret": secret} if secret else {}
        async with self._client() as http:
            answered = await _asked(
                http, "POST", about["token_endpoint"], data=form, headers=headers
            )
        if answered.status_code >= 400:
            why = _object(answered).get("error", answered.status_code)
            raise SENTENCES.error(Unauthenticated, "oidc_refused", why=str(why)[:80])
        return _object(answered)

    async def _completed(
        self, about: Mapping[str, Any], claims: Claims, access_token: str
    ) -> Claims:
        """With what only the UserInfo endpoint says, of the same subject."""
        wanted = (self.settings.name_claim, self.settings.role_claim)
        place = about.get("userinfo_endpoint")
        if not place or not access_token or all(claim(claims, one) is not None for one in wanted):
            return claims
        async with self._client() as http:
            headers = {"Authorization": f"Bearer {access_token}"}
            answered = await _asked(http, "GET", place, headers=headers)
        told: Claims = _object(answered) if answered.status_code == 200 else {}
        return {**told, **claims} if told.get("sub") == claims["sub"] else claims

    async def _checked(self, token: str, audiences: tuple[str, ...]) -> Claims:
        import jwt

        if not token or len(token) > MAX_TOKEN_CHARACTERS:
            raise _not_holding("token")
        about = await self._described()
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid", "")), str(header.get("alg", "")))
            return jwt.decode(
                token,
                key.key,
                algorithms=list(ALGORITHMS),
                audience=list(audiences),
                issuer=about["issuer"],
                leeway=LEEWAY_S,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _not_holding(str(error)) from error

    async def _key(self, key_id: str, algorithm: str) -> "PyJWK":
        if algorithm not in ALGORITHMS:
            raise _not_holding(f"alg {algorithm[:20]!r}")
        for oldest_s in (BELIEVED_S, ASK_AGAIN_S):
            self._keys = await self._fresh(self._keys, "jwks_uri", oldest_s=oldest_s)
            keys = _signing(self._keys.said)
            fitting = [one for one in keys if _fits(one, key_id, algorithm)]
            if len(fitting) == 1:
                return fitting[0]
        raise _not_holding("kid")

    async def _described(self) -> Mapping[str, Any]:
        """Its discovery document, which has to be its own, with addresses that are safe."""
        self._about = await self._fresh(self._about, "", oldest_s=BELIEVED_S)
        return self._about.said

    async def _fresh(self, known: _Known | None, named: str, *, oldest_s: float) -> _Known:
        """What is known, or what the provider says now; what is old is better than nothing."""
        if known and monotonic_s() - known.at_s < oldest_s:
            return known
        try:
            async with self._client() as http:
                place = (await self._described())[named] if named else self._well_known
                answered = await _asked(http, "GET", place)
            if answered.status_code != 200:
                raise _away(self.settings.issuer)
            said = _object(answered)
            return _Known(said if named else self._believable(said), monotonic_s())
        except UpstreamUnavailable:
            if known is None:
                raise
            return known

    @property
    def _well_known(self) -> str:
        return f"{self.settings.issuer}/.well-known/openid-configuration"

    def _believable(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        named = str(said.get("issuer", ""))
        places = [str(said.get(f"{one}_endpoint", "")) for one in ("authorization", "token")]
        places.append(str(said.get("jwks_uri", "")))
        if named.rstrip("/") != self.settings.issuer or not all(is_safe(one) for one in places):
            raise SENTENCES.error(
                UpstreamUnavailable, "oidc_says_otherwise", issuer=self.settings.issuer
            )
        return said

    def _client(self) -> Client:
        return client(self.settings.issuer, timeout_s=TIMEOUT_S)


def claim(claims: Claims, path: str) -> Any:
    """A claim by its name, or by a path with dots (`realm_access.roles`); None where there is none."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = cast("Claims", found).get(part) if isinstance(found, Mapping) else None
    return found


def _signing(said: Mapping[str, Any]) -> list["PyJWK"]:
    """The keys to check signatures with; kinds that nobody here knows are passed over."""
    import jwt

    found: list[PyJWK] = []
    for one in said.get("keys", []):
        with suppress(jwt.PyJWTError):
            found.append(jwt.PyJWK(one))
    return [one for one in found if one.public_key_use in (None, "sig") and one.key_type != "oct"]


def _fits(key: "PyJWK", key_id: str, algorithm: str) -> bool:
    return key.key_type == KINDS[algorithm[:2]] and (not key_id or key.key_id == key_id)


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749 2.3.1: both are encoded as in a form before."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


async def _asked(http: Client, method: str, url: str, **more: Any) -> Response:
    try:
        return await http.request(method, url, **more)
    except RequestFailed as error:
        raise _away(url) from error


def _object(answered: Response) -> Mapping[str, Any]:
    try:
        said = answered.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise _away(str(answered.url))
    return cast("Mapping[str, Any]", said)


def _away(where: str) -> UpstreamUnavailable:
    place = where.partition("?")[0]
    return SENTENCES.error(UpstreamUnavailable, "oidc_away", where=place)


def _not_holding(why: str) -> Unauthenticated:
    return SENTENCES.error(Unauthenticated, "oidc_token", why=why[:120])
