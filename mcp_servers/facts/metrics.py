"""Time series as the engines see them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled series. `points` are (UTC time, value), oldest first; units are in `unit`."""

    query: str
    labels: tuple[tuple[str, str], ...]
    points: tuple[tuple[datetime, float], ...]
    unit: str = ""

    def label(self, name: str) -> str:
        return dict(self.labels).get(name, "")
