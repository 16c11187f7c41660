"""What the query, or the body of a DELETE, says about how to do a request; refused when it is odd."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.fields import at, section, texts
from sandbox.kubernetes_api.statuses import invalid_options

Json = dict[str, Any]

POLICIES = ("Foreground", "Background", "Orphan")
_MAX_MANAGER_LENGTH = 128
_OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_MATCHES = ("Exact", "NotOlderThan", "")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete. `policy` is "" when nothing is said of dependents."""

    dry_run: bool = False
    grace_s: int | None = None
    policy: str = ""
    preconditions: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, call: Call, told: Any = None) -> "DeleteOptions":
        """From `told`, else from the body; the query is read only when there is no body."""
        body = told if told is not None else call.delete_options() if call.body else None
        options = section(body) if body is not None else _from_query(call)
        if causes := list(_wrong_deletion(options)):
            raise invalid_options("DeleteOptions", causes)
        grace = options.get("gracePeriodSeconds")
        orphans = {"True": "Orphan", "False": "Background"}
        return cls(
            bool(texts(options, "dryRun")),
            grace if isinstance(grace, int) else None,
            options.get("propagationPolicy")
            or orphans.get(str(options.get("orphanDependents")), ""),
            section(options, "preconditions"),
        )


def check_writing(call: Call) -> None:
    """Refuse a create, update or patch that is asked for in an odd way."""
    if causes := list(_wrong_writing(call)):
        raise invalid_options(_OPTIONS[call.verb], causes)


def check_listing(call: Call) -> None:
    """Refuse a list or watch whose versions and events do not go together."""
    watch, match = call.verb == "watch", call.query.get("resourceVersionMatch", "")
    causes = list(_wrong_watch(call, match) if watch else _wrong_list(call, match))
    if causes:
        raise invalid_options("ListOptions", causes)


def _from_query(call: Call) -> Json:
    asked = call.query.get("dryRun")
    found = {
        "dryRun": [asked] if asked else [],
        "gracePeriodSeconds": call.number("gracePeriodSeconds"),
        "propagationPolicy": call.query.get("propagationPolicy"),
        "orphanDependents": call.flag("orphanDependents")
        if "orphanDependents" in call.query
        else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _wrong_deletion(options: Json) -> Iterator[Json]:
    yield from _wrong_dry_run(texts(options, "dryRun"))
    policy = options.get("propagationPolicy")
    if policy is None:
        return
    if at(options, "orphanDependents") is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        yield _invalid("propagationPolicy", policy, why)
    elif policy not in POLICIES:
        yield _unsupported("propagationPolicy", f'"{policy}"', (*POLICIES, "nil"))


def _wrong_writing(call: Call) -> Iterator[Json]:
    manager, asked = call.query.get("fieldManager", ""), call.query.get("dryRun", "")
    if call.applies and not manager:
        message = "Required value: is required for apply patch"
        yield {"reason": "FieldValueRequired", "field": "fieldManager", "message": message}
    if call.verb == "patch" and not call.applies and "force" in call.query:
        yield _forbidden("force", "may not be specified for non-apply patch")
    yield from _wrong_manager(manager)
    yield from _wrong_dry_run([asked] if asked else [])
    validation = call.query.get("fieldValidation", "")
    if validation not in _VALIDATIONS:
        yield _unsupported("fieldValidation", f'"{validation}"', _VALIDATIONS)


def _wrong_manager(manager: str) -> Iterator[Json]:
    if len(manager.encode()) > _MAX_MANAGER_LENGTH:
        message = f"Too long: may not be more than {_MAX_MANAGER_LENGTH} bytes"
        yield {"reason": "FieldValueTooLong", "field": "fieldManager", "message": message}
    odd = next(((n, char) for n, char in enumerate(manager) if not char.isprintable()), None)
    if odd:
        why = f"invalid character U+{ord(odd[1]):04X} (at position {odd[0]})"
        yield _invalid("fieldManager", manager.encode("unicode_escape").decode(), why)


def _wrong_dry_run(asked: list[str]) -> Iterator[Json]:
    if asked and asked != ["All"]:
        shown = "[" + " ".join(f'"{one}"' for one in asked) + "]"
        yield _unsupported("dryRun", shown, ("All",))


def _wrong_watch(call: Call, match: str) -> Iterator[Json]:
    initial = "sendInitialEvents" in call.query
    if match and not initial:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        yield _forbidden("resourceVersionMatch", why)
    if initial and match != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        yield _forbidden("resourceVersionMatch", why)
        if match:
            yield _unsupported("resourceVersionMatch", f'"{match}"', ("NotOlderThan",))


def _wrong_list(call: Call, match: str) -> Iterator[Json]:
    version = call.query.get("resourceVersion", "")
    if "sendInitialEvents" in call.query:
        yield _forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if match and not version:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        yield _forbidden("resourceVersionMatch", why)
    if match not in _MATCHES:
        yield _unsupported("resourceVersionMatch", f'"{match}"', _MATCHES)
    if match == "Exact" and version == "0":
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        yield _forbidden("resourceVersionMatch", why)


def _forbidden(field: str, why: str) -> Json:
    return {"reason": "FieldValueForbidden", "field": field, "message": f"Forbidden: {why}"}


def _invalid(field: str, value: Any, why: str) -> Json:
    message = f'Invalid value: "{value}": {why}'
    return {"reason": "FieldValueInvalid", "field": field, "message": message}


def _unsupported(field: str, shown: str, known: tuple[str, ...]) -> Json:
    listed = ", ".join(f'"{one}"' for one in known)
    message = f"Unsupported value: {shown}: supported values: {listed}"
    return {"reason": "FieldValueNotSupported", "field": field, "message": message}
