"""What a case says is true: the truth.yaml beside a snapshot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import Invalid

Json = dict[str, Any]
Named = tuple[str, str, str]  # kind, namespace, name


class Resource(BaseModel):
    kind: str
    namespace: str = ""
    name: str

    @property
    def key(self) -> Named:
        return self.kind, self.namespace, self.name


class AcceptedCause(BaseModel):
    """Any one of the rules on any one of the resources."""

    rules: list[str]
    resources: list[Resource]

    def takes(self, rule: str, resource: Named) -> bool:
        return rule in self.rules and resource in {one.key for one in self.resources}


class Scope(BaseModel):
    """Where the question looks; a kind and a name when it is about one object."""

    namespace: str = ""
    kind: str = ""
    name: str = ""


class Fix(BaseModel):
    id: str
    resource: Resource | None = None


class Said(BaseModel):
    """The file as contracts fix it. `fix` absent: nothing is said of it."""

    question: Any = None
    scope: Scope = Scope()
    verdict: str = "found"
    root_causes: list[AcceptedCause] = []
    must_mention: list[str | int | float] = []
    must_not_say: list[str] = []
    must_not_blame: list[Resource] = []
    symptoms_ok: list[str] = []  # rules that may be told as symptoms, never as roots
    must_cite: list[str] = []
    refusal: str = ""  # the code of the error that is the right answer, such as not_found
    fix: Fix | str | None = None
    # What autofix may do, where that is not the fix a diagnosis names: `none` where it would be a guess.
    repair: Fix | str | None = None
    # What a person asks autofix_plan for, instead of having causes found.
    asked: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Truth:
    folder: Path
    said: Said

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def namespace(self) -> str:
        return self.said.scope.namespace

    @property
    def questions(self) -> list[str]:
        return _questions(self.said.question)

    @property
    def is_healthy(self) -> bool:
        return self.said.verdict == "healthy" and not self.said.refusal

    @property
    def fix(self) -> str:
        return self.said.fix.id if isinstance(self.said.fix, Fix) else self.said.fix or ""

    @classmethod
    def read(cls, folder: Path) -> "Truth":
        """The truth of one case. Raises `Invalid` naming the file when it cannot be read."""
        file = folder / "truth.yaml"
        try:
            return cls(folder, Said.model_validate(yaml.safe_load(file.read_text("utf-8"))))
        except (OSError, yaml.YAMLError, ValidationError) as error:
            raise Invalid(f"Cannot read {file}: {error}") from error


def _questions(value: Any) -> list[str]:
    """One question, a list of them, or lists by language."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return _questions(list(cast(Json, value).values()))
    return [question for one in cast(list[Any], value or []) for question in _questions(one)]


def cases_in(*roots: Path) -> list[Truth]:
    """Every folder below that has a truth, in the order of their names."""
    folders = {file.parent for root in roots for file in root.rglob("truth.yaml")}
    return [Truth.read(folder) for folder in sorted(folders)]
