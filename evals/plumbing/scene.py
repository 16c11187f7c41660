"""One way in which a model is faulty, and how a turn with it must end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from agent.limits import Limits
from evals.providers.saying import Reply

QUESTION = "Why is checkout failing in namespace shop?"
# How a turn may end: answered whole, answered in part for this reason, or one sentence of why not.
WHOLE, FAILED = "whole", "failed"
SHORT = Limits(time_s=20, approval=timedelta(minutes=5))


@dataclass(frozen=True)
class Scene:
    """`script` is what the first model says, `second` what a fallback says, if there is one.

    `ends` are the ends that are right; `told` must stand in the answer or the error, `marked` in the
    answer with a mark right behind it. `yes` is what a person says to what waits (None: nobody can be
    asked); `writes` is how often the cluster is changed. `requests` bounds what both models are sent.
    A model that `rests` asked to be left alone, so the next turn says that instead of asking it.
    """

    name: str
    script: Sequence[Reply]
    ends: Sequence[str] = (WHOLE,)
    requests: int = 4
    question: str = QUESTION
    second: Sequence[Reply] = ()
    told: Sequence[str] = ()
    untold: Sequence[str] = ()
    marked: Sequence[str] = ()
    yes: bool | None = None
    writes: int = 0
    limits: Limits = SHORT
    timeout_s: float = 5.0
    language: Literal["en", "zh"] = "en"
    rests: bool = False
