"""JSON merge patch (RFC 7396)."""

from typing import Any, cast

Json = dict[str, Any]


def merged(original: Any, patch: Any) -> Any:
    """`original` with `patch` merged in: null removes, mappings merge, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    result: Json = dict(cast("Json", original)) if isinstance(original, dict) else {}
    for key, value in cast("Json", patch).items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
