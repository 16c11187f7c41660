"""Checkpoints in Redis or Valkey: one hash for each conversation, no module needed.

A field is `c NAMESPACE` for a checkpoint, `w NAMESPACE CHECKPOINT TASK INDEX` for a write, `p NAMESPACE ID`
for a part; the words are joined by a character that none of them holds.
"""

# pyright: reportUnknownMemberType=false
# The client's options are untyped.

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import orjson

from agent.memory.shelves import Kept, Part, Place, Write, in_order
from agent.sentences import SENTENCES
from core.errors import Invalid, UpstreamUnavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

PREFIX = "midwatch:memory:"
JOINT = "\x1f"
TIMEOUT_S = 5.0
ATTEMPTS = 20


class InRedis:
    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def read(self, place: Place) -> tuple[Kept, Sequence[Write]] | None:
        async with _our_errors():
            found = await self._redis.hgetall(_key(place.thread))
        fields = cast("Mapping[bytes, bytes]", found)
        body = fields.get(_field("c", place.namespace))
        if body is None:
            return None
        head, rest = _opened(body)
        kept = Kept(head[0], head[1], head[2], rest, head[3].encode())
        mine = _field("w", place.namespace, kept.id, "")
        writes = [_write(field, value) for field, value in fields.items() if field.startswith(mine)]
        return kept, in_order(writes)

    async def parts(self, place: Place) -> Mapping[str, bytes]:
        mine = _field("p", place.namespace, "")
        async with _our_errors():
            found = await self._redis.hgetall(_key(place.thread))
        fields = cast("Mapping[bytes, bytes]", found)
        return {
            field.removeprefix(mine).decode(): value
            for field, value in fields.items()
            if field.startswith(mine)
        }

    async def put(self, place: Place, kept: Kept, parts: Sequence[Part] = ()) -> None:
        key, told = _key(place.thread), kept.metadata.decode()
        packed = _packed([kept.id, kept.parent, kept.kind, told], kept.body)
        async with _our_errors():
            known = cast("Iterable[bytes]", await self._redis.hkeys(key))
            older = [one for one in known if _is_older(one, place.namespace, kept.id)]
            async with self._together() as pipe:
                for one in parts:
                    pipe.hset(key, _field("p", place.namespace, one.id), one.value)
                pipe.hset(key, _field("c", place.namespace), packed)
                if older:
                    pipe.hdel(key, *older)
                await pipe.execute()

    async def put_writes(
        self, place: Place, checkpoint: str, writes: Sequence[Write], *, instead: bool
    ) -> None:
        key = _key(place.thread)
        async with _our_errors(), self._together() as pipe:
            for one in writes:
                field = _field("w", place.namespace, checkpoint, one.task, str(one.index))
                packed = _packed([one.path, one.channel, one.kind], one.value)
                put = pipe.hset if instead else pipe.hsetnx
                put(key, field, packed)
            await pipe.execute()

    async def settle(self, thread: str) -> None:
        """It is kept when `put` comes back."""

    async def drop_inner(self, thread: str) -> None:
        async with _our_errors():
            known = cast("Iterable[bytes]", await self._redis.hkeys(_key(thread)))
            inner = [one for one in known if one.split(JOINT.encode())[1]]
            if inner:
                await self._redis.hdel(_key(thread), *inner)

    async def drop(self, thread: str) -> None:
        async with _our_errors():
            await self._redis.delete(_key(thread))

    def _together(self) -> "Pipeline":
        return self._redis.pipeline(transaction=True)


def _key(thread: str) -> str:
    return PREFIX + thread


def _field(*parts: str) -> bytes:
    return JOINT.join(parts).encode()


def _is_older(field: bytes, namespace: str, checkpoint: str) -> bool:
    parts = field.decode().split(JOINT)
    return parts[:2] == ["w", namespace] and parts[2] < checkpoint


def _packed(head: list[object], body: bytes) -> bytes:
    """One line of JSON, then the bytes."""
    return orjson.dumps(head) + b"\n" + body


def _opened(packed: bytes) -> tuple[list[str], bytes]:
    head, _, body = packed.partition(b"\n")
    return orjson.loads(head), body


def _write(field: bytes, packed: bytes) -> Write:
    _, _, _, task, index = field.decode().split(JOINT)
    (path, channel, kind), value = _opened(packed)
    return Write(task, int(index), path, channel, kind, value)


@asynccontextmanager
async def _our_errors() -> AsyncGenerator[None]:
    """A library's error as a sentence."""
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, OSError) as error:
        raise SENTENCES.error(UpstreamUnavailable, "memory_redis_away", error=str(error)) from error


@asynccontextmanager
async def opened_redis(url: str) -> AsyncGenerator[InRedis]:
    """Raises `Invalid` when the package is missing, `UpstreamUnavailable` when nobody answers."""
    try:
        from redis.asyncio import Redis
    except ImportError as error:
        raise SENTENCES.error(Invalid, "memory_redis_package") from error
    try:
        redis = Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    except ValueError as error:
        raise SENTENCES.error(Invalid, "memory_redis_address", error=str(error)) from error
    try:
        async with _our_errors():
            await redis.ping()
        yield InRedis(redis)
    finally:
        await redis.aclose()
