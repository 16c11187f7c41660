"""JSON patch (RFC 6902)."""

from typing import Any, cast

from sandbox.kubernetes_api.statuses import Refusal, bad_request

Json = dict[str, Any]


def patched_by_operations(original: Json, operations: Any) -> Json:
    """`original` with the operations done in order; refused as a whole if one cannot be."""
    import jsonpatch
    from jsonpointer import JsonPointerException

    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into a list of operations"
        )
    try:
        return jsonpatch.JsonPatch(cast("list[Any]", operations)).apply(original)
    except (
        jsonpatch.JsonPatchConflict,
        jsonpatch.JsonPatchTestFailed,
        JsonPointerException,
    ) as error:
        message = f"the server rejected our request due to an error in our request: {error}"
        raise Refusal(422, "Invalid", message) from None
    except (jsonpatch.JsonPatchException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise bad_request(f"error decoding patch: {error}") from None
