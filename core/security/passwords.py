"""Passwords, kept as argon2id hashes."""

import asyncio
import functools

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from core.errors import Invalid
from core.security.sentences import SENTENCES

MIN_CHARACTERS = 10
# More would only make hashing slow for everybody else.
MAX_CHARACTERS = 1024

# OWASP's argon2id choice for a machine with little memory: 19 MiB, two passes, one lane.
_HASHER = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)])


async def hash_password(password: str) -> str:
    """Raises `Invalid` when the password is too short or too long."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise SENTENCES.error(
            Invalid, "password_length", min_characters=MIN_CHARACTERS, max_characters=MAX_CHARACTERS
        )
    return await asyncio.to_thread(_HASHER.hash, password)


async def is_password(password: str, hashed: str) -> bool:
    """Takes as long for "", the hash of nobody, so that timing does not tell who exists."""
    if len(password) > MAX_CHARACTERS:
        return False
    matches = await asyncio.to_thread(lambda: _HASHER.verify(password, hashed or _of_nobody()))
    return matches and bool(hashed)


@functools.cache
def _of_nobody() -> str:
    return _HASHER.hash("the hash of a password that nobody has")
