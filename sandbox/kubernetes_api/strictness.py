"""Fields that a kind does not have, or that are told twice: warned of or refused, as the client wants."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

import orjson

from sandbox.kubernetes_api.calls import JSON_PATCH, STRATEGIC_PATCH, Call
from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.patching import Layout
from sandbox.kubernetes_api.repeats import as_error, fields_of, repeated_lines
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


def check_strictness(call: Call, kind: Kind, unknown: Sequence[Steps], one: Json) -> list[str]:
    """The warnings about `one`, of which these fields are none. Refused if the client is strict."""
    wanted = call.query.get("fieldValidation", "")
    if wanted not in _CHOICES:
        raise _no_choice(call, wanted)
    if wanted == "Ignore":
        return []
    lines = _repeated_lines(call)
    told = _told_of(call, kind, unknown)
    if wanted != "Strict":
        return [*lines, *told]
    if lines or told:
        whole = ", ".join([*([as_error(lines)] if lines else []), *told])
        shown = "" if call.media_type == STRATEGIC_PATCH else orjson.dumps(one).decode()
        raise undecodable(call, kind, f"strict decoding error: {whole}", patched=shown)
    return []


def check_applied(call: Call) -> list[str]:
    """The same about the text of what is applied, of which every field is known."""
    wanted = call.query.get("fieldValidation", "")
    lines = [] if wanted == "Ignore" else repeated_lines(call.body)
    if lines and wanted == "Strict":
        why = f"error converting YAML to JSON: {as_error(lines)}"
        raise bad_request(f"error strict decoding YAML: {why}")
    return lines


def _repeated_lines(call: Call) -> list[str]:
    return repeated_lines(call.body) if call.media_type == "application/yaml" else []


def _told_of(call: Call, kind: Kind, unknown: Sequence[Steps]) -> list[str]:
    """A sentence for each odd field: for standard kinds in the order of the text."""
    strange = [f'unknown field "{_place(steps)}"' for steps in unknown]
    if call.media_type and not call.media_type.endswith("json"):
        return strange
    told: list[str] = []
    prefix = "json patch " if call.media_type == JSON_PATCH else ""
    for steps, again in fields_of(call.body):
        inside_strange = any(steps[: len(one)] == one for one in unknown)
        if again and not (inside_strange and kind.builtin):
            told.append(f'{prefix}duplicate field "{_place(steps)}"')
        elif kind.builtin and steps in unknown and not again:
            told.append(f'unknown field "{_place(steps)}"')
    # A field told three times is one mistake.
    found = list(dict.fromkeys(told))
    return [*found, *(text for text in strange if text not in found)]


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
