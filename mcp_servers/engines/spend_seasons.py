"""What the weekday, or the hour of the day and of the week, adds to the logarithm of spend.

An effect is the median of its phase, shrunk by what that median may be off (the positive part of
James and Stein, 1961), so that a weekday that is no different adds nothing.
"""

import math

import numpy as np

from mcp_servers.engines.metric_tables import Array

MAD_TO_SIGMA = 1.4826
# How many standard errors of its median an effect is doubted by.
DOUBTED = 2.5
# Hours on both sides that help to know an hour of the week.
BESIDE = 4
FEWEST_PAIRS = 4


def effects(logs: Array, cycle: int, longer: int = 0) -> Array:
    """For each of the logs, and last for the one that comes next, what its place adds."""
    told = _shrunk(logs, cycle, _phases(logs, cycle))
    if longer and len(logs) >= 2 * longer:
        rest = logs - told[:-1]
        told = told + _shrunk(rest, longer, _near(rest, longer), seen=2 * BESIDE + 1)
        rest = logs - told[:-1]  # where a weekend begins, an hour is not like those beside it
        told = told + _shrunk(rest, longer, _phases(rest, longer))
    return told


def _shrunk(logs: Array, cycle: int, of_phase: Array, *, seen: int = 1) -> Array:
    """`of_phase` begins with the phase that comes next; `seen` values of a cycle stand behind it."""
    of_phase = of_phase - _median(of_phase)
    of_phase[~np.isfinite(of_phase)] = 0.0
    cycles = max(len(logs) / cycle, 1.0)
    doubt = DOUBTED * _noise(logs, cycle) / math.sqrt(cycles * seen)
    sure = 1 - (doubt / np.maximum(np.abs(of_phase), 1e-12)) ** 2
    kept = of_phase * np.clip(sure, 0, 1)
    return kept[(np.arange(len(logs) + 1) - len(logs)) % cycle]


def _phases(logs: Array, cycle: int) -> Array:
    return _medians(_folded(logs, cycle))


def _near(logs: Array, cycle: int) -> Array:
    """The median of each phase and of those beside it."""
    folded = _folded(logs, cycle)
    return _medians(
        np.concatenate([np.roll(folded, i, axis=1) for i in range(-BESIDE, BESIDE + 1)])
    )


def _folded(logs: Array, cycle: int) -> Array:
    """Cycles as rows that end with the last value: column 0 is the phase that comes next."""
    rows = -(-len(logs) // cycle)
    padded = np.full(rows * cycle, np.nan)
    padded[rows * cycle - len(logs) :] = logs
    return padded.reshape(rows, cycle)


def _noise(logs: Array, cycle: int) -> float:
    """The spread of one value, from differences over a cycle, which no effect is in."""
    apart = logs[cycle:] - logs[:-cycle]
    apart = apart[np.isfinite(apart)]
    if len(apart) < FEWEST_PAIRS:
        return mad(logs)
    return MAD_TO_SIGMA * float(np.median(np.abs(apart))) / math.sqrt(2) + 1e-9


def mad(values: Array) -> float:
    known = values[np.isfinite(values)]
    return MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known)))) + 1e-9


def _medians(rows: Array) -> Array:
    """Of each column, NaN where it has no value. (numpy's nanmedian is slow and warns.)"""
    ordered = np.sort(rows, axis=0)  # NaN goes last
    counts = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1], dtype=np.intp)
    low, high = np.maximum(counts - 1, 0) // 2, counts // 2
    told = (ordered[low, columns] + ordered[np.minimum(high, len(rows) - 1), columns]) / 2
    return np.where(counts > 0, told, np.nan)


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan
