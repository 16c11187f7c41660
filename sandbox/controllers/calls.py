"""Who serves and who calls whom, as the request series of a picture tell it.

Series that count requests by `service` and `code`, and calls by `caller`, `target` and `code`, are
known; a target in another namespace is written `name.namespace`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.series import Labels, Series, SeriesStore, is_growing, pace

Place = tuple[str, str]
"""Namespace and name of a service."""

_OWN, _CALLS = {"namespace", "service", "code"}, {"namespace", "caller", "target", "code"}
_TIMED = {"namespace", "service"}
_ERROR = "5"


@dataclass
class Flow:
    """One counter by code: what it rose by in a second, before any trouble and at the end."""

    before: dict[Labels, float] = field(default_factory=dict[Labels, float])
    at_end: dict[Labels, float] = field(default_factory=dict[Labels, float])

    def add(self, one: Series) -> None:
        early = max(2, len(one.times_ms) // 3)
        self.before[one.labels] = pace(one.times_ms[:early], one.values[:early]) * 1000
        self.at_end[one.labels] = one.growths[-1].per_ms * 1000

    @property
    def demand(self) -> float:
        """Requests in a second when all is well."""
        return sum(self.before.values()) or sum(self.at_end.values())

    @property
    def usual_errors(self) -> float:
        return _share(self.before)

    @property
    def recorded_errors(self) -> float:
        """At the end of the recording; all, if it had come to a standstill."""
        if self.demand and sum(self.at_end.values()) < self.demand / 100:
            return 1.0
        return _share(self.at_end)

    def paces(self, failing: float, *, served: float = 1.0) -> dict[Labels, float]:
        """Of each series in a second, when such a share fails and such a share is counted at all."""
        found: dict[Labels, float] = {}
        for is_error, share in ((True, failing), (False, 1 - failing)):
            members = {
                labels: before
                for labels, before in self.before.items()
                if fails(labels) is is_error
            }
            whole = sum(members.values())
            for labels, before in members.items():
                part = before / whole if whole else 1 / len(members)
                found[labels] = self.demand * served * share * part
        return found

    def missing_errors(self) -> Labels | None:
        """The series that would count the errors, when the picture has none yet."""
        if any(fails(labels) for labels in self.before):
            return None
        return tuple(sorted({**dict(next(iter(self.before))), "code": "503"}.items()))


@dataclass
class Calls:
    """By service what it answered; by caller and target what was called; by service how long it took."""

    own: dict[Place, Flow] = field(default_factory=dict[Place, Flow])
    calls: dict[tuple[Place, Place], Flow] = field(default_factory=dict[tuple[Place, Place], Flow])
    timed: dict[Place, Flow] = field(default_factory=dict[Place, Flow])

    @classmethod
    def told_by(cls, series: SeriesStore) -> "Calls":
        found = cls()
        for one in series.matching([]):
            labels = dict(one.labels)
            name, names = labels.pop("__name__"), set(labels)
            if not is_growing(one.growths) or len(one.times_ms) < 2:
                continue
            here = (labels.get("namespace", ""), labels.get("service", ""))
            if names == _OWN and name.endswith("_total"):
                found.own.setdefault(here, Flow()).add(one)
            elif names == _CALLS and name.endswith("_total"):
                caller = (labels["namespace"], labels["caller"])
                called = (caller, target_of(labels["target"], labels["namespace"]))
                found.calls.setdefault(called, Flow()).add(one)
            elif names - {"le"} == _TIMED and name.endswith(("_bucket", "_count", "_sum")):
                found.timed.setdefault(here, Flow()).add(one)
        return found

    @property
    def places(self) -> set[Place]:
        return {*self.own, *(place for called in self.calls for place in called)}

    def recorded_errors(self, place: Place) -> float:
        """The share of requests to a service that failed in the picture, best known by its callers."""
        flows = [flow for (_, target), flow in self.calls.items() if target == place]
        flows = flows or ([self.own[place]] if place in self.own else [])
        weights = sum(flow.demand for flow in flows)
        failed = sum(flow.demand * flow.recorded_errors for flow in flows)
        return failed / weights if weights else 0.0

    def upstream(self, places: Iterable[Place]) -> set[Place]:
        """These, and whoever calls them, and whoever calls those."""
        found, more = set[Place](), set(places)
        while more:
            found |= more
            more = {caller for caller, target in self.calls if target in more} - found
        return found


def target_of(text: str, namespace: str) -> Place:
    name, _, elsewhere = text.partition(".")
    return (elsewhere.partition(".")[0] or namespace, name)


def fails(labels: Labels) -> bool:
    return dict(labels).get("code", "").startswith(_ERROR)


def _share(rates: Mapping[Labels, float]) -> float:
    whole = sum(rates.values())
    return sum(rate for labels, rate in rates.items() if fails(labels)) / whole if whole else 0.0
