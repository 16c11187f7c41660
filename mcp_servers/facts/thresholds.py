"""Where the rules that come with Midwatch draw the line, as far as people may draw it elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threshold:
    """The value it has by itself, and the least and most it may be given."""

    default: float
    least: float
    most: float
    unit: str


_RESTARTS = Threshold(3, 2, 1000, "restarts")

# The name is the rule's, with what is compared behind it.
THRESHOLDS: Mapping[str, Threshold] = {
    "pod.crash_loop.restarts": _RESTARTS,
    "pod.restart_storm.restarts": _RESTARTS,
    "pod.cpu_throttled.percent": Threshold(25, 1, 100, "percent"),
    "pod.memory_near_limit.percent": Threshold(90, 50, 100, "percent"),
    "pvc.nearly_full.percent": Threshold(85, 50, 100, "percent"),
    "quota.near_limit.percent": Threshold(90, 50, 100, "percent"),
    "app.regression_after_change.times": Threshold(2, 1.1, 100, "times"),
    "app.regression_after_change.failing_percent": Threshold(5, 0.1, 100, "percent"),
    "app.regression_after_change.slow_ms": Threshold(100, 1, 60_000, "milliseconds"),
    "app.regression_after_change.missing_percent": Threshold(20, 1, 100, "percent"),
}
