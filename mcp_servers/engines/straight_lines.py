"""A line through values that outliers do not bend: Theil and Sen's median of slopes."""

from itertools import combinations

import numpy as np

from mcp_servers.engines.metric_tables import Array

# Slopes are taken between all pairs of so many places: 40 make 780.
MOST_PLACES = 40


def line_through(times: Array, values: Array) -> Array:
    """The line at each time, through the middle of the values."""
    places = np.unique(np.linspace(0, len(values) - 1, MOST_PLACES).astype(int))
    ends = np.array(list(combinations(places, 2)))
    run = times[ends[:, 1]] - times[ends[:, 0]]
    slope = float(np.median((values[ends[:, 1]] - values[ends[:, 0]]) / run))
    line = slope * (times - times[0])
    return line + float(np.median(values - line))
