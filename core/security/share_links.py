"""Links to one conversation: signed, so that none can be guessed or made up, and good until a moment."""

import hashlib
from datetime import UTC, datetime
from typing import Any, cast

from itsdangerous import BadData, URLSafeSerializer

# Never the same signature as that of a token to come in by: the salt is part of the key.
SALT = "midwatch:shares"


def signed(key: str, share_id: str, expires_at: datetime) -> str:
    """What stands in the link. It says nothing but which share it is of, and until when."""
    return _serializer(key).dumps([share_id, int(expires_at.timestamp())])


def share_of(key: str, link: str, now: datetime) -> str | None:
    """The share a link is of; None for what is not ours, or has ended."""
    try:
        share_id, until = cast("tuple[Any, Any]", _serializer(key).loads(link))
        over = datetime.fromtimestamp(until, UTC) <= now
    except (BadData, ValueError, TypeError):
        return None
    return None if over else str(share_id)


def _serializer(key: str) -> URLSafeSerializer:
    hmac_sha256 = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(key, salt=SALT, signer_kwargs=hmac_sha256)
