"""The one connection to Redis of a knowledge base: commands out, answers or our errors back."""

# pyright: reportUnknownMemberType=false
# The client's options are untyped.

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, cast

from core.errors import Invalid, UpstreamUnavailable
from knowledge_base.sentences import SENTENCES

TIMEOUT_S, CONNECT_TIMEOUT_S = 10.0, 3.0
# Commands that are sent in one go where they need not be one change.
BATCH = 200


class Changed(Exception):
    """What was watched is another one now."""


class Missing(Exception):
    """There is no such search index; any more, or with this setting of Redis."""


class Wire:
    """Plain commands, since an index needs few. Raises `UpstreamUnavailable` when nobody answers."""

    def __init__(self, url: str) -> None:
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise SENTENCES.error(Invalid, "redis_package") from error
        try:
            self._redis = Redis.from_url(
                url,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=CONNECT_TIMEOUT_S,
                # A connection that was closed while idle is opened again, once and at once.
                retry=Retry(NoBackoff(), 1),
                protocol=2,
            )
        except ValueError as error:
            raise SENTENCES.error(Invalid, "redis_address", why=str(error)) from error

    def ask(self, *command: Any) -> Any:
        with _our_errors():
            return cast("Any", self._redis.execute_command(*command))

    def ask_all(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The answers to commands that are sent together; others may come in between."""
        with _our_errors():
            pipe = self._redis.pipeline(transaction=False)
            for command in commands:
                pipe.execute_command(*command)
            return pipe.execute()

    def send(self, commands: Iterable[Sequence[Any]], meanwhile: Callable[[], None]) -> None:
        """Commands by the batch; `meanwhile` is called after each."""
        batch: list[Sequence[Any]] = []
        for command in commands:
            batch.append(command)
            if len(batch) == BATCH:
                self.ask_all(batch)
                meanwhile()
                batch = []
        if batch:
            self.ask_all(batch)

    def change(
        self, watched: Sequence[str], still: Callable[[], bool], commands: Sequence[Any]
    ) -> None:
        """All commands as one change. Raises `Changed` unless `still`, and when one of the `watched`
        keys was written to since."""
        from redis.exceptions import WatchError

        with _our_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.watch(*watched)
            if not still():
                raise Changed
            pipe.multi()
            for command in commands:
                pipe.execute_command(*command)
            try:
                pipe.execute()
            except WatchError as error:
                raise Changed from error

    def close(self) -> None:
        self._redis.close()


def keys(answer: Any) -> list[bytes]:
    """What FT.SEARCH gave with NOCONTENT, the best first."""
    return cast("list[bytes]", answer)[1:]


def rows(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Keys and fields of what FT.SEARCH gave with RETURN."""
    listed = cast("list[Any]", answer)[1:]
    return [
        (key, dict(zip(told[::2], told[1::2], strict=True)))
        for key, told in zip(listed[::2], listed[1::2], strict=True)
    ]


@contextmanager
def _our_errors() -> Generator[None]:
    """A library's error as a sentence."""
    from redis.exceptions import RedisError, ResponseError

    try:
        yield
    except ResponseError as error:
        told = str(error).lower()
        if "no such index" in told or "unknown index" in told:
            raise Missing from error
        if "unknown command" in told and "ft." in told:
            raise SENTENCES.error(UpstreamUnavailable, "redis_cannot_search") from error
        raise SENTENCES.error(UpstreamUnavailable, "redis_refuses", why=str(error)) from error
    except (RedisError, OSError) as error:
        raise SENTENCES.error(UpstreamUnavailable, "redis_silent", why=str(error)) from error
