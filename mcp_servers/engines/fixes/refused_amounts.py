"""What a quota or LimitRange demanded when it refused a pod, read from the API server's words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.kubernetes import Json

# `must specify limits.memory for: web; requests.cpu for: web,sidecar`, and without the names.
_MUST = re.compile(r"must specify (.+)", re.IGNORECASE)
_ONE = re.compile(r"((?:limits|requests)\.)?(cpu|memory)(?:\s+for:\s*([\w.,-]+))?")
_BOUND = re.compile(
    r"(?P<which>minimum|maximum) (?P<resource>cpu|memory) usage per Container is (?P<bound>[\d.]*\d\w*)"
    r"(?:, but (?P<part>request|limit) is|\.\s+No (?P<absent>request|limit) is specified)?"
)


@dataclass(frozen=True, slots=True)
class Needed:
    """One amount that a container must have. `bound` "": any; else at least or at most that."""

    container: str
    part: str  # requests | limits
    resource: str
    bound: str = ""
    is_minimum: bool = False

    def admits(self, value: str) -> bool:
        """Whether an amount keeps the bound."""
        amount, bound = quantity(value), quantity(self.bound or None)
        if amount is None or bound is None:
            return amount is not None
        return amount >= bound if self.is_minimum else amount <= bound


def needed(message: str, template: Json) -> Iterator[Needed]:
    """What the containers of a template lack to be admitted; nothing for words that are unknown."""
    every = [text(one, "name") for one in rows(template, "spec", "containers")]
    yield from dict.fromkeys([*_demanded(message, every, template), *_bounded(message, template)])


def _demanded(message: str, every: list[str], template: Json) -> Iterator[Needed]:
    match = _MUST.search(message)
    for prefix, resource, names in _ONE.findall(match.group(1)) if match else []:
        part = prefix.rstrip(".") or "requests"
        named = [name for name in names.split(",") if name in every]
        for container in named or every:
            if not _held(template, container, part, resource):
                yield Needed(container, part, resource)


def _bounded(message: str, template: Json) -> Iterator[Needed]:
    for match in _BOUND.finditer(message):
        minimum = match["which"] == "minimum"
        part = f"{match['part'] or match['absent'] or ('request' if minimum else 'limit')}s"
        wanted = Needed("", part, match["resource"], match["bound"], minimum)
        for one in rows(template, "spec", "containers"):
            name = text(one, "name")
            held = _held(template, name, part, match["resource"])
            if not held or not wanted.admits(held):
                yield Needed(name, part, match["resource"], match["bound"], minimum)


def _held(template: Json, container: str, part: str, resource: str) -> str:
    for one in rows(template, "spec", "containers"):
        if text(one, "name") == container:
            return text(one, "resources", part, resource)
    return ""
