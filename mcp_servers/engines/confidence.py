"""How sure a ranking is of a root cause: evidence added up as log-odds, never a constant."""

from dataclasses import dataclass
from math import exp, log1p

from mcp_servers.facts.findings import Confidence

# Log-odds of a finding being the root, before anything else is known. The starting points are
# what the words promise: certain about nine in ten, strong four in five, inferred three in five.
PRIOR = {Confidence.CERTAIN: 2.2, Confidence.STRONG: 1.4, Confidence.INFERRED: 0.4}

PER_RESOURCE_EXPLAINED = 0.6  # times ln(1 + n): the first explained neighbour says most
PER_SYMPTOM_EXPLAINED = 0.25  # times ln(1 + n), on the resource itself
CHANGE_CAME_BEFORE = 0.4
ONLY_A_SYMPTOM = -1.8  # something sharper must be behind it, and was not seen
NO_PATH_TO_THE_QUESTION = -1.2
PER_RIVAL = -0.3  # times ln(1 + n)
PER_BLIND_SPOT = -0.15  # times ln(1 + n): what was not checked could hold a better cause

# Nothing that was inferred from a snapshot is certain.
HIGHEST = 0.97


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


def confidence(signals: Signals) -> float:
    """The probability, 0 to 0.97, that this candidate is a root cause of what was asked."""
    odds = (
        PRIOR[signals.stated]
        + PER_RESOURCE_EXPLAINED * log1p(signals.explained_elsewhere)
        + PER_SYMPTOM_EXPLAINED * log1p(signals.explained_here)
        + CHANGE_CAME_BEFORE * signals.change_before
        + ONLY_A_SYMPTOM * signals.symptom_only
        + NO_PATH_TO_THE_QUESTION * (not signals.reaches_focus)
        + PER_RIVAL * log1p(signals.rivals)
        + PER_BLIND_SPOT * log1p(signals.unseen)
    )
    return round(min(1 / (1 + exp(-odds)), HIGHEST), 2)
