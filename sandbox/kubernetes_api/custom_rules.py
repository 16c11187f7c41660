"""What the author of a custom kind demands of its objects in CEL: `x-kubernetes-validations`.

Rules that use functions which are not known here, and those that CEL cannot read, are passed over.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sandbox.kubernetes_api.cel_functions import FUNCTIONS
from sandbox.kubernetes_api.fields import entries, section

if TYPE_CHECKING:
    import cel

Json = dict[str, Any]
Cause = Json

_RULES = "x-kubernetes-validations"
# With one of these the rules are not looked at: they may rely on what the schema demands.
_BLOCKING = frozenset(
    {"FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany"}
    | {"FieldValueTypeInvalid"}
)
_NOT_CHECKED = (
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def with_broken_rules(
    found: Iterable[Cause], value: Json, schema: Json, before: Json | None
) -> Iterator[Cause]:
    """What the schema says against an object, and then what its rules do."""
    reasons: set[str] = set()
    for cause in found:
        reasons.add(cause["reason"])
        yield cause
    if reasons & _BLOCKING and _has_rules(schema):
        yield {"reason": "FieldValueInvalid", "field": "<nil>", "message": _NOT_CHECKED}
    elif not reasons & _BLOCKING:
        yield from broken_rules(value, schema, before)


def broken_rules(value: Any, schema: Json, before: Any = None, place: str = "") -> Iterator[Cause]:
    """The rules that a value breaks, outer ones first; `before` is what it would replace."""
    if value is None:
        return
    for rule in entries(schema, _RULES):
        if why := _broken(rule, _typed(value, schema), _typed(before, schema)):
            yield _cause(rule, schema, place, why)
    if isinstance(value, list):
        for number, entry in enumerate(cast("list[Any]", value)):
            yield from broken_rules(entry, section(schema, "items"), None, f"{place}[{number}]")
    elif isinstance(value, dict):
        known, more = section(schema, "properties"), section(schema, "additionalProperties")
        old = cast("Json", before) if isinstance(before, dict) else {}
        for name, entry in cast("Json", value).items():
            inside = f"{place}.{name}" if name in known or not place else f"{place}[{name}]"
            inner = known.get(name) or more
            yield from broken_rules(entry, inner, old.get(name), inside if place else name)


def _broken(rule: Json, value: Any, before: Any) -> str:
    """Why a value may not be so, "" when it may; a rule about a change needs something before."""
    text = str(rule.get("rule", ""))
    program = _compiled(text)
    if program is None:
        return ""
    known = {"self": value}
    if "oldSelf" in program.variables():
        if before is None:
            return ""
        known["oldSelf"] = before
    try:
        if _asked(program, known) is not False:
            return ""
    except (ValueError, TypeError, KeyError, RuntimeError, ArithmeticError, IndexError) as error:
        if _is_unknown_function(error):
            return ""
        return f"rule evaluation error: {str(error).strip(chr(39))}"
    return _said(rule, known) or f"failed rule: {text.strip()}"


def _said(rule: Json, known: Json) -> str:
    """The message that goes with a rule; one that is worked out is preferred when it can be."""
    worked_out = _compiled(str(rule.get("messageExpression", "")))
    if worked_out is not None:
        try:
            told = _asked(worked_out, known)
        except (ValueError, TypeError, KeyError, RuntimeError, ArithmeticError, IndexError):
            told = None
        if isinstance(told, str) and told.strip():
            return told
    return str(rule.get("message", ""))


def _asked(program: "cel.Program", known: Json) -> Any:
    import cel

    context = cel.Context(known)
    for name, function in FUNCTIONS.items():
        context.add_function(name, function)
    return program.execute(context)


def _is_unknown_function(error: Exception) -> bool:
    said = str(error).lower()
    return "function" in said and ("undefined" in said or "undeclared" in said or "unknown" in said)


@cache
def _compiled(text: str) -> "cel.Program | None":
    import cel

    try:
        return cel.compile(text) if text else None
    except ValueError:
        return None


def _cause(rule: Json, schema: Json, place: str, why: str) -> Cause:
    shown = f'"{schema.get("type", "")}"'  # not the value: it may be large
    field = f"{place}{rule.get('fieldPath', '')}".lstrip(".") or "<nil>"
    reason = str(rule.get("reason") or "FieldValueInvalid")
    told = {
        "FieldValueRequired": f"Required value: {why}",
        "FieldValueForbidden": f"Forbidden: {why}",
        "FieldValueDuplicate": f"Duplicate value: {shown}",
    }
    message = told.get(reason, f"Invalid value: {shown}: {why}")
    return {"reason": reason, "field": field, "message": message}


def _typed(value: Any, schema: Json) -> Any:
    """The value as CEL sees it: a whole number in a field of numbers is no integer."""
    if isinstance(value, dict):
        known, more = section(schema, "properties"), section(schema, "additionalProperties")
        told = cast("Json", value)
        return {name: _typed(one, known.get(name) or more) for name, one in told.items()}
    if isinstance(value, list):
        items = section(schema, "items")
        return [_typed(one, items) for one in cast("list[Any]", value)]
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _has_rules(schema: Json) -> bool:
    inner: list[Json] = [*section(schema, "properties").values()]
    inner += [section(schema, "items"), section(schema, "additionalProperties")]
    return bool(entries(schema, _RULES)) or any(_has_rules(one) for one in inner if one)
