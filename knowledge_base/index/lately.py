"""What was read of an index lately, so that it is not read again until something is written."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Lately(Generic[Key, Value]):
    """At most `most` values of one version of an index, those read last; of another version nothing is left.

    Several threads may use it: each sees the values of the version that it asks for.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: tuple[object, dict[Key, Value]] = (None, {})

    def of(
        self,
        version: object,
        keys: Iterable[Key],
        read: Callable[[Sequence[Key]], Iterable[Value]],
    ) -> dict[Key, Value]:
        """The values of these keys, in their order; `read` gives those that are not here, in theirs."""
        if self._kept[0] != version:
            self._kept = (version, {})
        kept, wanted = self._kept[1], list(dict.fromkeys(keys))
        found = {key: kept[key] for key in wanted if key in kept}
        missing = [key for key in wanted if key not in found]
        new = dict(zip(missing, read(missing), strict=True)) if missing else {}
        kept.update(new)
        for oldest in list(kept)[: max(len(kept) - self._most, 0)]:
            kept.pop(oldest, None)
        return {key: new[key] if key in new else found[key] for key in wanted}
