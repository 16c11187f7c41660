"""What components say in their logs since a moment that they did not say before."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

from mcp_servers.engines.log_entries import RAISED, level_in
from mcp_servers.engines.log_templates import templates_of

LogLine = tuple[float, str, str]  # seconds, component, message

# Among the hundreds of templates of a log one is this many spreads off by chance.
BY_CHANCE = 2.5
# One line is an anecdote.
FEWEST_LINES = 2
# What is said at a level below warning, and names no exception, is less often about a fault.
CALM = 0.7
GRAVE = frozenset({"error", "fatal"})


@dataclass(frozen=True, slots=True)
class Said:
    """`size` is in spreads of a Poisson count, beyond what chance gives, weighted by gravity."""

    component: str
    template: str
    example: str
    size: float
    before: int
    after: int
    first: float


def news(lines: Sequence[LogLine], at: float, *, begin: float, end: float) -> list[Said]:
    """The most telling template of each component that has one.

    What several components say counts for less in those who say it less: a failure is told once
    by the one that fails and echoed by those who called it.
    """
    lines = [one for one in lines if begin <= one[0] <= end]
    counts = _counts(lines, at)
    ratio = max(end - at, 1e-9) / max(at - begin, 1e-9)
    told: dict[str, list[Said]] = {}
    for (component, template), seen in counts.items():
        size = _size(seen.before, seen.after, ratio) * (1.0 if seen.is_grave else CALM)
        if size > 0:
            one = Said(component, template, seen.example, size, seen.before, seen.after, seen.first)
            told.setdefault(template, []).append(one)
    best: dict[str, Said] = {}
    for sayings in told.values():
        loudest = max(one.size for one in sayings)
        for one in sayings:
            shared = _scaled(one, one.size / loudest)
            if one.component not in best or best[one.component].size < shared.size:
                best[one.component] = shared
    return list(best.values())


@dataclass(slots=True)
class _Seen:
    example: str
    is_grave: bool
    before: int = 0
    after: int = 0
    first: float = 0.0


def _counts(lines: Sequence[LogLine], at: float) -> dict[tuple[str, str], _Seen]:
    counts: dict[tuple[str, str], _Seen] = {}
    templates = templates_of([message for _, _, message in lines])
    grave = dict.fromkeys(templates, False)
    for (_, _, message), template in zip(lines, templates, strict=True):
        grave[template] = grave[template] or _is_grave(message)
    for (when, component, message), template in zip(lines, templates, strict=True):
        seen = counts.setdefault((component, template), _Seen(message, grave[template]))
        if when < at:
            seen.before += 1
        else:
            seen.first = when if not seen.after else min(seen.first, when)
            seen.after += 1
    return counts


def _is_grave(message: str) -> bool:
    return level_in(message) in GRAVE or RAISED.search(message) is not None


def _size(before: int, after: int, ratio: float) -> float:
    """Signed root of the likelihood ratio of a Poisson count, less what chance gives."""
    expected = (before + 0.5) * ratio
    if after < FEWEST_LINES or after <= expected:
        return 0.0
    return sqrt(2 * (after * log(after / expected) - (after - expected))) - BY_CHANCE


def _scaled(one: Said, share: float) -> Said:
    return Said(
        one.component, one.template, one.example, one.size * share, one.before, one.after, one.first
    )
