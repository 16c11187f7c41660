"""How high the highest value of a forecast may be: each way the forecast missed before, tried on it.

Of each earlier origin the errors go on top of the forecast, and under it, as they followed each
other; the highest value of each such course is a peak. Their spread is that of Student's t, with as
many courses as the origins are apart: neighbours' errors overlap, and are half the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcp_servers.engines.metric_tables import Array

# With fewer degrees of freedom nothing would ever be unlikely.
LEAST_FREEDOM = 2.0
# The density of t beyond so many spreads is nothing that is printed.
FAR, STEPS = 80.0, 16_001


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest value ahead, in the unit of the series: `centre` and `spread` of a t distribution."""

    centre: float
    spread: float
    freedom: float
    origins: int

    def above(self, level: float) -> float:
        """How likely the peak is above a level, 0 to 1."""
        if self.spread <= 0:
            return float(self.centre > level)
        return 1 - _below((level - self.centre) / self.spread, self.freedom)

    def at(self, share: float) -> float:
        """The level below which the peak stays in this share of cases."""
        marks, sums = _course(self.freedom)
        return self.centre + self.spread * float(np.interp(share, sums, marks))


def peaks(
    mean: Array, missed: Array, power: float, origins: Sequence[int], *, skip: int = 0
) -> Peaks | None:
    """`missed` has errors by origin and lead, NaN where the series ended; errors grow by `power`.

    The highest is looked for after the first `skip` values. None with fewer than two origins: one course shows no spread.
    """
    if len(origins) < 2:
        return None
    errors = _courses(missed, len(mean), power)
    both = np.concatenate([mean + errors, mean - errors])
    found = both[:, skip:].max(axis=1)
    apart = independent(origins, missed.shape[1])
    spread = float(found.std(ddof=1)) * math.sqrt(1 + 1 / apart)
    freedom = max(apart - 1, LEAST_FREEDOM)
    return Peaks(float(found.mean()), spread, freedom, len(origins))


def independent(origins: Sequence[int], lead: int) -> float:
    """As how many origins they count, when what lies between two of them is less than a lead."""
    return min(float(len(origins)), 1 + (max(origins) - min(origins)) / lead)


def _courses(missed: Array, ahead: int, power: float) -> Array:
    """Errors of all leads by origin: what one does not know is another's, and grows with the lead."""
    finite, rows = np.isfinite(missed), np.arange(len(missed))
    filled = missed.copy()
    for lead in np.flatnonzero(~finite.all(axis=0)):
        known = np.flatnonzero(finite[:, lead])
        others = known[rows % len(known)]
        filled[:, lead] = missed[np.where(finite[:, lead], rows, others), lead]
    steps = np.arange(ahead)
    leads = steps % missed.shape[1]
    return filled[:, leads] * np.float_power((steps + 1) / (leads + 1), power)


def _below(value: float, freedom: float) -> float:
    marks, sums = _course(freedom)
    return float(np.interp(value, marks, sums))


def _course(freedom: float) -> tuple[Array, Array]:
    """The distribution of Student's t, summed up: any degree of freedom, whole or not."""
    marks = np.sinh(np.linspace(-math.asinh(FAR), math.asinh(FAR), STEPS))
    density = np.float_power(1 + marks**2 / freedom, -(freedom + 1) / 2)
    pieces = (density[1:] + density[:-1]) / 2 * np.diff(marks)
    sums = np.concatenate([[0.0], np.cumsum(pieces)])
    return marks, sums / sums[-1]
