"""What a real server refuses in a ResourceQuota: amounts, and scopes that do not go together."""

from collections.abc import Iterator
from typing import Any

import orjson

from sandbox.kubernetes_api.fields import at, entries, section, texts
from sandbox.kubernetes_api.quantities import quantity, written

Json = dict[str, Any]
Cause = Json

_PODS = frozenset({"pods"})
_COMPUTE = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)
_CLAIMS = frozenset({"persistentvolumeclaims", "requests.storage"})
_COUNTED = frozenset(
    {
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    }
)  # fmt: skip
_EPHEMERAL = frozenset(
    {"ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage"}
)
_STANDARD = _COUNTED | _COMPUTE | _CLAIMS | _EPHEMERAL
# Scope → the standard resources that it may be said of.
_SCOPES = {
    "Terminating": _PODS | _COMPUTE,
    "NotTerminating": _PODS | _COMPUTE,
    "BestEffort": _PODS,
    "NotBestEffort": _PODS | _COMPUTE,
    "PriorityClass": _PODS | _COMPUTE,
    "CrossNamespacePodAffinity": _PODS | _COMPUTE,
    "VolumeAttributesClass": _CLAIMS,
}
_OPPOSITES = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_EXISTING = frozenset(_SCOPES) - {"PriorityClass", "VolumeAttributesClass"}
_OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})
_SELECTOR = "spec.scopeSelector.matchExpressions"
_ONLY_EXISTS = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
    "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
    "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def check_quota(one: Json) -> Iterator[Cause]:
    yield from _amounts(section(one, "spec", "hard"))
    hard = sorted(section(one, "spec", "hard"))
    if scopes := texts(one, "spec", "scopes"):
        yield from _together("spec.scopes", scopes, hard, scopes)
    if at(one, "spec", "scopeSelector") is not None:
        yield from _selector(section(one, "spec", "scopeSelector"), hard)


def check_scopes_stay(one: Json, before: Json) -> Iterator[Cause]:
    for field in ("scopes", "scopeSelector"):
        now = at(one, "spec", field)
        if now != at(before, "spec", field):
            yield _wrong(f"spec.{field}", now, "field is immutable")


def _amounts(hard: Json) -> Iterator[Cause]:
    for name, told in hard.items():
        field, amount = f"spec.hard[{name}]", quantity(told)
        if "/" not in name and name not in _STANDARD and not name.startswith("requests."):
            yield _wrong(field, name, "must be a standard resource type or fully qualified")
            yield _wrong(field, name, "must be a standard resource for quota")
        if amount < 0:
            yield _wrong(field, str(told), "must be greater than or equal to 0")
        if name in _COUNTED and amount != amount.to_integral_value():
            yield _wrong(field, written(amount, name), "must be an integer")


def _together(field: str, scopes: list[str], hard: list[str], shown: Any) -> Iterator[Cause]:
    for scope in dict.fromkeys(scopes):
        if scope not in _SCOPES:
            yield _wrong(field, shown, "unsupported scope")
            continue
        for name in hard:
            if name in _STANDARD and name not in _SCOPES[scope]:
                yield _wrong(field, shown, "unsupported scope applied to resource")
    if any(pair <= set(scopes) for pair in _OPPOSITES):
        yield _wrong(field, shown, "conflicting scopes")


def _selector(selector: Json, hard: list[str]) -> Iterator[Cause]:
    told = entries(selector, "matchExpressions")
    known: list[str] = []
    for one in told:
        scope = str(one.get("scopeName") or "")
        if scope in _SCOPES:
            known.append(scope)
        else:
            yield _wrong(f"{_SELECTOR}.scopeName", scope, "unsupported scope")
        yield from _operator(scope, str(one.get("operator") or ""), texts(one, "values"))
    names = (("scopeName", "ScopeName"), ("operator", "Operator"), ("values", "Values"))
    shown = {"MatchExpressions": [{new: one.get(old) for old, new in names} for one in told]}
    for cause in _together(_SELECTOR, known, hard, shown):
        # Of what contradicts itself a real server shows nothing.
        is_conflict = cause["message"].endswith("conflicting scopes")
        yield _wrong(_SELECTOR, None, "conflicting scopes") if is_conflict else cause


def _operator(scope: str, operator: str, told: list[str]) -> Iterator[Cause]:
    field = f"{_SELECTOR}.operator"
    if scope in _EXISTING and operator != "Exists":
        yield _wrong(field, operator, _ONLY_EXISTS)
    if operator in {"In", "NotIn"} and not told:
        why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
        message = f"Required value: {why}"
        yield {
            "reason": "FieldValueRequired",
            "field": f"{_SELECTOR}.values",
            "message": message,
        }
    if operator in {"Exists", "DoesNotExist"} and told:
        why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        yield _wrong(f"{_SELECTOR}.values", told, why)
    if operator not in _OPERATORS:
        yield _wrong(field, operator, "not a valid selector operator")


def _wrong(field: str, value: Any, why: str) -> Cause:
    message = f"Invalid value: {orjson.dumps(value).decode()}: {why}"
    return {"reason": "FieldValueInvalid", "field": field, "message": message}
