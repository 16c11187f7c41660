"""Pure: what rules say of a sentence, weighed with what it is like."""

import math
from collections.abc import Mapping

from agent.likeness import Likeness
from agent.scoring import Scores, added

# What a point of the rules' evidence counts, and what their choice counts when they are certain,
# beside the logarithm of how likely something is. A plateau: twice or half makes little difference.
EVIDENCE = 0.2
CHOICE = 1.5
# Nothing is impossible because no sentence like it was ever seen.
LEAST = 1e-3
SUBAGENTS = ("rca", "cost", "rag", "autofix", "alert_admin", "none")


def weighed(
    chosen: str, confidence: float, readings: Scores, like: Likeness
) -> Mapping[str, float]:
    """How likely each subagent is, when rules chose one with a confidence."""
    told = {one: _weight(one, readings, like) for one in SUBAGENTS}
    told[chosen] += CHOICE * confidence
    shares = {one: math.exp(weight - max(told.values())) for one, weight in told.items()}
    return {one: share / sum(shares.values()) for one, share in shares.items()}


def _weight(subagent: str, readings: Scores, like: Likeness) -> float:
    own = [score for (one, _), score in readings.items() if one == subagent]
    evidence = EVIDENCE * added(own) if own else 0.0
    return evidence + like.familiar * math.log(max(like.of(subagent), LEAST))
