"""Listed objects in little memory: what nobody reads goes, and equal parts are kept once.

Two hundred pods of one workload have one specification.

At 20,000 pods this is more than half of the memory. What is shared must never be altered, and
nothing here is: engines read facts.
"""

from typing import Any

import orjson

from mcp_servers.facts.kubernetes import Json

_SECTIONS = ("metadata", "spec", "status")
# Kinds there are many of, and only programs write: nobody asks who wrote which field of them. A
# third of what a real server tells of a pod is that.
_WRITTEN_BY_PROGRAMS = frozenset({"Pod", "ReplicaSet", "EndpointSlice", "Event"})


def without_writers(kind: str, item: Json) -> Json:
    """The same object, which need not remember who wrote it when it is of such a kind."""
    if kind in _WRITTEN_BY_PROGRAMS and isinstance(item.get("metadata"), dict):
        item["metadata"].pop("managedFields", None)
    return item


class Sharing:
    """What one list has had so far. Forget it when the list is read.

    For lists of several pages: looking for equal parts of one page costs more than reading it.
    """

    def __init__(self) -> None:
        # By hash, and compared when found: the texts themselves would outweigh what is saved.
        self._parts: dict[int, Any] = {}

    def of(self, item: Json) -> Json:
        """The same object, made of parts that others have too where they are equal."""
        for name in _SECTIONS:
            section = item.get(name)
            if isinstance(section, dict):
                item[name] = {key: self._shared(part) for key, part in section.items()}  # pyright: ignore[reportUnknownVariableType]
        return item

    def _shared(self, part: Any) -> Any:
        if isinstance(part, str):
            mark = hash(part)
        elif isinstance(part, dict | list):
            mark = hash(orjson.dumps(part))
        else:
            return part
        known: Any = self._parts.setdefault(mark, part)
        return known if known == part else part  # pyright: ignore[reportUnknownVariableType]
