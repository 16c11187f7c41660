"""What differs between two pod templates, one short line a difference."""

from collections.abc import Iterator
from typing import Any, cast

from mcp_servers.facts.kubernetes import Json

# Labels and notes that every rollout changes and that say nothing by themselves.
NOISE = ("pod-template-hash", "creationTimestamp", "controller-revision-hash")
SHOWN_CHARACTERS = 80
ABSENT = object()


def differences(before: Json, after: Json) -> list[str]:
    """`path: old → new`, paths in the order of the new template; lists are matched by name."""
    return list(_differing("", before, after))


def _differing(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    old, new = _named(before), _named(after)
    if old is None or new is None:
        yield f"{path}: {_short(before)} → {_short(after)}"
        return
    for key in dict.fromkeys([*new, *old]):
        if key not in NOISE:
            yield from _differing(_below(path, key), old.get(key, ABSENT), new.get(key, ABSENT))


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _named(value: Any) -> dict[str, Any] | None:
    """A mapping, or a list of named things as a mapping by name; None for anything else."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    if not isinstance(value, list) or not value:
        return None
    items = cast("list[Any]", value)
    if all(isinstance(one, dict) and "name" in one for one in items):
        return {str(one["name"]): {k: v for k, v in one.items() if k != "name"} for one in items}
    return None


def _short(value: Any) -> str:
    if value is ABSENT:
        return "(none)"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
