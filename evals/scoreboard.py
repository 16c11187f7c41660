"""Figures of a run, in the JSON that contracts fix."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    case: str
    why: str


@dataclass(frozen=True, slots=True)
class SuiteResult:
    name: str
    cases: int
    failures: tuple[Failure, ...]
    metrics: dict[str, Any]

    @property
    def passed(self) -> int:
        return self.cases - len({failure.case for failure in self.failures})

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "cases": self.cases,
            "passed": self.passed,
            "metrics": self.metrics,
            "failures": [{"case": one.case, "why": one.why} for one in self.failures],
        }
