"""Reading fields that may be absent anywhere on the way."""

from typing import Any, cast

Json = dict[str, Any]


def at(one: Any, *path: str) -> Any:
    """The value at a path; None when it, or anything on the way, is absent."""
    value: Any = one
    for step in path:
        value = cast("Json", value).get(step) if isinstance(value, dict) else None
    return value


def section(one: Any, *path: str) -> Json:
    """The mapping at a path, {} when there is none."""
    found = at(one, *path)
    return cast("Json", found) if isinstance(found, dict) else {}


def number(one: Any, *path: str) -> int:
    """The whole number at a path, 0 when there is none."""
    found = at(one, *path)
    return found if isinstance(found, int) else 0


def values(one: Any, *path: str) -> list[Any]:
    """The list at a path, [] when there is none."""
    found = at(one, *path)
    return cast("list[Any]", found) if isinstance(found, list) else []


def entries(one: Any, *path: str) -> list[Json]:
    """The mappings of the list at a path."""
    return [cast("Json", entry) for entry in values(one, *path) if isinstance(entry, dict)]


def texts(one: Any, *path: str) -> list[str]:
    """The values of the list at a path as text."""
    return [str(entry) for entry in values(one, *path)]
