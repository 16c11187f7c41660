"""Secrets at rest: AES-256-GCM under keys that can be rotated."""

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Invalid
from core.security.keys import Keys, keys_of
from core.security.sentences import SENTENCES
from core.security.tokens import signing_key
from core.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES, KEY_BYTES = 12, 32
PREFIX = "v1"


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    aead: "AESGCM"


class Vault:
    """Seals with the first key and opens with any. Build it with `Vault.of`; it loads the cipher when used.

    A sealed text is `v1.KEY-ID.BASE64(nonce, ciphertext, tag)`. What it belongs to (`place`) is
    authenticated with it, so that one row's secret opens nothing when it is copied into another.
    """

    def __init__(self, keys: Keys) -> None:
        self._secrets = keys
        self._made: dict[str, _Key] = {}

    @classmethod
    def of(cls, *secrets: str) -> "Vault":
        """Keys from secrets of high entropy: the one in use first, then the ones before it."""
        return cls(Keys(lambda: secrets))

    def _keys(self) -> list[_Key]:
        return [self._key(secret) for secret in self._secrets.all()]

    def _key(self, secret: str) -> _Key:
        if secret not in self._made:
            self._made[secret] = _key(secret)
        return self._made[secret]

    def seal(self, text: str, *, place: str) -> str:
        key, nonce = self._keys()[0], os.urandom(NONCE_BYTES)
        sealed = nonce + key.aead.encrypt(nonce, text.encode(), place.encode())
        return f"{PREFIX}.{key.id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, *, place: str) -> str:
        """Raises `Invalid` when no key opens it, or when it belongs elsewhere."""
        from cryptography.exceptions import InvalidTag

        _, _, rest = sealed.partition(".")
        key_id, _, coded = rest.partition(".")
        known = {key.id: key for key in self._keys()}
        if key_id not in known:
            raise SENTENCES.error(Invalid, "sealed_elsewhere", place=place)
        try:
            raw = base64.urlsafe_b64decode(coded)
            nonce, body = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
            return known[key_id].aead.decrypt(nonce, body, place.encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise SENTENCES.error(Invalid, "seal_broken", place=place) from error

    def is_current(self, sealed: str) -> bool:
        """Whether the key in use sealed it; what is not should be sealed anew."""
        return sealed.split(".")[1:2] == [self._keys()[0].id]


def vault_of(settings: Settings) -> Vault:
    """With the keys that the settings name, else with one of the signing key."""
    return Vault(keys_of(settings.encryption, otherwise=lambda: signing_key(settings)))


def _key(secret: str) -> _Key:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"midwatch secrets at rest").derive(
        secret.encode()
    )
    return _Key(hashlib.sha256(derived).hexdigest()[:8], AESGCM(derived))
