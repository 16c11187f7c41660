"""Reading nested Kubernetes JSON without trusting it: an absent or odd field is an empty one."""

from collections.abc import Mapping
from typing import Any, cast

from mcp_servers.facts.kubernetes import Json

# A copy of the whole object, and what it ran.
KEPT_BY_TOOLS = ("last-applied-configuration", "kubernetes.io/change-cause")


def section(value: Any, *path: str) -> Json:
    """The object at this path, or an empty one."""
    found = _at(value, path)
    return cast(Json, found) if isinstance(found, dict) else {}


def rows(value: Any, *path: str) -> list[Json]:
    """The objects of the list at this path."""
    found = _at(value, path)
    if not isinstance(found, list):
        return []
    return [cast(Json, one) for one in cast(list[Any], found) if isinstance(one, dict)]


def words(value: Any, *path: str) -> list[str]:
    """The strings of the list at this path."""
    found = _at(value, path)
    if not isinstance(found, list):
        return []
    return [one for one in cast(list[Any], found) if isinstance(one, str)]


def text(value: Any, *path: str) -> str:
    """The scalar at this path as text; "" when absent."""
    found = _at(value, path)
    return "" if found is None or isinstance(found, (dict, list)) else str(found)


def whole(value: Any, *path: str, default: int = 0) -> int:
    """The whole number at this path."""
    found = _at(value, path)
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return default
    try:
        return int(found)
    except ValueError:
        return default


def has(value: Any, *path: str) -> bool:
    """Whether anything but null stands at this path."""
    return _at(value, path) is not None


def strings(value: Any, *path: str) -> dict[str, str]:
    """The map of text to text at this path."""
    return {str(key): str(one) for key, one in section(value, *path).items() if one is not None}


def remarks(annotations: Mapping[str, str]) -> list[str]:
    """What people noted on an object, names and words, in lower case; not what tools keep there."""
    return [
        f"{name}: {said}".lower()
        for name, said in annotations.items()
        if not name.endswith(KEPT_BY_TOOLS)
    ]


def _at(value: Any, path: tuple[str, ...]) -> Any:
    # The innermost loop of all diagnosers: asked for the class, which costs less than isinstance.
    for name in path:
        if value.__class__ is not dict:
            return None
        value = value.get(name)
    return value
