"""A cache in Redis, for all services over one base; it needs no module for search."""

from collections.abc import Mapping, Sequence

from knowledge_base.cache import MOST_ANSWERS, MOST_VECTORS, Counts
from knowledge_base.index.redis_wire import Wire

# Answers that nobody asks for any more go by themselves.
ANSWERS_LIVE_S = 30 * 24 * 3600


class RedisCache:
    """All keys begin with `root`. What is over the bounds goes at random."""

    def __init__(self, url: str, root: str) -> None:
        self._wire = Wire(url)
        self._vectors, self._answers = f"{root}:cache:vectors", f"{root}:cache:answers"

    def close(self) -> None:
        self._wire.close()

    def vectors(self, keys: Sequence[str]) -> dict[str, bytes]:
        if not keys:
            return {}
        told: list[bytes | None] = self._wire.ask("HMGET", self._vectors, *keys)
        return {key: one for key, one in zip(keys, told, strict=True) if one is not None}

    def keep_vectors(self, made: Mapping[str, bytes]) -> None:
        if made:
            self._wire.ask("HSET", self._vectors, *(part for pair in made.items() for part in pair))
            self._bounded(self._vectors, MOST_VECTORS)

    def answers(self, scope: str) -> list[bytes]:
        return list(self._wire.ask("HVALS", self._key(scope)))

    def keep_answer(self, scope: str, question: str, answer: bytes) -> None:
        key = self._key(scope)
        self._wire.ask_all(
            [
                ("SADD", self._answers, scope),
                ("HSET", key, question, answer),
                ("EXPIRE", key, ANSWERS_LIVE_S),
            ]
        )
        self._bounded(key, MOST_ANSWERS)

    def forget_answers(self, keep: str = "") -> None:
        for scope in self._scopes():
            if not keep or not scope.startswith(keep):
                self._wire.ask_all([("DEL", self._key(scope)), ("SREM", self._answers, scope)])

    def forget_vectors(self) -> None:
        self._wire.ask("DEL", self._vectors)

    def counts(self) -> Counts:
        asked = [("HLEN", self._key(scope)) for scope in self._scopes()]
        vectors, *answers = self._wire.ask_all([("HLEN", self._vectors), *asked])
        return Counts(vectors, sum(answers))

    def _scopes(self) -> list[str]:
        return sorted(one.decode() for one in self._wire.ask("SMEMBERS", self._answers))

    def _bounded(self, key: str, most: int) -> None:
        over = self._wire.ask("HLEN", key) - most
        if over > 0:
            self._wire.ask("HDEL", key, *self._wire.ask("HRANDFIELD", key, over))

    def _key(self, scope: str) -> str:
        return f"{self._answers}:{scope}"
