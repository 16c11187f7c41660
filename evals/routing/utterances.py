"""Labelled utterances, a line each; README.md beside this file says how they are written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.dividing import read_all
from agent.intents import Route
from core.errors import Invalid

HERE = Path(__file__).parent
# Nobody asks these for the name of anything: they are handed the words themselves.
WITHOUT_ARGUMENTS = frozenset(("rag", "none"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a route should be. Without an intent, more arguments than these may be found too."""

    subagent: str
    intent: str
    arguments: Mapping[str, str]

    def is_filled_by(self, route: Route) -> bool:
        found = folded(route.arguments)
        if not self.intent:
            return folded(self.arguments).items() <= found.items()
        return found == folded(self.arguments)


@dataclass(frozen=True, slots=True)
class Utterance:
    text: str
    language: str
    kind: str
    wanted: tuple[Wanted, ...]
    previous: str = ""

    @property
    def told(self) -> str:
        return f"{self.previous} >> {self.text}" if self.previous else self.text

    def routes(self) -> list[Route]:
        """What is decided about it, after the turn before when there was one."""
        before = read_all(self.previous)[-1].shape() if self.previous else None
        return read_all(self.text, previous=before)


def folded(arguments: Mapping[str, Any]) -> dict[str, str]:
    """What is named, whatever it was taken for: a service may be anybody's word for a workload."""
    told = {key: str(value) for key, value in arguments.items()}
    name = told.pop("service", "")
    if name:
        told.setdefault("name", name)
    if "name" in told and told.get("kind") == "Service":
        del told["kind"]
    return told


def utterances(path: Path) -> list[Utterance]:
    """The lines of a file but remarks (#). Raises `Invalid` for one that cannot be read."""
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    said = [(n, line) for n, line in lines if line.strip() and not line.startswith("#")]
    return [_read(line, f"{path.name} line {n}") for n, line in said]


def _read(line: str, where: str) -> Utterance:
    parts = [part.strip() for part in line.split(" | ")]
    if len(parts) != 3 or len(parts[0].split()) != 2:
        raise Invalid(
            f"{where} is no labelled utterance.", hint="LANGUAGE KIND | TEXT | SUBAGENT/INTENT …"
        )
    language, kind = parts[0].split()
    previous, _, text = parts[1].rpartition(" >> ")
    return Utterance(text, language, kind, tuple(_wanted(parts[2])), previous)


def _wanted(labels: str) -> Iterator[Wanted]:
    for label in labels.split(" ; "):
        route, *pairs = label.split()
        subagent, _, intent = route.partition("/")
        yield Wanted(subagent, intent, dict(pair.split("=", 1) for pair in pairs))
