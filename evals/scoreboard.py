"""Figures of a run, in the JSON that contracts fix and as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    case: str
    why: str


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """`totals_only`: the cases are held out, so that no failure is told."""

    name: str
    cases: int
    failures: tuple[Failure, ...]
    metrics: dict[str, Any]
    totals_only: bool = False

    @property
    def passed(self) -> int:
        return self.cases - len({failure.case for failure in self.failures})

    @property
    def told(self) -> tuple[Failure, ...]:
        return () if self.totals_only else self.failures

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "cases": self.cases,
            "passed": self.passed,
            "metrics": self.metrics,
            "failures": [{"case": one.case, "why": one.why} for one in self.told],
        }

    def as_text(self) -> Iterator[str]:
        """A line for the suite, one for each figure, and the failures below."""
        yield f"{self.name}: {self.passed} of {self.cases} cases right in every respect"
        for name, value in self.metrics.items():
            yield from _figure(name.replace("_", " "), value, "  ")
        for failure in self.told:
            yield f"  {failure.case}: {failure.why}"


def _figure(name: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{indent}{name}"
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _figure(str(key).replace("_", " "), inner, indent + "  ")  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            told = ", ".join(f"{key.replace('_', ' ')} {each}" for key, each in one.items())  # pyright: ignore
            yield f"{indent}{told}"
    else:
        yield f"{indent}{name:32}{'-' if value is None else value}"
