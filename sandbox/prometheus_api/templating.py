"""The templates in labels and annotations of alerts, as far as alerts commonly use them."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.promql import formatted, scientific

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_LABEL = re.compile(r"(?:\$labels|\.Labels)\.(\w+)")
_PRINTF = re.compile(r'printf\s+"([^"%]*%[-+ 0#]*\d*(?:\.\d+)?[fgeds](?:[^"%]|%%)*)"(?:\s+(\S+))?')

Operand = str | float


class _Unsupported(ValueError):
    """Part of a template that the practice cluster does not know."""


@dataclass(frozen=True)
class Template:
    """What `$labels` and `$value` stand for."""

    labels: Mapping[str, str]
    value: float

    def expanded(self, text: str) -> str:
        """The text with its actions replaced; what goes wrong is told in its place."""
        try:
            return _ACTION.sub(lambda match: _shown(self._pipeline(match[1])), text)
        except _Unsupported as error:
            return f"<error expanding template: {error}>"

    def _pipeline(self, action: str) -> Operand:
        first, *functions = (part.strip() for part in action.split("|"))
        value = self._printed(first, None) if first.startswith("printf") else self._operand(first)
        for name in functions:
            if name.startswith("printf"):
                value = self._printed(name, value)
            elif name in _FUNCTIONS:
                value = _FUNCTIONS[name](value)
            else:
                raise _Unsupported(f"{name!r} is not supported by the practice cluster")
        return value

    def _operand(self, term: str) -> Operand:
        if term in ("$value", ".Value"):
            return self.value
        label = _LABEL.fullmatch(term)
        if label:
            return self.labels.get(label[1], "")
        function, _, operand = term.partition(" ")
        if function in _FUNCTIONS and operand:
            return _FUNCTIONS[function](self._operand(operand.strip()))
        raise _Unsupported(f"{term!r} is not supported by the practice cluster")

    def _printed(self, call: str, piped: Operand | None) -> str:
        match = _PRINTF.fullmatch(call)
        if not match or (piped is None) == (match[2] is None):
            raise _Unsupported(f"{call!r} is not supported by the practice cluster")
        try:
            return match[1] % (self._operand(match[2]) if piped is None else piped)
        except TypeError as error:
            raise _Unsupported(f"{call!r} does not fit its operand") from error


def _shown(value: Operand) -> str:
    if isinstance(value, str):
        return value
    plain = value == 0 or 1e-4 <= abs(value) < 1e6
    return formatted(value, exponents=False) if plain else scientific(value)


def _number(value: Operand) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise _Unsupported(f"{value!r} is not a number") from error


def _enlarged(number: float, base: int, prefixes: Sequence[str]) -> str:
    prefix = ""
    for larger in prefixes:
        if abs(number) < base:
            break
        number, prefix = number / base, larger
    return f"{_short(number)}{prefix}"


def _humanized(value: Operand) -> str:
    number = _number(value)
    if number == 0 or abs(number) >= 1 or not math.isfinite(number):
        return _enlarged(number, 1000, "kMGTPEZY") if math.isfinite(number) else _short(number)
    prefix = ""
    for smaller in "munpfazy":
        if abs(number) >= 1:
            break
        number, prefix = number * 1000, smaller
    return f"{_short(number)}{prefix}"


def _humanized_binary(value: Operand) -> str:
    number = _number(value)
    prefixes = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
    return _enlarged(number, 1024, prefixes if math.isfinite(number) else ())


def _short(number: float) -> str:
    """Four significant digits, as `humanize` gives them."""
    return f"{number:.4g}" if math.isfinite(number) else _shown(number)


def _duration(value: Operand) -> str:
    number = _number(value)
    if not math.isfinite(number):
        return _shown(number)
    if abs(number) < 1:
        return f"{_humanized(number)}s"
    sign, left = ("-" if number < 0 else ""), int(abs(number))
    days, hours, minutes, seconds = left // 86400, left // 3600 % 24, left // 60 % 60, left % 60
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{_short(number)}s"


_FUNCTIONS: dict[str, Callable[[Operand], str]] = {
    "humanize": _humanized,
    "humanize1024": _humanized_binary,
    "humanizeDuration": _duration,
    "humanizePercentage": lambda value: f"{_short(_number(value) * 100)}%",
    "title": lambda value: _shown(value).title(),
    "toLower": lambda value: _shown(value).lower(),
    "toUpper": lambda value: _shown(value).upper(),
}
