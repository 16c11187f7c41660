"""Messages as they are kept. Each is packed once: a loop keeps the whole list of them with every step."""

from collections.abc import Mapping
from typing import Any, cast
from weakref import ref

import ormsgpack
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.serde.base import SerializerProtocol


class Packing:
    """Remembers the packed form of messages that are still alive; nobody changes one that is."""

    def __init__(self, serde: SerializerProtocol) -> None:
        self._serde = serde
        self._known: dict[int, tuple[ref[BaseMessage], object]] = {}

    @property
    def remembered(self) -> int:
        return len(self._known)

    def packed(self, value: Any) -> Any:
        """The same value, in whose lists of messages each is its packed form already."""
        if not isinstance(value, list):
            return value
        items = cast("list[Any]", value)
        return [self._of(one) if isinstance(one, BaseMessage) else one for one in items]

    def all_packed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.packed(value) for name, value in values.items()}

    def _of(self, message: BaseMessage) -> object:
        key = id(message)
        known = self._known.get(key)
        if known is None or known[0]() is not message:
            kind, body = self._serde.dumps_typed(message)
            if kind != "msgpack":
                return message
            form = ormsgpack.unpackb(body, ext_hook=ormsgpack.Ext)
            known = self._known[key] = (ref(message, lambda _: self._known.pop(key, None)), form)
        return known[1]
