"""Whether a smart function may be on: by its evaluation and by what was seen of it, with hysteresis.

It is held when a figure is clearly bad and let go when every figure is good again: the margins between
(0.9 of the least accuracy, 1.2 of the longest latency and of the cost, 0.95 of the least success) keep it
from switching to and fro.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from mcp_servers.engines.usage_watching import percentile
from mcp_servers.facts.flags import Breach, Evaluation, Figures, Gates, Run, Verdict

ACCURACY_MARGIN, COST_MARGIN, SUCCESS_MARGIN = 0.9, 1.2, 0.95


def figures(
    runs: Sequence[Run], verdicts: Sequence[Verdict], gates: Gates, now: datetime
) -> Figures:
    """Of the last `gates.window`; what fewer than `gates.least` say is left out."""
    since = now - gates.window
    ran = [one for one in runs if one.at >= since]
    said = [one for one in verdicts if one.at >= since]
    priced = [one.cost_usd for one in ran if one.cost_usd is not None]
    enough = len(ran) >= gates.least
    return Figures(
        runs=len(ran),
        verdicts=len(said),
        accuracy=_share(said) if said and len(said) >= gates.least else None,
        p95_ms=percentile([one.duration_ms for one in ran], 0.95) if enough and ran else None,
        failure_rate=sum(one.failed for one in ran) / len(ran) if enough and ran else None,
        # Money is spent whether there are many runs or few.
        cost_usd=sum(priced) if priced else None,
    )


def breaches(
    gates: Gates, evaluation: Evaluation | None, seen: Figures, *, held: bool
) -> list[Breach]:
    """What is bad: by far, where it is not held yet; at all, where it is."""
    return [*_evaluated(gates, evaluation), *_lived(gates, seen, held=held)]


def stays(gates: Gates, held_since: datetime | None, now: datetime) -> bool:
    """Whether it was held for less than it is to be at least."""
    return held_since is not None and now - held_since < gates.stay


def _evaluated(gates: Gates, evaluation: Evaluation | None) -> Iterator[Breach]:
    if not gates.min_cases:
        return
    if evaluation is None:
        yield Breach("no_evaluation", 0, gates.min_cases)
        return
    if evaluation.cases < gates.min_cases:
        yield Breach("few_cases", evaluation.cases, gates.min_cases)
        return
    accuracy = evaluation.passed / evaluation.cases
    if accuracy < gates.min_accuracy:
        yield Breach("evaluation", accuracy, gates.min_accuracy)


def _lived(gates: Gates, seen: Figures, *, held: bool) -> Iterator[Breach]:
    least = gates.min_accuracy * (1 if held else ACCURACY_MARGIN)
    if seen.accuracy is not None and seen.accuracy < least:
        yield Breach("accuracy", seen.accuracy, gates.min_accuracy)
    margin = 1 if held else COST_MARGIN
    if seen.p95_ms is not None and gates.max_p95_ms and seen.p95_ms > gates.max_p95_ms * margin:
        yield Breach("latency", seen.p95_ms, gates.max_p95_ms)
    if gates.max_failure_rate is not None and seen.failure_rate is not None:
        success = (1 - gates.max_failure_rate) * (1 if held else SUCCESS_MARGIN)
        if 1 - seen.failure_rate < success:
            yield Breach("failures", seen.failure_rate, gates.max_failure_rate)
    dear = gates.max_cost_usd
    if dear is not None and seen.cost_usd is not None and seen.cost_usd > dear * margin:
        yield Breach("cost", seen.cost_usd, dear)


def _share(verdicts: Sequence[Verdict]) -> float:
    return sum(one.right for one in verdicts) / len(verdicts)
