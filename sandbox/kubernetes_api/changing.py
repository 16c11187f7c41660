"""Patches of every type, and the subresources that change an object: status, scale, eviction."""

from typing import Any, cast

import orjson

from sandbox.kubernetes_api.calls import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    parsed,
)
from sandbox.kubernetes_api.conversions import check_converted, whole_numbers
from sandbox.kubernetes_api.decoding import decoded
from sandbox.kubernetes_api.deleting import delete
from sandbox.kubernetes_api.field_types import check_types
from sandbox.kubernetes_api.fields import at, entries, number, section
from sandbox.kubernetes_api.options import DeleteOptions
from sandbox.kubernetes_api.patching import (
    Fields,
    Layout,
    applied,
    duplicates,
    merged,
    named_fields,
    patched_by_operations,
    strategically_merged,
)
from sandbox.kubernetes_api.selectors import matches_label_selector
from sandbox.kubernetes_api.statuses import (
    Refusal,
    bad_request,
    conflict,
    internal,
    not_found,
    unsupported_media_type,
    unsupported_patch,
)
from sandbox.kubernetes_api.strictness import check_applied, pruned, undeclared
from sandbox.kubernetes_api.views import view
from sandbox.kubernetes_api.writing import Writing
from sandbox.store import Key

Json = dict[str, Any]

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def patch(writing: Writing) -> Json:
    """The object after the patch in the body."""
    _check_media_type(writing)
    if writing.call.applies:
        return _apply(writing)
    before = writing.current()
    shown = view(writing.kind, before)
    told = _patched(writing, shown)
    return writing.update(before, told)


def patch_scale(writing: Writing) -> Json:
    _check_media_type(writing)
    before = writing.current()
    if writing.call.applies:
        return _apply_scale(writing, before)
    return _rescale(writing, before, _patched(writing, scale_of(before)))


def replace_scale(writing: Writing) -> Json:
    return _rescale(writing, writing.current(), writing.call.content())


def scale_of(one: Json) -> Json:
    """The Scale of a Deployment and its like."""
    metadata = one["metadata"]
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Json = {"replicas": at(one, "status", "replicas") or 0}
    if selector := section(one, "spec", "selector", "matchLabels"):
        status["selector"] = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in shown if name in metadata},
        "spec": {"replicas": at(one, "spec", "replicas")},
        "status": status,
    }


def evict(writing: Writing) -> Json:
    """Delete a pod unless a disruption budget forbids it now."""
    pod = writing.current()
    guarding: list[Json] = []
    for budget in writing.cluster.store.list("poddisruptionbudgets.policy", writing.key.namespace):
        if not matches_label_selector(section(budget, "spec", "selector"), pod):
            continue
        allowed = number(budget, "status", "disruptionsAllowed")
        if allowed <= 0:
            raise _too_many_disruptions(budget)
        guarding.append(budget)
    told = section(writing.call.content() if writing.call.body else {}, "deleteOptions")
    options = DeleteOptions.of(writing.call, told)
    if not writing.call.dry_run and not options.dry_run:
        for budget in guarding:
            _count_down(writing, budget)
        delete(writing, options)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _count_down(writing: Writing, budget: Json) -> None:
    """The server itself counts what it let go, before any controller looks."""
    status = section(budget, "status")
    left = {**status, "disruptionsAllowed": number(budget, "status", "disruptionsAllowed") - 1}
    key = Key("poddisruptionbudgets.policy", writing.key.namespace, budget["metadata"]["name"])
    writing.cluster.store.put(key, {**budget, "status": left})


def _too_many_disruptions(budget: Json) -> Refusal:
    name, status = budget["metadata"]["name"], section(budget, "status")
    needed, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    cause = {
        "reason": "DisruptionBudget",
        "message": f"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently",
    }
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return Refusal(429, "TooManyRequests", message, {"causes": [cause]})


def _rescale(writing: Writing, before: Json, scale: Json) -> Json:
    replicas = at(scale, "spec", "replicas")
    version = at(scale, "metadata", "resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise conflict(writing.kind, writing.key.name)
    shown = view(writing.kind, before)
    told = {**shown, "spec": {**section(shown, "spec"), "replicas": replicas or 0}}
    return scale_of(writing.update(before, told))


def _check_media_type(writing: Writing) -> None:
    known = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
    if writing.kind.builtin and writing.call.media_type not in {*known, STRATEGIC_PATCH}:
        raise unsupported_patch()
    if not writing.kind.builtin and writing.call.media_type not in known:
        raise unsupported_media_type(known)


def _patched(writing: Writing, shown: Json) -> Json:
    """`shown` with the body merged in, or its operations done."""
    media_type = writing.call.media_type
    body = parsed(writing.call.body, yaml_too=False)
    if media_type == JSON_PATCH:
        return _typed(writing, patched_by_operations(shown, body))
    if not isinstance(body, dict):
        raise bad_request(_no_patch(body, media_type))
    if media_type == STRATEGIC_PATCH:
        given = cast("Json", whole_numbers(body))
        after = strategically_merged(shown, given, kind=writing.kind.kind)
        if writing.call.target.subresource != "scale":
            schema = writing.cluster.whole_schema(writing.kind)
            check_converted(given, after, writing.kind, schema)
        return after
    return _typed(writing, cast("Json", merged(shown, body)))


def _typed(writing: Writing, after: Json) -> Json:
    """What a patch made of an object, if its fields have the types they should have."""
    if writing.kind.builtin and not writing.call.target.subresource:
        schema = writing.cluster.whole_schema(writing.kind)
        # A real server reads the fields in the order of their names.
        told = orjson.loads(orjson.dumps(after, option=orjson.OPT_SORT_KEYS))
        check_types(writing.call, told, writing.kind, schema)
    return after


def _no_patch(body: Any, media_type: str) -> str:
    if media_type != STRATEGIC_PATCH:
        return "error decoding patch: json: a merge patch is an object"
    found = {str: "string", list: "array", bool: "bool"}.get(
        cast("type[Any]", type(body)), "number"
    )
    return f"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"


def _apply(writing: Writing) -> Json:
    told = _config(writing)
    before = writing.cluster.store.get(writing.key)
    if before is None and writing.call.target.subresource:
        raise not_found(writing.kind, writing.key.name)
    shown = view(writing.kind, before) if before else None
    after = _applied(writing, shown, told)
    if before is None:
        return writing.create(_unversioned(writing, after))
    if _but_for_times(after) == _but_for_times(cast("Json", shown)):
        return cast("Json", shown)
    return writing.update(before, after)


def _apply_scale(writing: Writing, before: Json) -> Json:
    """The replicas become what is applied, as a field of the object itself."""
    told = parsed(writing.call.body, yaml_too=True)
    _check_type(section({"told": told}, "told"), ("autoscaling/v1", "Scale"))
    writing.check_name(at(told, "metadata", "name"))
    config = {
        "apiVersion": writing.kind.group_version,
        "kind": writing.kind.kind,
        "metadata": {"name": writing.key.name},
        "spec": {"replicas": at(told, "spec", "replicas") or 0},
    }
    after = _applied(writing, view(writing.kind, before), config)
    return scale_of(writing.update(before, after))


def _unversioned(writing: Writing, one: Json) -> Json:
    """What is applied to nothing: a version of it is passed over, a uid is not."""
    metadata = dict(section(one, "metadata"))
    metadata.pop("resourceVersion", None)
    if uid := metadata.get("uid"):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(writing.kind, writing.key.name, why)
    return {**one, "metadata": metadata}


def _config(writing: Writing) -> Json:
    """What is applied, less what this path does not write."""
    body = parsed(writing.call.body, yaml_too=True)
    writing.warnings.extend(check_applied(writing.call))
    if isinstance(body, dict):
        wanted = writing.kind.group_version, writing.kind.kind
        _check_type(cast("Json", body), wanted)
    if at(body, "metadata", "managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    told = decoded(body, writing.kind)
    _, unknown = pruned(told, writing.cluster.whole_schema(writing.kind))
    if unknown:
        raise undeclared(told, unknown, writing.cluster.layout(writing.kind))
    metadata = section(told, "metadata")
    writing.check_name(metadata.get("name"))
    _check_no_duplicates(writing, told)
    if writing.call.target.subresource == "status":
        status = {"status": told["status"]} if "status" in told else {}
        about = {k: metadata[k] for k in ("name", "uid", "resourceVersion") if k in metadata}
        return {"apiVersion": told["apiVersion"], "kind": told["kind"], "metadata": about, **status}
    if "status" in writing.kind.subresources:
        told.pop("status", None)
    return {**told, "metadata": metadata}


def _check_type(told: Json, wanted: tuple[str, str]) -> None:
    found = str(told.get("apiVersion") or ""), str(told.get("kind") or "")
    if found != wanted:
        raise bad_request(f"invalid object type: {_type(*found)}")


def _type(version: str, kind: str) -> str:
    return f"{version if '/' in version else f'/{version}'}, Kind={kind}"


def _check_no_duplicates(writing: Writing, told: Json) -> None:
    """A real server takes these for a fault of its own."""
    if found := next(duplicates(told, writing.cluster.layout(writing.kind)), ""):
        place = f"{at(told, 'metadata', 'namespace') or ''}/{writing.key.name}"
        about = f"{place}; {_type(writing.kind.group_version, writing.kind.kind)}"
        raise internal(f"failed to create typed patch object ({about}): {found}")


def _applied(writing: Writing, shown: Json | None, told: Json) -> Json:
    layout = writing.cluster.layout(writing.kind)
    return applied(
        shown,
        told,
        writer=writing.writer,
        layout=layout,
        force=writing.call.flag("force"),
        yielding=_applied_by_the_client(writing, shown, layout),
    )


def _applied_by_the_client(writing: Writing, shown: Json | None, layout: Layout) -> Fields:
    """What kubectl applied before it left that to the server: it may take these fields over."""
    note = section(shown, "metadata", "annotations").get(_LAST_APPLIED)
    if writing.call.manager != "kubectl" or not isinstance(note, str):
        return frozenset()
    try:
        told: Any = orjson.loads(note)
    except orjson.JSONDecodeError:
        return frozenset()
    own = ("f:metadata", "f:annotations", f"f:{_LAST_APPLIED}")
    return (
        named_fields(cast("Json", told), layout) | {own} if isinstance(told, dict) else frozenset()
    )


def _but_for_times(one: Json) -> Json:
    """The object without the times of its managers: applying the same again changes nothing."""
    managers = [{**entry, "time": ""} for entry in entries(one, "metadata", "managedFields")]
    managers.sort(key=orjson.dumps)
    return {**one, "metadata": {**one["metadata"], "managedFields": managers}}
