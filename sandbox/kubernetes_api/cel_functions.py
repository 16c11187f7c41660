"""The functions that a Kubernetes API server adds to CEL, for the rules of custom kinds.

What they make of a text (a quantity, an address, a URL) goes about in CEL as a map that says what it
is, the same for equal ones. Left out: named formats, `sets`, `semver`, and `string(…)` of an address.
"""

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from sandbox import quantities
from sandbox.kubernetes_api.quantities import QUANTITIES

Json = dict[str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_QUANTITY, _URL, _IP, _CIDR = "quantity", "url", "ip", "cidr"
_MOST = 2**63

# Lists


def _is_sorted(values: list[Any]) -> bool:
    return all(one <= other for one, other in pairwise(values))


def _sum(values: list[Any]) -> Any:
    return sum(values[1:], values[0]) if values else 0


def _least(values: list[Any]) -> Any:
    return min(_some(values, "min"))


def _most(values: list[Any]) -> Any:
    return max(_some(values, "max"))


def _some(values: list[Any], name: str) -> list[Any]:
    if not values:
        raise ValueError(f"{name} called on empty list")
    return values


def _index_of(whole: Any, part: Any, start: int = 0) -> int:
    if isinstance(whole, str):
        return whole.find(part, start)
    return next((at for at, one in enumerate(whole) if one == part), -1)


def _last_index_of(whole: Any, part: Any, start: int | None = None) -> int:
    if isinstance(whole, str):
        return whole.rfind(part, 0, None if start is None else start + len(part))
    return max((at for at, one in enumerate(whole) if one == part), default=-1)


# Texts


def _find(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str, most: int = -1) -> list[str]:
    found = [one[0] for one in re.finditer(pattern, text)]
    return found if most < 0 else found[:most]


def _char_at(text: str, at: int) -> str:
    if not 0 <= at <= len(text):
        raise ValueError(f"index out of range: {at}")
    return text[at : at + 1]


def _substring(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= last <= len(text):
        raise ValueError(f"index out of range: {start}")
    return text[start:last]


def _split(text: str, by: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    parts = text.split(by) if by else list(text)
    return (
        parts
        if most < 0 or len(parts) <= most
        else [*parts[: most - 1], by.join(parts[most - 1 :])]
    )


def _replace(text: str, old: str, new: str, most: int = -1) -> str:
    return text.replace(old, new, most)


def _join(values: list[str], by: str = "") -> str:
    return by.join(values)


def _trim(text: str) -> str:
    return text.strip()


def _lower(text: str) -> str:
    return "".join(one.lower() if one.isascii() else one for one in text)


def _upper(text: str) -> str:
    return "".join(one.upper() if one.isascii() else one for one in text)


# Quantities


def _quantity(text: str) -> Json:
    amount = quantities.quantity(text)
    if amount is None:
        raise ValueError(QUANTITIES)
    return _amount(amount)


def _amount(value: Decimal) -> Json:
    return {"is": _QUANTITY, "value": f"{value.normalize():f}"}


def _of(quantity: Json | int) -> Decimal:
    return Decimal(quantity["value"]) if isinstance(quantity, dict) else Decimal(quantity)


def _is_whole(quantity: Json) -> bool:
    value = _of(quantity)
    return value == value.to_integral_value() and -_MOST <= value < _MOST


def _as_integer(quantity: Json) -> int:
    if not _is_whole(quantity):
        raise ValueError("cannot convert value to integer")
    return int(_of(quantity))


def _compare(one: Any, other: Any) -> int:
    left, right = _of(one), _of(other)
    return (left > right) - (left < right)


def _is_greater(one: Any, other: Any) -> bool:
    return _compare(one, other) > 0


def _is_less(one: Any, other: Any) -> bool:
    return _compare(one, other) < 0


def _added(one: Any, other: Any) -> Json:
    return _amount(_of(one) + _of(other))


def _subtracted(one: Any, other: Any) -> Json:
    return _amount(_of(one) - _of(other))


def _as_float(quantity: Json) -> float:
    return float(_of(quantity))


# Addresses and URLs


def _ip(given: Any) -> Json:
    """Of a text, or the address that a network is named by."""
    if isinstance(given, dict):
        return _address(ipaddress.ip_interface(cast("Json", given)["value"]).ip)
    return _address(_parsed_ip(given))


def _parsed_ip(text: str) -> Address:
    address = ipaddress.ip_address(text)
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped
    if mapped or "%" in text:
        raise ValueError("IPv4-mapped IPv6 addresses and zones are not allowed")
    return address


def _address(address: Address) -> Json:
    return {"is": _IP, "value": str(address)}


def _asked_of(check: Callable[[Address], bool]) -> Callable[[Json], bool]:
    return lambda ip: check(ipaddress.ip_address(ip["value"]))


def _cidr(text: str) -> Json:
    ipaddress.ip_interface(_with_prefix(text))
    return {"is": _CIDR, "value": text}


def _with_prefix(text: str) -> str:
    if not re.search(r"/\d+$", text):
        raise ValueError(f"network address parse error during conversion from string: {text}")
    return text


def _text_of(given: Any) -> str:
    return str(cast("Json", given)["value"] if isinstance(given, dict) else given)


def _network(cidr: Any) -> Network:
    text = _text_of(cidr)
    return ipaddress.ip_interface(_with_prefix(text)).network


def _contains_ip(cidr: Json, ip: Any) -> bool:
    return ipaddress.ip_address(_text_of(ip)) in _network(cidr)


def _contains_cidr(cidr: Json, other: Any) -> bool:
    outer, inner = _network(cidr), _network(other)
    return outer.version == inner.version and inner.subnet_of(cast("Any", outer))


def _masked(cidr: Json) -> Json:
    return {"is": _CIDR, "value": str(_network(cidr))}


def _prefix_length(cidr: Json) -> int:
    return _network(cidr).prefixlen


def _family(ip: Json) -> int:
    return ipaddress.ip_address(ip["value"]).version


def _url(text: str) -> Json:
    parts = urlsplit(text)
    if re.search(r"[\x00-\x20\x7f]", text) or not (parts.scheme or text.startswith("/")):
        raise ValueError(f"URL parse error during conversion from string: {text}")
    _ = parts.port  # refused if it is none
    return {"is": _URL, "value": text}


def _part(get: Callable[[Any], Any]) -> Callable[[Json], Any]:
    return lambda url: get(urlsplit(url["value"]))


def _is(make: Callable[[Any], Any]) -> Callable[[Any], bool]:
    """Whether a text can be made one."""

    def check(text: Any) -> bool:
        try:
            make(text)
        except ValueError:
            return False
        return True

    return check


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isSorted": _is_sorted, "sum": _sum, "min": _least, "max": _most,
    "indexOf": _index_of, "lastIndexOf": _last_index_of,
    "find": _find, "findAll": _find_all,
    "charAt": _char_at, "substring": _substring, "split": _split, "replace": _replace,
    "join": _join, "trim": _trim, "lowerAscii": _lower, "upperAscii": _upper,
    "quantity": _quantity, "isQuantity": _is(_quantity), "isInteger": _is_whole,
    "asInteger": _as_integer, "asApproximateFloat": _as_float,
    "compareTo": _compare,
    "isGreaterThan": _is_greater,
    "isLessThan": _is_less,
    "add": _added,
    "sub": _subtracted,
    "ip": _ip, "isIP": _is(_parsed_ip), "family": _family,
    "isUnspecified": _asked_of(lambda one: one.is_unspecified),
    "isLoopback": _asked_of(lambda one: one.is_loopback),
    "isLinkLocalUnicast": _asked_of(lambda one: one.is_link_local),
    "isGlobalUnicast": _asked_of(
        lambda one: not (one.is_unspecified or one.is_loopback or one.is_multicast or one.is_link_local)
    ),
    "cidr": _cidr, "isCIDR": _is(_cidr), "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr, "masked": _masked, "prefixLength": _prefix_length,
    "url": _url, "isURL": _is(_url),
    "getScheme": _part(lambda one: one.scheme), "getHost": _part(lambda one: one.netloc.rpartition("@")[2]),
    "getHostname": _part(lambda one: one.hostname or ""),
    "getPort": _part(lambda one: str(one.port) if one.port is not None else ""),
    "getEscapedPath": _part(lambda one: one.path),
    "getQuery": _part(lambda one: parse_qs(one.query, keep_blank_values=True)),
}  # fmt: skip
