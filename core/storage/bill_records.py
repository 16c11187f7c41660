"""What the repository of bills takes and gives. Money is a decimal number as text."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class BillPartRow:
    """What one service with the same tags cost on one day; `part` tells it from the day's others."""

    bill: str
    day: date
    part: str
    service: str
    currency: str
    cost: str
    tags: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class BillImportRow:
    """A file that was read in. `changed`: days that were known otherwise, with before and after."""

    id: str
    bill: str
    imported_at: datetime
    imported_by: str
    first_day: date
    last_day: date
    lines: int
    changed: list[Any] = field(default_factory=list[Any])
