"""When a table changed, where nobody says when: the one moment that splits most columns best."""

import numpy as np

from mcp_servers.engines.metric_shifts import MAD_TO_SIGMA, median
from mcp_servers.engines.metric_tables import Array, Table

# Enough to place a moment; longer tables are averaged to them.
MOST_BINS = 240
FEWEST_BINS = 8
# Before the moment so much has to be seen, as a share of the table and in bins.
SEEN_BEFORE, FEWEST_BEFORE = 0.2, 4
# A change is looked for over stretches of these shares of the table: faults end.
STRETCHES = (0.04, 0.1, 0.25)
FEWEST_AFTER = 3
# Smaller steps, in standard errors, are not counted: with many columns they would add up.
COUNTED_FROM = 3.0
# Steps below this share of the level are not a change of anybody's.
LEAST_STEP = 0.03


def onset(table: Table) -> float | None:
    """The first moment of the changed time, in seconds; None where nothing changed or too little is seen."""
    width = max(1, -(-len(table.times) // MOST_BINS))
    starts = table.times[::width]
    rows = [table.values[i : i + width] for i in range(0, len(table.times), width)]
    if len(rows) < FEWEST_BINS or not table.columns:
        return None
    scaled = _scaled(np.vstack([_mean(one) for one in rows]))
    scores = np.zeros(len(scaled))
    for stretch in {max(FEWEST_AFTER, round(share * len(scaled))) for share in STRETCHES}:
        scores = np.maximum(scores, _scores(scaled, stretch))
    best = int(np.argmax(scores))
    return float(starts[best]) if scores[best] > 0 else None


def _mean(rows: Array) -> Array:
    known = np.isfinite(rows)
    counts = known.sum(axis=0)
    return np.where(
        counts > 0, np.where(known, rows, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan
    )


def _scaled(values: Array) -> Array:
    """Logarithmic above the usual level, gaps filled with it, in spreads of the steps between bins.

    Steps from bin to bin tell the noise even where the level moved.
    """
    usual = median(values)
    level = np.where(np.abs(usual) > 0, np.abs(usual), 1.0)
    told = np.arcsinh(np.where(np.isfinite(values), values, usual) / level)
    steps = np.abs(np.diff(told, axis=0))
    return told / (MAD_TO_SIGMA * median(steps) / np.sqrt(2) + LEAST_STEP)


def _scores(scaled: Array, stretch: int) -> Array:
    """How well a step at each bin tells the time before from the stretch after it."""
    count = len(scaled)
    first = max(FEWEST_BEFORE, int(SEEN_BEFORE * count))
    total = np.vstack([np.zeros(scaled.shape[1]), np.cumsum(scaled, axis=0)])
    places = np.arange(first, count - FEWEST_AFTER + 1)
    ends = np.minimum(places + stretch, count)
    begins = np.maximum(places - 4 * stretch, 0)
    after = (total[ends] - total[places]) / (ends - places)[:, None]
    before = (total[places] - total[begins]) / (places - begins)[:, None]
    error = np.sqrt(1 / (ends - places) + 1 / (places - begins))[:, None]
    beyond = np.maximum(np.abs(after - before) / error - COUNTED_FROM, 0.0)
    scores = np.zeros(count)
    scores[places] = np.log1p(beyond).sum(axis=1)
    return scores
