"""What of a capture is done: kept in its folder, so that a second run goes on where one broke off."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from core.errors import Invalid

FILE = ".capture.json"

Tell = Callable[[str], None]


@dataclass
class Part:
    """One kind, the logs of one container run, or one file of metrics."""

    count: int = 0
    notes: list[str] = field(default_factory=list[str])


@dataclass
class Progress:
    """The parts that are written whole, by name, and of which cluster."""

    path: Path
    cluster: str
    captured_at: str
    parts: dict[str, Part] = field(default_factory=dict[str, Part])

    @classmethod
    def of(cls, folder: Path, cluster: str, now: datetime) -> Self:
        """What an earlier run left, or a beginning. Raises `Invalid` for another cluster's folder."""
        path = folder / FILE
        if not path.exists():
            # Whole seconds: a picture is dated by them, and its samples lie on the same grid.
            return cls(path, cluster, now.replace(microsecond=0).isoformat())
        try:
            raw: dict[str, Any] = orjson.loads(path.read_bytes())
            parts = {name: Part(**part) for name, part in raw["parts"].items()}
            known = cls(path, str(raw["cluster"]), str(raw["captured_at"]), parts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Invalid(f"{path} cannot be read.", hint="Capture with --fresh.") from error
        if known.cluster != cluster:
            raise Invalid(
                f"The folder {folder} holds a capture of {known.cluster}, not of {cluster}.",
                hint="Name another folder, or capture with --fresh.",
            )
        return known

    @property
    def began_at(self) -> datetime:
        return datetime.fromisoformat(self.captured_at)

    def done(self, name: str, part: Part) -> None:
        """Only once everything of this part is on disk."""
        self.parts[name] = part
        told = {
            "cluster": self.cluster,
            "captured_at": self.captured_at,
            "parts": {known: asdict(one) for known, one in self.parts.items()},
        }
        temporary = self.path.with_name(f"{FILE}.part")
        temporary.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        temporary.replace(self.path)

    def count(self, prefix: str) -> int:
        return sum(part.count for name, part in self.parts.items() if name.startswith(prefix))

    @property
    def notes(self) -> list[str]:
        return [note for part in self.parts.values() for note in part.notes]
