"""One spelling for one object: what approvals are bound to."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from mcp_servers.engines.quantities import quantity

# Maps whose values are quantities, each with the fields it may stand in.
_MAPS: Mapping[str, frozenset[str]] = {
    "limits": frozenset({"resources"}),
    "requests": frozenset({"resources"}),
    "min": frozenset({"limits"}),
    "max": frozenset({"limits"}),
    "default": frozenset({"limits"}),
    "defaultRequest": frozenset({"limits"}),
    "maxLimitRequestRatio": frozenset({"limits"}),
    "hard": frozenset({"spec", "status"}),
    "used": frozenset({"status"}),
    "capacity": frozenset({"spec", "status"}),
    "allocatable": frozenset({"status"}),
    "allocatedResources": frozenset({"status"}),
    "podFixed": frozenset({"overhead"}),
}
# Single fields that hold one, each with the fields it may stand in.
_FIELDS: Mapping[str, frozenset[str]] = {
    "sizeLimit": frozenset({"emptyDir"}),
    "averageValue": frozenset({"target", "current"}),
    "value": frozenset({"target", "current"}),
    "divisor": frozenset({"resourceFieldRef"}),
}


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, quantities in one spelling where a field holds one.

    `limits: {memory: 1Gi}` and `limits: {memory: 1024Mi}` are the same, labels `1Gi` and `1024Mi`
    are not. Equal texts mean equal objects to the API server.
    """
    return json.dumps(_normal(value, ()), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def _normal(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return {str(key): _normal(one, (*path, str(key))) for key, one in named.items()}
    if isinstance(value, list):
        return [_normal(one, path) for one in cast("list[Any]", value)]
    return _amount(value) if _holds_quantity(path) else value


def _holds_quantity(path: tuple[str, ...]) -> bool:
    """Whether a quantity stands at a path; what is called so anywhere else is text."""
    if len(path) < 2:
        return False
    above, field = path[-2:]
    if above in _FIELDS.get(field, ()):
        return True
    return len(path) > 2 and path[-3] in _MAPS.get(above, ())


def _amount(value: Any) -> Any:
    amount = None if isinstance(value, bool) or value is None else quantity(value)
    return value if amount is None else f"{amount.numerator}/{amount.denominator}"
