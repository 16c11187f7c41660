"""What the repository of flags takes and gives."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

from core.flags import Flag


@dataclass(frozen=True, slots=True)
class FlagRow:
    """`terms`: state, share_percent, labels, needs and gates, as alerting_set_flag takes them."""

    name: str
    terms: dict[str, Any]
    held: str
    held_since: datetime | None
    figures: dict[str, Any]
    updated_by: str
    updated_at: datetime

    @property
    def flag(self) -> Flag:
        told = {key: value for key, value in self.terms.items() if key != "gates"}
        return Flag(name=self.name, **told, held=self.held)  # pyright: ignore[reportArgumentType] - one of the two


@dataclass(frozen=True, slots=True)
class FlagEventRow:
    """`what`: set, evaluated, verdict (of `detail["of"]`), held, released, or shadow: what it would have done."""

    id: str
    flag: str
    at: datetime
    what: str
    by: str
    detail: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(
        cls, flag: str, what: str, by: str, at: datetime, detail: dict[str, Any], *, mark: str = ""
    ) -> Self:
        """`mark`: what is said again with the same one takes the place of what was said."""
        told = f"{flag}\0{what}\0{by}\0{mark or at.isoformat()}"
        return cls(sha256(told.encode()).hexdigest()[:32], flag, at, what, by, detail)
