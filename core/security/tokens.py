"""Access tokens that are signed, and secrets that are only kept as hashes."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from core.clock import utc_now
from core.errors import Invalid, Unauthenticated
from core.security.sentences import SENTENCES
from core.settings import Cluster, Settings

# A token says what it is, so that people and scanners recognise it.
API_TOKEN_PREFIX = "mw_"  # noqa: S105 - a prefix
ACCESS_TOKEN_PREFIX = "mws_"  # noqa: S105 - a prefix
SECRET_BYTES = 32

# Who a token is for. One for the web API opens no tool server, and the other way round.
API = "midwatch:api"
TOOLS = "midwatch:tools"


def new_secret(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def new_id() -> str:
    return secrets.token_hex(8)


def hashed(secret: str) -> str:
    """SHA-256 is enough for secrets of 256 random bits; a password needs `passwords`."""
    return hashlib.sha256(secret.encode()).hexdigest()


def signing_key(settings: Settings) -> str:
    """The key of this installation. For practice it is made once and kept in the data folder."""
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value()
    if settings.cluster is Cluster.LIVE:
        raise SENTENCES.error(Invalid, "signing_key_missing")
    return _kept_key(settings.data_dir / "signing-key")


def sealing_key(settings: Settings) -> str:
    """The key that seals approvals: of the signing key, or one kept beside the database.

    Unlike the signing key it opens no door, so that a command line needs no setting for it.
    """
    if settings.signing_key is None:
        return _kept_key(settings.data_dir / "sealing-key")
    key = settings.signing_key.get_secret_value().encode()
    return hmac.new(key, b"midwatch:seals", hashlib.sha256).hexdigest()


def _kept_key(path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(new_secret())
        except FileExistsError:
            pass
        return path.read_text().strip()
    except OSError as error:
        raise SENTENCES.error(
            Invalid, "signing_key_unwritable", path=str(path), error=str(error.strerror)
        ) from error


@dataclass(frozen=True, slots=True)
class Session:
    """What an access token says: whose it is and of which sign-in. What they may is looked up."""

    subject: str
    session: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Issues and verifies access tokens with one symmetric key (HMAC-SHA-256).

    Only Midwatch reads them, so they are no JWTs: there is no algorithm to choose, and a signature
    for one audience is none for another, because the audience is part of the key.
    """

    key: str

    def issue(self, subject: str, *, ttl: timedelta, session: str = "", audience: str = API) -> str:
        """`session` is the sign-in that it was given to, and ends with."""
        claims = {
            "sub": subject,
            "sid": session,
            "exp": int((utc_now() + ttl).timestamp()),
        }
        return f"{ACCESS_TOKEN_PREFIX}{self._for(audience).dumps(claims)}"

    def verify(self, token: str, *, audience: str = API) -> "Session":
        """Raises `Unauthenticated` for anything but a token of ours, for `audience`, in time."""
        try:
            claims = self._for(audience).loads(token.removeprefix(ACCESS_TOKEN_PREFIX))
            said, left_s = Session(claims["sub"], claims["sid"]), _left_s(claims)
        except (BadData, ValueError, TypeError, KeyError) as error:
            raise SENTENCES.error(Unauthenticated, "access_token_ended") from error
        if left_s <= 0:
            raise SENTENCES.error(Unauthenticated, "access_token_ended")
        return said

    def _for(self, audience: str) -> URLSafeSerializer:
        hmac_sha256 = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeSerializer(self.key, salt=audience, signer_kwargs=hmac_sha256)


def _left_s(claims: Mapping[str, Any]) -> float:
    return claims["exp"] - utc_now().timestamp()
