"""The frames of Feishu's long connection: one small protobuf message, read and written by hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

CONTROL, DATA = 0, 1
# The wire types of protobuf that the frame has.
NUMBER, BYTES = 0, 2
SEQUENCE, LOG, SERVICE, METHOD, HEADERS, PAYLOAD = 1, 2, 3, 4, 5, 8
KEY, VALUE = 1, 2
LONGEST_NUMBER = 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the connection; an answer to it has the same headers and numbers."""

    method: int
    service: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    payload: bytes = b""
    sequence: int = 0
    log: int = 0

    def told(self) -> bytes:
        """As it is sent."""
        numbers = {SEQUENCE: self.sequence, LOG: self.log}
        numbers |= {SERVICE: self.service, METHOD: self.method}
        parts = [_tag(at, NUMBER) + _number(value) for at, value in numbers.items()]
        for key, value in self.headers.items():
            pair = _string(KEY, key.encode()) + _string(VALUE, value.encode())
            parts.append(_string(HEADERS, pair))
        return b"".join([*parts, _string(PAYLOAD, self.payload)])


def frame_of(told: bytes) -> Frame:
    """Raises `ValueError` for what is no frame."""
    numbers: dict[int, int] = {}
    headers: dict[str, str] = {}
    payload = b""
    for at, value in _fields(told):
        if isinstance(value, int):
            numbers[at] = value
        elif at == HEADERS:
            pair = dict(_fields(value))
            key, content = pair.get(KEY), pair.get(VALUE)
            if isinstance(key, bytes) and isinstance(content, bytes):
                headers[key.decode()] = content.decode()
        elif at == PAYLOAD:
            payload = value
    if METHOD not in numbers:
        raise ValueError("a frame says whether it is control or data")
    given = (numbers.get(one, 0) for one in (METHOD, SERVICE, SEQUENCE, LOG))
    method, service, sequence, log = given
    return Frame(method, service, headers, payload, sequence, log)


def _fields(told: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(told):
        tag, place = _read_number(told, place)
        value, place = _read_number(told, place)
        if tag & 7 == NUMBER:
            yield tag >> 3, value
        elif tag & 7 == BYTES and place + value <= len(told):
            yield tag >> 3, told[place : place + value]
            place += value
        else:
            raise ValueError("a frame has numbers and texts alone, and ends where it says")


def _read_number(told: bytes, place: int) -> tuple[int, int]:
    """Seven bits a byte, the least first; the highest bit says that more come."""
    found = 0
    for count, byte in enumerate(told[place : place + LONGEST_NUMBER]):
        found |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return found, place + count + 1
    raise ValueError("a number does not end")


def _number(value: int) -> bytes:
    told = bytearray()
    while value > 0x7F:
        told.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*told, value])


def _tag(at: int, kind: int) -> bytes:
    return _number(at << 3 | kind)


def _string(at: int, content: bytes) -> bytes:
    return _tag(at, BYTES) + _number(len(content)) + content
