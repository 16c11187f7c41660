"""JSON patch (RFC 6902)."""

from typing import Any, cast

from sandbox.kubernetes_api.fields import entries
from sandbox.kubernetes_api.statuses import Refusal, bad_request

Json = dict[str, Any]


def patched_by_operations(original: Json, operations: Any) -> Json:
    """`original` with the operations done in order; refused as a whole if one cannot be."""
    import jsonpatch
    from jsonpointer import JsonPointerException

    told = entries({"patch": operations}, "patch")
    if not isinstance(operations, list) or len(told) < len(cast("list[Any]", operations)):
        raise bad_request("error decoding patch: json: a patch is a list of operations")
    after = original
    try:
        for operation in told:
            after = jsonpatch.JsonPatch([_forgiven(after, operation)]).apply(after)
    except (
        jsonpatch.JsonPatchException,
        JsonPointerException,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        message = "the server rejected our request due to an error in our request"
        raise Refusal(422, "Invalid", message) from error
    return after


def _forgiven(one: Json, told: Json) -> Json:
    """The operation by the letter of the standard, which the real server reads less strictly.

    There, what is not in a mapping may be replaced, and copied as null, as is a value left out.
    """
    operation: Json = {"value": None, **told}
    kind, source = operation.get("op"), operation["path"]
    if kind == "copy":
        source = operation["from"]
    if kind in {"replace", "copy"} and _is_new_member(one, source):
        value = operation["value"] if kind == "replace" else None
        return {"op": "add", "path": operation["path"], "value": value}
    return operation


def _is_new_member(one: Json, path: str) -> bool:
    from jsonpointer import JsonPointer

    *_, name = parts = JsonPointer(path).parts
    parent: Any = JsonPointer.from_parts(parts[:-1]).resolve(one)
    return isinstance(parent, dict) and name not in parent
