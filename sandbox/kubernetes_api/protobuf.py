"""Bodies that Go clients send as protobuf, read as the JSON they stand for.

Which field has which number is in `protobuf_fields.txt`, which `tools/protobuf_fields` writes.
"""

import base64
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, cast

import orjson

from sandbox.kubernetes_api.statuses import bad_request, unsupported_media_type

Json = dict[str, Any]
Field = tuple[str, str]  # its name in JSON, and its type

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _DOUBLE, _BYTES = 0, 1, 2
_WORD = 1 << 64
_TYPE_META, _RAW = 1, 2  # the fields of the envelope
_EMPTY: tuple[Any, ...] = (None, "", 0, False, [], {})


def from_protobuf(body: bytes) -> Json:
    """The object in a body of `MEDIA_TYPE`. Refused for a kind that is not known here."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message")
    try:
        return _unwrapped(body[len(_MAGIC) :])
    except (IndexError, TypeError, ValueError, struct.error) as error:
        raise bad_request(f"provided data is not a protobuf message: {error}") from None


def _unwrapped(data: bytes) -> Json:
    envelope = dict(_fields(data))
    about = {n: _text(value) for n, value in _fields(_bytes(envelope.get(_TYPE_META, b"")))}
    version, kind = about.get(1, ""), about.get(2, "")
    message = _kinds().get((version, kind)) or _kinds().get(("v1", kind), "")
    if not message:
        raise unsupported_media_type(("application/json", "application/yaml"))
    return {
        "apiVersion": version,
        "kind": kind,
        **_message(_bytes(envelope.get(_RAW, b"")), message),
    }


@cache
def _lines() -> list[str]:
    text = (
        files("sandbox.kubernetes_api").joinpath("protobuf_fields.txt").read_text(encoding="utf-8")
    )
    return text.splitlines()


@cache
def _kinds() -> dict[tuple[str, str], str]:
    """Version and kind → message."""
    told = (line.split() for line in _lines() if line.startswith("="))
    return {(version, kind): message for _, version, kind, message in told}


@cache
def _layout(message: str) -> dict[int, Field]:
    found = next(line for line in _lines() if line.partition(" ")[0] == message)
    told = (part.split(":") for part in found.split()[1:])
    return {int(number): (name, kind) for number, name, kind in told}


def _message(data: bytes, message: str) -> Any:
    if special := _SPECIAL.get(message):
        return special(dict(_fields(data)))
    found: Json = {}
    layout = _layout(message)
    for number, value in _fields(data):
        name, kind = layout.get(number, ("", ""))
        if name == "+":
            found.update(_message(_bytes(value), kind))
        elif name:
            _put(found, name, kind.removesuffix("!"), value)
    always = {name for name, kind in layout.values() if kind.endswith("!")}
    # What Go would leave out of the JSON: a field that is empty, unless it says otherwise.
    return {
        name: value
        for name, value in found.items()
        if name in always or value == {} or value not in _EMPTY
    }


def _put(found: Json, name: str, kind: str, value: int | bytes) -> None:
    if kind.startswith("*"):
        found.setdefault(name, []).append(_value(value, kind[1:]))
    elif kind.startswith("%"):
        entry = dict(_fields(_bytes(value)))
        told = _value(entry.get(2, b""), kind[1:])
        found.setdefault(name, {})[_text(entry.get(1, b""))] = told
    elif (told := _value(value, kind)) is not None:
        found[name] = told


def _value(value: int | bytes, kind: str) -> Any:
    match kind:
        case "s":
            return _text(value)
        case "b":
            return bool(value)
        case "i":
            return _signed(value)
        case "d":
            return struct.unpack("<d", _bytes(value))[0]
        case "y":
            return base64.b64encode(_bytes(value)).decode()
        case "strings":
            return [_text(item) for _, item in _fields(_bytes(value))]
        case _:
            return _message(_bytes(value), kind)


def _time(parts: dict[int, Any]) -> str | None:
    """None for the time that is not set, which is an empty message."""
    if not parts:
        return None
    whole = datetime.fromtimestamp(_signed(parts.get(1, 0)), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}Z"


def _micro_time(parts: dict[int, Any]) -> str | None:
    whole = _time(parts)
    micros = _signed(parts.get(2, 0)) // 1000
    return f"{whole[:-1]}.{micros:06d}Z" if whole else None


def _raw(parts: dict[int, Any]) -> Any:
    """JSON inside of protobuf."""
    text = _bytes(parts.get(1, b""))
    return orjson.loads(text) if text else None


def _int_or_string(parts: dict[int, Any]) -> int | str:
    return _text(parts.get(3, b"")) if parts.get(1) else _signed(parts.get(2, 0))


def _schema_or(other: Callable[[Any], Any], schema: int, rest: int) -> Callable[[Any], Any]:
    """A schema, or what else may stand in its place."""

    def told(parts: dict[int, Any]) -> Any:
        if schema in parts:
            return _message(_bytes(parts[schema]), "apiextensions/v1.JSONSchemaProps")
        return other(parts.get(rest))

    return told


_SPECIAL: dict[str, Callable[[dict[int, Any]], Any]] = {
    "api/resource.Quantity": lambda parts: _text(parts.get(1, b"")),
    "util/intstr.IntOrString": _int_or_string,
    "meta/v1.Time": _time,
    "meta/v1.MicroTime": _micro_time,
    "meta/v1.FieldsV1": _raw,
    "runtime.RawExtension": _raw,
    "apiextensions/v1.JSON": _raw,
    "apiextensions/v1.JSONSchemaPropsOrBool": _schema_or(bool, 2, 1),
    "apiextensions/v1.JSONSchemaPropsOrArray": _schema_or(lambda _: None, 1, 2),
    "apiextensions/v1.JSONSchemaPropsOrStringArray": _schema_or(lambda _: None, 1, 2),
}


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise TypeError("a number stands where bytes belong")
    return value


def _signed(value: int | bytes) -> int:
    number = int(cast("int", value))
    return number - _WORD if number >= _WORD >> 1 else number


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of the fields on the wire."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire_type not in {_DOUBLE, _BYTES}:
            raise IndexError(f"wire type {wire_type}")
        size, at = (8, at) if wire_type == _DOUBLE else _varint(data, at)
        if at + size > len(data):
            raise IndexError("a field ends after the message")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
