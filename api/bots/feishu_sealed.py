"""What Feishu posts: signed over time, a number and the body, and encrypted with the app's own key."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from api.sentences import SENTENCES
from core.errors import Invalid, Unauthenticated

BLOCK_BYTES = 16
# A stamp further off was not made now; Feishu signs anew what it sends again.
OLDEST_S = 3600


def opened(body: bytes, key: str) -> Mapping[str, Any]:
    """What is inside `{"encrypt": …}`. Raises `Invalid` for what this key did not close."""
    try:
        sealed = base64.b64decode(orjson.loads(body)["encrypt"], validate=True)
        told = orjson.loads(_decrypted(sealed, key))
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise SENTENCES.error(Invalid, "feishu_sealed") from error
    if not isinstance(told, dict):
        raise SENTENCES.error(Invalid, "feishu_event")
    return {str(name): value for name, value in told.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def check_signature(
    body: bytes, key: str, *, stamp: str, nonce: str, sign: str, now: datetime
) -> None:
    """Raises `Unauthenticated` for what Feishu did not post, or posted long ago."""
    wanted = hashlib.sha256(f"{stamp}{nonce}{key}".encode() + body).hexdigest()
    fresh = stamp.isdecimal() and abs(now.timestamp() - int(stamp)) <= OLDEST_S
    if not (fresh and hmac.compare_digest(wanted.encode(), sign.encode())):
        raise SENTENCES.error(Unauthenticated, "feishu_signature")


def _decrypted(sealed: bytes, key: str) -> bytes:
    """AES-256-CBC under the digest of the key; the first block is the start value."""
    start, closed = sealed[:BLOCK_BYTES], sealed[BLOCK_BYTES:]
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(start))
    decryptor, unpadder = cipher.decryptor(), PKCS7(8 * BLOCK_BYTES).unpadder()
    padded = decryptor.update(closed) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()
