"""What an ingest did, and what it left out."""

from dataclasses import dataclass, field

from core.sentences import Said


@dataclass(frozen=True, slots=True)
class Skipped:
    """A page that could not be taken in, and why."""

    doc: str
    reason: Said


@dataclass
class Report:
    """What an ingest did. `vectors`: why passages went in without vectors; empty when they have them."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    passages: int = 0
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    vectors: Said = field(default_factory=Said)
