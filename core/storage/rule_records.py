"""What the repository of rule files takes and gives."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RuleFileRow:
    """One version of a file of rules; without a text the file was removed by it."""

    name: str
    version: int
    text: str
    created_by: str
    created_at: datetime
    reason: str = ""
