"""How sure a ranking is of a root cause: evidence added up as log-odds, never a constant."""

from dataclasses import dataclass
from math import exp, log1p

from mcp_servers.engines.confidence_weights import WEIGHTS
from mcp_servers.facts.findings import Confidence

# Nothing that was inferred from a snapshot is certain.
HIGHEST = 0.99


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for and against one candidate; counts are of distinct things."""

    stated: Confidence
    explained_elsewhere: int
    explained_here: int
    change_before: bool
    symptom_only: bool
    reaches_focus: bool
    rivals: int
    unseen: int


def features(signals: Signals) -> dict[str, float]:
    """What the weights are multiplied with. Of counts the logarithm: the first neighbour that is
    explained says most, and so does the first rival."""
    return {
        **{one.value: float(signals.stated is one) for one in Confidence},
        "explained_elsewhere": log1p(signals.explained_elsewhere),
        "explained_here": log1p(signals.explained_here),
        "change_before": float(signals.change_before),
        "symptom_only": float(signals.symptom_only),  # something sharper was not seen
        "away_from_the_question": float(not signals.reaches_focus),
        "rivals": log1p(signals.rivals),
        "unseen": log1p(signals.unseen),  # what was not checked could hold a better cause
    }


def confidence(signals: Signals) -> float:
    """The probability, 0 to 0.99, that this candidate is a root cause of what was asked."""
    odds = sum(WEIGHTS[name] * value for name, value in features(signals).items())
    return round(min(1 / (1 + exp(-odds)), HIGHEST), 2)
