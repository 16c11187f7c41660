"""Time series as the engines see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled series. `points` are (UTC time, value), oldest first; units are in `unit`.

    `role` names what a diagnoser's series were asked for, by the metric they stand for, such as
    `container_memory_working_set_bytes`; `metric` is the one they were worked out from.
    """

    query: str
    labels: tuple[tuple[str, str], ...]
    points: tuple[tuple[datetime, float], ...]
    unit: str = ""
    role: str = ""
    metric: str = ""

    def label(self, name: str) -> str:
        return next((value for key, value in self.labels if key == name), "")


class SeriesIndex:
    """Series by what they were asked for and by pod: most who ask, ask about one pod."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._by_role: dict[str, list[Series]] = {}
        self._by_pod: dict[tuple[str, str], list[Series]] = {}
        for one in series:
            self._by_role.setdefault(one.role, []).append(one)
            self._by_pod.setdefault((one.role, one.label("pod")), []).append(one)

    def find(self, role: str, labels: Mapping[str, str]) -> list[Series]:
        """Those of a role that carry these labels, in the order they were given."""
        pod = labels.get("pod")
        known = self._by_role.get(role, []) if pod is None else self._by_pod.get((role, pod), [])
        return [one for one in known if labels.items() <= dict(one.labels).items()]
