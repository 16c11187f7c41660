"""A table of metrics → which component, and which metric of it, is the root cause.

Each component is credited with its strongest shift of every kind (metric_shifts, log_novelty), less
what its neighbours explain (blame). How the parts were chosen: docs/decisions/0007.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite

import numpy as np

from mcp_servers.engines.blame import Blame, Calls, blames
from mcp_servers.engines.log_novelty import BY_CHANCE, LogLine, Said, news
from mcp_servers.engines.metric_kinds import WEIGHT, Kind
from mcp_servers.engines.metric_shifts import Shift, shifts, strength
from mcp_servers.engines.metric_tables import Array, Table, made_ready
from mcp_servers.engines.onsets import onset

# Without one value before and one after there is nothing to compare; one before has no spread.
FEWEST_BEFORE, FEWEST_AFTER = 2, 1

# Confidence is a softmax over the scores and over "none of these", which has a score of its own.
# Both numbers were fitted on made-up systems (seeds from 10,000 up) and development cases.
SOFTNESS = 1.4
NONE_OF_THESE = 1.5
# Where nothing moved by so many spreads, the time was an ordinary one.
ORDINARY = 4.0
HIGHEST = 0.97

LOG_METRIC = "logs"
METHOD = "robust shifts summed over kinds"


class Verdict(StrEnum):
    FOUND = "found"
    HEALTHY = "healthy"
    INSUFFICIENT_DATA = "insufficient_data"


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing that moved: a metric (`shift`) or what a log says (`said`).

    `left` is the part of its strength that no neighbour explains.
    """

    component: str
    metric: str
    kind: Kind
    strength: float
    shift: Shift | None = None
    said: Said | None = None
    left: float = 0.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """`moved` is its evidence, the most telling first."""

    component: str
    score: float
    confidence: float
    moved: tuple[Moved, ...]

    def share(self, one: Moved) -> float:
        """How telling one of the things that moved is, beside the most telling; 0 to 1."""
        most = self.moved[0].left
        return one.left / most if most > 0 else 0.0

    def part(self, one: Moved) -> float:
        """The part of one of the things that moved in all that moved here; they sum to 1."""
        total = sum(other.left for other in self.moved)
        return one.left / total if total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about the answer, worded by the catalogues."""

    key: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TableRanking:
    """`suspects` come most suspect first; moments are in seconds, None where there is none."""

    verdict: Verdict
    suspects: tuple[Suspect, ...]
    method: str
    begin: float | None
    at: float | None
    end: float | None
    notes: tuple[Note, ...]


def rank_table(
    times: Array,
    names: Sequence[str],
    values: Array,
    *,
    at: float | None = None,
    edges: Iterable[tuple[str, str]] = (),
    logs: Sequence[LogLine] = (),
    target: str = "",
) -> TableRanking:
    """Rank the components of a table whose columns are `component:metric`, gaps as NaN.

    `at` is when the trouble began, in seconds as `times` are; without it the moment is looked for.
    `target` is the component, or component:metric, that suffers.
    """
    table = made_ready(times, names, values)
    began = onset(table) if at is None else at
    calls = Calls.of(edges)
    moved, why = _moved(table, began, logs)
    suspects = _suspects(moved, calls, _component_of(target, calls, table))
    span = (float(table.times[0]), float(table.times[-1])) if len(table.times) else (None, None)
    return TableRanking(
        verdict=Verdict.INSUFFICIENT_DATA if why else _verdict(moved),
        suspects=tuple(suspects),
        method=_method(at, calls, logs),
        begin=span[0],
        at=began,
        end=span[1],
        notes=(*_notes(table, target, calls), *why),
    )


def _moved(
    table: Table, at: float | None, logs: Sequence[LogLine]
) -> tuple[list[Moved], tuple[Note, ...]]:
    """What moved, or why that cannot be said."""
    if at is None:
        return [], (Note("rank_no_onset", {}),)
    before = int((table.times < at).sum())
    after = len(table.times) - before
    if before < FEWEST_BEFORE or after < FEWEST_AFTER:
        counts = {"before": str(before), "after": str(after)}
        needs = {"needs_before": str(FEWEST_BEFORE), "needs_after": str(FEWEST_AFTER)}
        return [], (Note("rank_too_few_rows", {**counts, **needs}),)
    moved = [*_metrics_moved(table, at), *_logs_moved(table, at, logs)]
    return moved, () if moved else (Note("rank_nothing_changes", {}),)


def _notes(table: Table, target: str, calls: Calls) -> list[Note]:
    notes: list[Note] = []
    if table.clock_went_back:
        notes.append(Note("rank_clock_went_back", {}))
    if table.idle:
        notes.append(Note("rank_idle_columns", {"count": str(len(table.idle))}))
    if table.unnamed:
        notes.append(Note("rank_unnamed_columns", {"count": str(len(table.unnamed))}))
    if target and not _component_of(target, calls, table):
        notes.append(Note("rank_unknown_target", {"target": target}))
    return notes


def _metrics_moved(table: Table, at: float) -> list[Moved]:
    return [
        Moved(one.column.component, one.column.metric, one.column.kind, one.strength, shift=one)
        for one in shifts(table, at)
        if isfinite(one.strength)
    ]


def _logs_moved(table: Table, at: float, logs: Sequence[LogLine]) -> list[Moved]:
    end = float(table.times[-1]) + table.step_s
    return [
        Moved(
            component=one.component,
            metric=LOG_METRIC,
            kind=Kind.LOGS,
            strength=strength(one.size, WEIGHT[Kind.LOGS]),
            said=one,
        )
        for one in news(logs, at, begin=float(table.times[0]), end=end)
    ]


def _component_of(target: str, calls: Calls, table: Table) -> str:
    """The component of `component` or `component:metric`; "" where nobody is called so."""
    known = {column.component for column in table.columns}
    names = (target, target.rpartition(":")[0])
    return next((name for name in names if name in known or calls.knows(name)), "")


def _suspects(moved: Sequence[Moved], calls: Calls, target: str) -> list[Suspect]:
    shown: dict[str, dict[Kind, float]] = {}
    of: dict[str, list[Moved]] = {}
    for one in moved:
        kinds = shown.setdefault(one.component, {})
        kinds[one.kind] = max(kinds.get(one.kind, 0.0), one.strength)
        of.setdefault(one.component, []).append(one)
    found = blames(shown, calls, target=target)
    order = sorted(found, key=lambda name: (-found[name].score, name))
    sure = _confidences([found[name].score for name in order])
    return [
        Suspect(name, found[name].score, sure[i], _evidence(of[name], found[name]))
        for i, name in enumerate(order)
    ]


def _evidence(moved: Iterable[Moved], blame: Blame) -> tuple[Moved, ...]:
    told = [replace(one, left=min(one.strength, blame.own.get(one.kind, 0.0))) for one in moved]
    return tuple(sorted(told, key=lambda one: (-one.left, -one.strength, one.metric)))


def _confidences(scores: Sequence[float]) -> list[float]:
    every = np.array([*scores, NONE_OF_THESE])
    weights = np.exp(SOFTNESS * (every - every.max()))
    shares = weights[:-1] / weights.sum()
    return [min(float(share), HIGHEST) for share in shares]


def _verdict(moved: Sequence[Moved]) -> Verdict:
    return Verdict.HEALTHY if max(map(_spreads, moved)) < ORDINARY else Verdict.FOUND


def _spreads(one: Moved) -> float:
    if one.said is not None:
        return one.said.size + BY_CHANCE
    return abs(one.shift.size) if one.shift is not None else 0.0


def _method(at: float | None, calls: Calls, logs: Sequence[LogLine]) -> str:
    parts = [METHOD]
    if calls.callees:
        parts.append("less what neighbours in the call graph explain")
    if logs:
        parts.append("with what is new in the logs")
    if at is None:
        parts.append("onset found by change point")
    return ", ".join(parts)
