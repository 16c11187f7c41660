"""Values as Go prints them, in the messages of a real server about patches."""

from typing import Any, cast


def go_printed(value: Any) -> str:
    """Maps by their keys in order, texts bare."""
    if isinstance(value, dict):
        told = sorted(cast("dict[str, Any]", value).items())
        return "map[" + " ".join(f"{name}:{go_printed(one)}" for name, one in told) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_printed(one) for one in cast("list[Any]", value)) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
