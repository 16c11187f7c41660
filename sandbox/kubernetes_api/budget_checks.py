"""What a real server refuses in a PodDisruptionBudget."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from sandbox.kubernetes_api.fields import section

Json = dict[str, Any]
Cause = Json

_PERCENT = re.compile(r"[0-9]+%", re.ASCII)
_PERCENT_RULE = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def check_budget(one: Json) -> Iterator[Cause]:
    spec = section(one, "spec")
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = {
            "MinAvailable": spec["minAvailable"],
            "Selector": spec.get("selector"),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        yield _wrong("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        yield from _amount(f"spec.{field}", spec.get(field))


def _amount(field: str, value: Any) -> Iterator[Cause]:
    if isinstance(value, int) and value < 0:
        yield _wrong(field, value, "must be greater than or equal to 0")
    if isinstance(value, str) and not _PERCENT.fullmatch(value):
        yield _wrong(field, value, _PERCENT_RULE)
    elif isinstance(value, str) and int(value[:-1]) > 100:
        yield _wrong(field, value, "must not be greater than 100%")


def _wrong(field: str, value: Any, why: str) -> Cause:
    message = f"Invalid value: {orjson.dumps(value).decode()}: {why}"
    return {"reason": "FieldValueInvalid", "field": field, "message": message}
