"""What a case says is true: the truth.yaml beside a snapshot."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from core.errors import Invalid

Json = dict[str, Any]
Named = tuple[str, str, str]  # kind, namespace, name


@dataclass(frozen=True, slots=True)
class AcceptedCause:
    rules: frozenset[str]
    resources: frozenset[Named]


@dataclass(frozen=True, slots=True)
class Truth:
    folder: Path
    questions: tuple[str, ...]
    namespace: str
    verdict: str
    root_causes: tuple[AcceptedCause, ...] = ()
    must_mention: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()
    must_not_blame: frozenset[Named] = field(default_factory=frozenset[Named])
    fix: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    @classmethod
    def read(cls, folder: Path) -> "Truth":
        """The truth of one case. Raises `Invalid` naming the file when it cannot be read."""
        file = folder / "truth.yaml"
        try:
            raw: Json = yaml.safe_load(file.read_text("utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise Invalid(f"Cannot read {file}: {error}") from error
        return cls(
            folder=folder,
            questions=tuple(_questions(raw.get("question"))),
            namespace=str((raw.get("scope") or {}).get("namespace") or ""),
            verdict=str(raw.get("verdict") or "found"),
            root_causes=tuple(_cause(one) for one in raw.get("root_causes") or []),
            must_mention=tuple(str(one) for one in raw.get("must_mention") or []),
            must_not_say=tuple(str(one) for one in raw.get("must_not_say") or []),
            must_not_blame=frozenset(_named(one) for one in raw.get("must_not_blame") or []),
            fix=_fix(raw.get("fix")),
        )


def _questions(value: Any) -> list[str]:
    """One question, a list of them, or lists by language."""
    if isinstance(value, str):
        return [value]
    several: list[Any] = list(value.values()) if isinstance(value, dict) else list(value or [])
    return [question for one in several for question in _questions(one)]


def _cause(raw: Json) -> AcceptedCause:
    return AcceptedCause(
        rules=frozenset(raw.get("rules") or []),
        resources=frozenset(_named(one) for one in raw.get("resources") or []),
    )


def _named(raw: Json) -> Named:
    return str(raw.get("kind", "")), str(raw.get("namespace") or ""), str(raw.get("name", ""))


def _fix(raw: Any) -> str:
    """The fix id; "" where nothing is said, "none" where none may be offered."""
    return str(raw.get("id", "")) if isinstance(raw, dict) else str(raw or "")


def cases_in(*roots: Path) -> list[Truth]:
    """Every folder below that has a truth, in the order of their names."""
    folders = {file.parent for root in roots for file in root.rglob("truth.yaml")}
    return [Truth.read(folder) for folder in sorted(folders)]
