"""What the rows of every list have in common: an object anybody can look up again."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mcp_servers.facts.kubernetes import Resource

Namespace = Annotated[str, Field(description="Empty: all.")]
Selector = Annotated[str, Field(description="Labels, e.g. app=web.")]
Cursor = Annotated[str, Field(max_length=200)]


class ObjectRow(BaseModel):
    """A row about one object; with `resource_version` it says which state of it was seen."""

    kind: str
    namespace: str = ""
    name: str
    resource_version: str = ""
    age_s: int | None = Field(default=None, description="Seconds since it was created.")

    @property
    def place(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def identity(resource: Resource, now: datetime) -> dict[str, Any]:
    """The fields of `ObjectRow`."""
    return {
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "resource_version": str(resource.metadata.get("resourceVersion") or ""),
        "age_s": seconds_since(resource.created_at, now),
    }


def seconds_since(at: datetime | None, now: datetime) -> int | None:
    """Whole seconds; a clock that runs ahead of ours makes no negative ages."""
    return max(0, round((now - at).total_seconds())) if at else None


# So many namespaces are named; of more, how many.
NAMED = 8


def short(seconds: int | None) -> str:
    """A duration in its largest unit, as people say it: 45s, 12m, 3h, 5d."""
    if seconds is None:
        return "?"
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size or (seconds >= size and unit == "d"):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def examined(what: str, namespace: str, *filters: str, within: frozenset[str] | None = None) -> str:
    """What was looked at, so that an empty answer is not mistaken for a missing one.

    `within`: the namespaces that the caller sees, None for all.
    """
    where = f"in namespace {namespace}" if namespace else _everywhere(within)
    chosen = [one for one in filters if one]
    return f"{what} {where}" + (f" with {' and '.join(chosen)}" if chosen else "")


def _everywhere(within: frozenset[str] | None) -> str:
    """A caller who sees some of them is not told that the others were looked at, or how many there are."""
    if within is None:
        return "in all namespaces"
    names = sorted(within)
    more = [f"+{len(names) - NAMED}"] if len(names) > NAMED else []
    return f"in your namespaces ({', '.join([*names[:NAMED], *more]) or '0'})"
