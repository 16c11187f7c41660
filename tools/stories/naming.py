"""Names, uids and digests that look random and are always the same."""

import hashlib
from uuid import UUID

# What Kubernetes draws generated suffixes from: no vowels, no look-alikes.
SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def _hash(parts: tuple[object, ...]) -> bytes:
    return hashlib.sha256("/".join(map(str, parts)).encode()).digest()


def letters(count: int, *parts: object) -> str:
    return "".join(SAFE_LETTERS[byte % len(SAFE_LETTERS)] for byte in _hash(parts)[:count])


def uid(*parts: object) -> str:
    return str(UUID(bytes=_hash(parts)[:16], version=4))


def digest(*parts: object) -> str:
    return _hash(parts).hex()


def number(limit: int, *parts: object) -> int:
    """A whole number from 0 up to, not including, `limit`."""
    return int.from_bytes(_hash(parts)[:4]) % limit
