"""Who is to blame: strengths of shifts, passed along the calls.

Slowness and failures run from a callee to its callers, load runs from a caller to its callees.
What a component shows is therefore explained by its neighbours as far as they show the same; what is
left is its own. Where callers wait and nobody they call shows why, the wire between is slow.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mcp_servers.engines.metric_kinds import WEIGHT, Kind

Strengths = Mapping[str, Mapping[Kind, float]]

# The share of a shift that a neighbour's takes away, and how much larger than the neighbour's it
# may be and still be explained in full: a caller of several multiplies what it waits for.
EXPLAINED = 0.9
MULTIPLIED = 2.0
# What a neighbour shows by chance (about one spread and a half) explains nothing.
BY_CHANCE = 0.7
# What time of outgoing calls takes from a component's own time.
WAITED = 0.7
# What a callee is given of its callers' unexplained waiting, and how much of that when it is
# told by the own time of a single caller, which may just be slow by itself.
PASSED_ON = 0.6
ONE_WITNESS = 0.3
# A component that the target does not depend on can hardly be the cause of what ails it.
OUT_OF_REACH = 0.3

_TO_CALLERS = (Kind.LATENCY, Kind.ERRORS, Kind.LOGS)
_RESOURCES = (Kind.CPU, Kind.MEMORY, Kind.DISK)


@dataclass(frozen=True, slots=True)
class Calls:
    """Who calls whom."""

    callees: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    callers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @classmethod
    def of(cls, edges: Iterable[tuple[str, str]]) -> "Calls":
        callees: dict[str, list[str]] = defaultdict(list)
        callers: dict[str, list[str]] = defaultdict(list)
        for caller, callee in dict.fromkeys(edges):
            if caller != callee:
                callees[caller].append(callee)
                callers[callee].append(caller)
        return cls(
            {name: tuple(others) for name, others in callees.items()},
            {name: tuple(others) for name, others in callers.items()},
        )

    def knows(self, component: str) -> bool:
        return component in self.callees or component in self.callers

    def reached_from(self, component: str) -> frozenset[str]:
        """The component and all it depends on."""
        reached, ahead = {component}, [component]
        while ahead:
            for callee in self.callees.get(ahead.pop(), ()):
                if callee not in reached:
                    reached.add(callee)
                    ahead.append(callee)
        return frozenset(reached)


@dataclass(frozen=True, slots=True)
class Blame:
    """`own` is what no neighbour explains, by kind; `passed_on` what waiting callers add."""

    own: Mapping[Kind, float]
    passed_on: float = 0.0
    reach: float = 1.0

    @property
    def score(self) -> float:
        return self.reach * (sum(self.own.values()) + self.passed_on)


def blames(shown: Strengths, calls: Calls, *, target: str = "") -> dict[str, Blame]:
    """What is left of what each component showed; without calls only its own waiting is known."""
    own = {name: _own(name, shown, calls) for name in shown}
    passed = _passed_on(shown, own, calls)
    reached = calls.reached_from(target) if calls.knows(target) else None
    return {
        name: Blame(
            kinds,
            passed.get(name, 0.0),
            1.0 if reached is None or name in reached else OUT_OF_REACH,
        )
        for name, kinds in own.items()
    }


def _own(name: str, shown: Strengths, calls: Calls) -> dict[Kind, float]:
    kinds = dict(shown[name])
    if Kind.LATENCY in kinds:
        waiting = _waiting(shown[name])
        kinds[Kind.LATENCY] -= WAITED * min(kinds[Kind.LATENCY], waiting)
    for kind in _TO_CALLERS:
        _explain(kinds, kind, shown, shown[name], calls.callees.get(name, ()))
    _explain(kinds, Kind.TRAFFIC, shown, shown[name], calls.callers.get(name, ()))
    return kinds


def _explain(
    own: dict[Kind, float],
    kind: Kind,
    shown: Strengths,
    here: Mapping[Kind, float],
    neighbours: Iterable[str],
) -> None:
    if kind in own:
        loudest = max((shown.get(one, {}).get(kind, 0.0) for one in neighbours), default=0.0)
        telling = MULTIPLIED * max(loudest - BY_CHANCE, 0.0)
        own[kind] -= min(own[kind], EXPLAINED * min(here[kind], telling))


def _waiting(kinds: Mapping[Kind, float]) -> float:
    """Strength of the shift in outgoing calls, on the scale of own time."""
    return kinds.get(Kind.WAITING, 0.0) / WEIGHT[Kind.WAITING]


def _passed_on(
    shown: Strengths, own: Mapping[str, Mapping[Kind, float]], calls: Calls
) -> dict[str, float]:
    """A callee is suspected of what all of its callers complain of, so the least complaint counts."""
    passed: dict[str, float] = {}
    for callee, callers in calls.callers.items():
        complaints = [
            _complaint(one, shown, own, calls, alone=len(callers) == 1)
            for one in callers
            if one in own
        ]
        if complaints and callee in own:
            passed[callee] = PASSED_ON * min(complaints)
    return passed


def _complaint(
    caller: str,
    shown: Strengths,
    own: Mapping[str, Mapping[Kind, float]],
    calls: Calls,
    *,
    alone: bool,
) -> float:
    """How much a caller waits without any of its callees showing why."""
    if Kind.WAITING in shown[caller]:
        seen = max(
            (shown.get(one, {}).get(Kind.LATENCY, 0.0) for one in calls.callees[caller]),
            default=0.0,
        )
        return max(_waiting(shown[caller]) - MULTIPLIED * seen, 0.0)
    busy = sum(own[caller].get(kind, 0.0) for kind in _RESOURCES)
    return max(own[caller].get(Kind.LATENCY, 0.0) - busy, 0.0) * (ONE_WITNESS if alone else 1.0)
