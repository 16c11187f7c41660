"""Fields that a kind does not have: dropped, and warned of or refused, as the client wants it."""

from collections.abc import Collection, Iterable
from typing import Any, cast

import orjson

from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.patching import Layout
from sandbox.kubernetes_api.schemas import resolved
from sandbox.kubernetes_api.statuses import Refusal, bad_request

Json = dict[str, Any]
Steps = tuple[str | int, ...]

_CHOICES = ("", "Ignore", "Strict", "Warn")
_EMBEDDED = frozenset({"apiVersion", "kind", "metadata"})
_OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}


def pruned(one: Json, schema: Json, kept: Collection[Steps] = ()) -> tuple[Json, list[Steps]]:
    """The object without the fields that its schema lacks, but for those `kept`; and what went."""
    found: list[Steps] = []
    return _pruned(one, schema, (), found, kept), found


def check_strictness(call: Call, kind: Kind, unknown: Iterable[Steps]) -> list[str]:
    """The warnings about these fields. Refused if the client is strict about them."""
    wanted = call.query.get("fieldValidation", "")
    if wanted not in _CHOICES:
        raise _no_choice(call, wanted)
    told = [f'unknown field "{_place(steps)}"' for steps in unknown]
    if told and wanted == "Strict":
        raise undecodable(call, kind, f"strict decoding error: {', '.join(told)}")
    return told if wanted in {"", "Warn"} else []


def undeclared(one: Json, unknown: Iterable[Steps], layout: Layout) -> Refusal:
    """How server-side apply refuses such fields, whatever the client wants."""
    told = [
        f"{_keyed_place(one, steps, layout)}: field not declared in schema" for steps in unknown
    ]
    why = told[0] if len(told) == 1 else "errors:\n  " + "\n  ".join(told)
    metadata = section(one, "metadata")
    about = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {one['apiVersion']}, Kind={one['kind']}"
    return Refusal(500, "", f"failed to create typed patch object ({about}): {why}")


def _pruned(
    value: Any, schema: Json, steps: Steps, found: list[Steps], kept: Collection[Steps]
) -> Any:
    about = resolved(schema)
    if isinstance(value, list):
        inner = section(about, "items")
        return [
            _pruned(entry, inner, (*steps, number), found, kept)
            for number, entry in enumerate(cast("list[Any]", value))
        ]
    if not isinstance(value, dict):
        return value
    told: Json = {}
    for name, entry in cast("Json", value).items():
        place, inner = (*steps, name), _member(about, name)
        if inner is not None:
            told[name] = _pruned(entry, inner, place, found, kept)
        elif place in kept:
            told[name] = entry
        else:
            found.append(place)
    return told


def _member(about: Json, name: str) -> Json | None:
    """The schema of a member, {} where anything goes, None where there is none of that name."""
    known = section(about, "properties").get(name)
    more = about.get("additionalProperties")
    for one in (known, more):
        if isinstance(one, dict):
            return cast("Json", one)
    embedded = about.get("x-kubernetes-embedded-resource") and name in _EMBEDDED
    is_free = "type" not in about and "properties" not in about
    open_to_all = more or about.get("x-kubernetes-preserve-unknown-fields")
    return {} if embedded or is_free or open_to_all else None


def _place(steps: Steps) -> str:
    told = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return told.removeprefix(".")


def _keyed_place(one: Json, steps: Steps, layout: Layout) -> str:
    """The place with entries of lists told by their keys where they have any."""
    told, value, names = "", cast("Any", one), tuple[str, ...]()
    for step in steps[:-1]:
        value = value[step]
        if isinstance(step, str):
            names, told = (*names, step), f"{told}.{step}"
            continue
        keys = {key: value.get(key, layout.default(names, key)) for key in layout.keys(names)}
        shown = ",".join(f"{key}={orjson.dumps(keys[key]).decode()}" for key in sorted(keys))
        told = f"{told}[{shown or step}]"
    return f"{told}.{steps[-1]}"


def _no_choice(call: Call, wanted: str) -> Refusal:
    known = ", ".join(f'"{choice}"' for choice in _CHOICES)
    message = f'Unsupported value: "{wanted}": supported values: {known}'
    options, field = _OPTIONS.get(call.verb, "PatchOptions"), "fieldValidation"
    cause = {"reason": "FieldValueNotSupported", "message": message, "field": field}
    about = {"group": "meta.k8s.io", "kind": options, "causes": [cause]}
    why = f'{options}.meta.k8s.io "" is invalid: {field}: {message}'
    return Refusal(422, "Invalid", why, about)


def undecodable(call: Call, kind: Kind, why: str, *, patched: str = "") -> Refusal:
    """A body that cannot be taken for an object of its kind, or what a patch makes of one."""
    if call.verb != "patch":
        return bad_request(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}'
        )
    patch = patched or call.body.decode(errors="replace")
    message = f"Invalid value: {orjson.dumps(patch).decode()}: {why}"
    cause = {"reason": "FieldValueInvalid", "message": message, "field": "patch"}
    return Refusal(422, "Invalid", f' "" is invalid: patch: {message}', {"causes": [cause]})
