"""Time series as the engines see them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled series. `points` are (UTC time, value), oldest first; units are in `unit`.

    `role` names what it was asked for, by the metric it stands for, such as
    `container_memory_working_set_bytes`; without one the query itself is searched.
    """

    query: str
    labels: tuple[tuple[str, str], ...]
    points: tuple[tuple[datetime, float], ...]
    unit: str = ""
    role: str = ""

    def label(self, name: str) -> str:
        return dict(self.labels).get(name, "")
