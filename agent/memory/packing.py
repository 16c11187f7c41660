"""Messages as they are kept. Each is packed once, and kept once, however many steps hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeGuard, cast
from weakref import ref

import ormsgpack
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.serde.base import SerializerProtocol

from agent.memory.shelves import Part

DIGEST_BYTES = 12
# The kind of a value that is a list of packed messages; other kinds are the serializer's.
MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Divided:
    """The values of a checkpoint: `rest` as they are, of lists of messages what they consist of."""

    rest: dict[str, Any]
    lists: dict[str, list[Part]]

    @property
    def ids(self) -> dict[str, list[str]]:
        return {name: [one.id for one in parts] for name, parts in self.lists.items()}


class Packing:
    """Remembers the packed form of messages that are still alive; nobody changes one that is."""

    def __init__(self, serde: SerializerProtocol) -> None:
        self._serde = serde
        self._known: dict[int, tuple[ref[BaseMessage], Part]] = {}

    @property
    def remembered(self) -> int:
        return len(self._known)

    def divided(self, values: Mapping[str, Any]) -> Divided:
        lists = {name: value for name, value in values.items() if _is_messages(value)}
        return Divided(
            {name: value for name, value in values.items() if name not in lists},
            {name: [self._part(one) for one in messages] for name, messages in lists.items()},
        )

    def joined(
        self, ids: Mapping[str, Sequence[str]], parts: Mapping[str, bytes]
    ) -> dict[str, list[BaseMessage]]:
        """The lists again. Raises `KeyError` for a part that there is not."""
        return {name: [self._message(parts[one]) for one in each] for name, each in ids.items()}

    def packed(self, value: Any) -> tuple[str, bytes]:
        """One value by itself, and of what kind that is."""
        if not _is_messages(value):
            return self._serde.dumps_typed(value)
        return MESSAGES, ormsgpack.packb([self._part(one).value for one in value])

    def unpacked(self, kind: str, value: bytes) -> Any:
        if kind != MESSAGES:
            return self._serde.loads_typed((kind, value))
        return [self._message(one) for one in cast("list[bytes]", ormsgpack.unpackb(value))]

    def _part(self, message: BaseMessage) -> Part:
        key = id(message)
        known = self._known.get(key)
        if known is None or known[0]() is not message:
            kind, body = self._serde.dumps_typed(message)
            value = ormsgpack.packb((kind, body))
            part = Part(blake2b(value, digest_size=DIGEST_BYTES).hexdigest(), value)
            known = self._known[key] = (ref(message, lambda _: self._known.pop(key, None)), part)
        return known[1]

    def _message(self, packed: bytes) -> BaseMessage:
        kind, body = ormsgpack.unpackb(packed)
        return self._serde.loads_typed((kind, body))


def _is_messages(value: Any) -> TypeGuard[list[BaseMessage]]:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(one, BaseMessage) for one in cast("list[Any]", value))
