"""Whether answers given with some confidence are right that often."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

# Lower ends of the bins. Most answers are sure, so the bins are narrow there.
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
SURE = 0.9

Stated = tuple[float, bool]  # the confidence, and whether it was right


@dataclass(frozen=True, slots=True)
class Bin:
    at_least: float
    answers: int
    confidence: float  # the mean that was stated
    right: float  # the share that was


def reliability(stated: Sequence[Stated]) -> list[Bin]:
    """The bins that have answers, lowest first."""
    ends = [*BINS[1:], 1.01]
    bins: list[Bin] = []
    for low, high in zip(BINS, ends, strict=True):
        inside = [one for one in stated if low <= one[0] < high]
        if inside:
            mean = sum(one[0] for one in inside) / len(inside)
            right = sum(one[1] for one in inside) / len(inside)
            bins.append(Bin(low, len(inside), round(mean, 3), round(right, 3)))
    return bins


def expected_error(stated: Sequence[Stated]) -> float | None:
    """Expected calibration error: how far, on average, a bin's confidence is from what came true."""
    if not stated:
        return None
    gaps = sum(one.answers * abs(one.confidence - one.right) for one in reliability(stated))
    return round(gaps / len(stated), 3)


def calibration(stated: Sequence[Stated]) -> dict[str, Any]:
    sure = [right for confidence, right in stated if confidence >= SURE]
    return {
        "expected_calibration_error": expected_error(stated),
        "sure_answers": len(sure),
        "sure_and_right": round(sum(sure) / len(sure), 3) if sure else None,
        "bins": [asdict(one) for one in reliability(stated)],
    }
