"""Matchers of silences and filters, and the fingerprint that names a label set."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import Invalid
from sandbox.alertmanager_api.refusals import sentence
from sandbox.series import compiled

Labels = Mapping[str, str]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_MATCHER = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL)
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}
_BARE_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')

# FNV-1a, 64 bits.
_OFFSET, _PRIME, _BITS = 14695981039346656037, 1099511628211, (1 << 64) - 1


@dataclass(frozen=True)
class Matcher:
    """A condition on one label; an absent label is an empty one."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def matches(self, labels: Labels) -> bool:
        value = labels.get(self.name, "")
        same = value == self.value
        if self.is_regex:
            same = compiled(self.value).fullmatch(value) is not None
        return same is self.is_equal

    def flaw(self) -> str:
        """Why the pattern is none, or nothing."""
        try:
            compiled(self.value if self.is_regex else "")
        except Invalid as error:
            return error.message
        return ""


def is_label(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    return all(one.matches(labels) for one in matchers)


def parse_filter(text: str) -> Matcher:
    """A matcher as `filter=` gives it. Raises `Refused`."""
    match = _MATCHER.fullmatch(text)
    if not match:
        raise sentence(f"bad matcher format: {text}")
    name, operator, written = match.groups()
    matcher = Matcher(name, _unquoted(written), operator.endswith("~"), operator.startswith("="))
    why = matcher.flaw()
    if why:
        raise sentence(f"{why}: `^(?:{matcher.value})$`")
    return matcher


def receiver_pattern(text: str) -> re.Pattern[str] | None:
    """What the names of receivers must match, if anything. Raises `Refused`."""
    try:
        return compiled(text) if text else None
    except Invalid as error:
        why = f"{error.message}: `^(?:{text})$`"
        raise sentence(f"failed to parse receiver param: {why}") from error


def fingerprint(labels: Labels) -> str:
    """Prometheus's name for a label set."""
    found = _OFFSET
    for name in sorted(labels):
        for byte in (*name.encode(), 255, *labels[name].encode(), 255):
            found = (found ^ byte) * _PRIME & _BITS
    return f"{found:016x}"


def _unquoted(written: str) -> str:
    """Quotes are optional, but have to be whole."""
    text = written
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"'):
            raise sentence(f"matcher value contains unescaped double quote: {written}")
        text = text[1:-1]
    if _BARE_QUOTE.search(text):
        raise sentence(f"matcher value contains unescaped double quote: {written}")
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text)
