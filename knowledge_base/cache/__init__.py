"""What was worked out before and need not be again: vectors of texts, and answers to questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

# Beyond so many vectors the oldest go; of 1,024 numbers they are 400 MB.
MOST_VECTORS = 200_000
# Beyond so many answers to readers of one kind the oldest go.
MOST_ANSWERS = 500


@dataclass(frozen=True, slots=True)
class Counts:
    vectors: int
    answers: int


class Cache(Protocol):
    """Where such things are kept. All of it raises `UpstreamUnavailable` when it does not answer."""

    def vectors(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Those of the keys that are there."""
        ...

    def keep_vectors(self, made: Mapping[str, bytes]) -> None: ...

    def answers(self, scope: str) -> list[bytes]:
        """All that were kept for readers of a scope, in no order."""
        ...

    def keep_answer(self, scope: str, question: str, answer: bytes) -> None:
        """In the place of the one to the same question."""
        ...

    def forget_answers(self, keep: str = "") -> None:
        """All of them, but those whose scope begins with `keep` when that is given."""
        ...

    def forget_vectors(self) -> None: ...

    def counts(self) -> Counts: ...

    def close(self) -> None: ...
