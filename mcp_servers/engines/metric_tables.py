"""A table of metrics made ready: in order of time, counters as rates, idle columns left out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.metric_kinds import Kind, is_named_a_counter, is_share_of_good, kind_of

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

# Fewer values than this do not show whether a column only ever grows.
FEWEST_TO_TELL_A_COUNTER = 6
# An unnamed column is a counter only when it never falls and grows at most steps, for so long.
FEWEST_WITHOUT_A_NAME = 20
GROWS_MOSTLY = 0.7
# Of a counter by name, so many steps may fall: each restart of the process is one.
FALLS_AT_MOST = 0.1
# A share written as a ratio or in percent, with room for rounding.
CEILINGS = (1.0, 100.0)
# These grow for long without being counted.
_GAUGES = frozenset({Kind.MEMORY, Kind.LATENCY, Kind.WAITING, Kind.DISK})


@dataclass(frozen=True, slots=True)
class Column:
    """`ceiling` is set where the values are what is missing to it."""

    component: str
    metric: str
    kind: Kind
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """`values` has a row for each of `times` (seconds, ascending) and a column for each of `columns`."""

    times: Array
    values: Array
    columns: tuple[Column, ...]
    step_s: float
    clock_went_back: bool
    idle: tuple[str, ...]  # columns without two different values
    unnamed: tuple[str, ...]  # columns whose name is not component:metric


def made_ready(times: Array, names: Iterable[str], values: Array) -> Table:
    """Put rows in order, the later of two with one time kept; turn counters into rates a second.

    A share of what went well (an availability) becomes the share of what did not, so that a fall
    from 99.9 to 99 is the large change that it is.
    """
    order, went_back = in_order(times)
    times, values = times[order], values[order]
    values = np.where(np.isfinite(values), values, np.nan)
    step_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    columns: list[Column] = []
    kept: list[Array] = []
    idle: list[str] = []
    unnamed: list[str] = []
    for name, raw in zip(names, values.T, strict=True):
        component, colon, metric = name.rpartition(":")
        if not (colon and component and metric):
            unnamed.append(name)
            continue
        column, told = _told(Column(component, metric, kind_of(metric)), times, raw)
        if _is_idle(told):
            idle.append(name)
            continue
        columns.append(column)
        kept.append(told)
    table = np.column_stack(kept) if kept else np.empty((len(times), 0))
    return Table(times, table, tuple(columns), step_s, went_back, tuple(idle), tuple(unnamed))


def in_order(times: Array) -> tuple[NDArray[np.intp], bool]:
    """The places of the rows by time, of two with one time the later; and whether time went back."""
    known = np.flatnonzero(np.isfinite(times))
    went_back = bool((np.diff(times[known]) < 0).any())
    order = known[np.argsort(times[known], kind="stable")]
    last = np.append(np.diff(times[order]) > 0, [True]) if len(order) else np.empty(0, dtype=bool)
    return order[last], went_back


def _is_idle(values: Array) -> bool:
    known = values[np.isfinite(values)]
    return len(known) < 2 or float(known.min()) == float(known.max())


def _told(column: Column, times: Array, values: Array) -> tuple[Column, Array]:
    known = np.isfinite(values)
    if is_counter(column.metric, values[known]):
        return column, rates(times, values, known)
    ceiling = _ceiling(values[known]) if is_share_of_good(column.metric) else None
    if ceiling is None:
        return column, values
    return replace(column, ceiling=ceiling), np.maximum(ceiling - values, 0.0)


def is_counter(metric: str, known: Array) -> bool:
    """Whether values without gaps are those of a counter: by name, or because they only grow."""
    if len(known) < FEWEST_TO_TELL_A_COUNTER:
        return False
    steps = np.diff(known)
    if is_named_a_counter(metric):
        return float((steps < 0).mean()) <= FALLS_AT_MOST
    return (
        kind_of(metric) not in _GAUGES
        and len(known) >= FEWEST_WITHOUT_A_NAME
        and not (steps < 0).any()
        and float((steps > 0).mean()) >= GROWS_MOSTLY
    )


def rates(times: Array, values: Array, known: Mask) -> Array:
    """Growth a second since the value before. A counter that fell was started anew, from zero."""
    at = np.flatnonzero(known)
    grown = np.diff(values[at])
    grown = np.where(grown < 0, values[at][1:], grown)
    told = np.full(len(values), np.nan)
    told[at[1:]] = grown / np.diff(times[at])
    return told


def _ceiling(known: Array) -> float | None:
    if not len(known) or float(known.min()) < 0:
        return None
    highest = float(known.max())
    return next((one for one in CEILINGS if highest <= one * (1 + 1e-6)), None)
