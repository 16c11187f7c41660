"""The few bodies that kubectl sends as protobuf and that are worth reading: reviews and evictions."""

from collections.abc import Iterator
from typing import Any

from sandbox.kubernetes_api.statuses import bad_request, unsupported_media_type

Json = dict[str, Any]

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _BYTES = 0, 2

# Message → number of a field → its name and what it is. A leading star: it may occur many times.
_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", "bytes")},
    "TypeMeta": {1: ("apiVersion", "text"), 2: ("kind", "text")},
    "ObjectMeta": {1: ("name", "text"), 2: ("generateName", "text"), 3: ("namespace", "text")},
    "SelfSubjectReview": {1: ("metadata", "ObjectMeta")},
    "SelfSubjectAccessReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "AccessSpec")},
    "SelfSubjectRulesReview": {1: ("metadata", "ObjectMeta"), 2: ("spec", "RulesSpec")},
    "RulesSpec": {1: ("namespace", "text")},
    "AccessSpec": {
        1: ("resourceAttributes", "Resource"),
        2: ("nonResourceAttributes", "NonResource"),
    },
    "Resource": {
        1: ("namespace", "text"),
        2: ("verb", "text"),
        3: ("group", "text"),
        4: ("version", "text"),
        5: ("resource", "text"),
        6: ("subresource", "text"),
        7: ("name", "text"),
    },
    "NonResource": {1: ("path", "text"), 2: ("verb", "text")},
    "Eviction": {1: ("metadata", "ObjectMeta"), 2: ("deleteOptions", "DeleteOptions")},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "number"),
        2: ("preconditions", "Preconditions"),
        4: ("propagationPolicy", "text"),
        5: ("dryRun", "*text"),
    },
    "Preconditions": {1: ("uid", "text"), 2: ("resourceVersion", "text")},
}
_READABLE = frozenset(
    {
        "SelfSubjectReview",
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "Eviction",
        "DeleteOptions",
    }
)


def from_protobuf(body: bytes) -> Json:
    """The object in a body of `MEDIA_TYPE`. Refused for a kind that is not known here."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message")
    try:
        envelope = _message(body[len(_MAGIC) :], "Unknown")
        kind = str(envelope.get("typeMeta", {}).get("kind", ""))
        if kind not in _READABLE:
            raise unsupported_media_type(("application/json", "application/yaml"))
        return {**envelope["typeMeta"], **_message(envelope.get("raw", b""), kind)}
    except (IndexError, UnicodeDecodeError) as error:
        raise bad_request(f"provided data is not a protobuf message: {error}") from None


def _message(data: bytes, name: str) -> Json:
    found: Json = {}
    for number, value in _fields(data):
        field, kind = _MESSAGES[name].get(number, ("", ""))
        if kind.startswith("*"):
            found.setdefault(field, []).append(_value(value, kind[1:]))
        elif field:
            found[field] = _value(value, kind)
    return found


def _value(value: bytes | int, kind: str) -> Any:
    if isinstance(value, int) or kind == "bytes":
        return value
    return value.decode() if kind == "text" else _message(value, kind)


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and values of the fields on the wire."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        value, at = _varint(data, at)
        if wire_type == _BYTES:
            end = at + value
            if end > len(data):
                raise IndexError("a field ends after the message")
            yield number, data[at:end]
            at = end
        elif wire_type == _VARINT:
            yield number, value
        else:
            raise IndexError(f"wire type {wire_type}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
