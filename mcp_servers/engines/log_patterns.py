"""What a log says, each thing once: how often, since when, how grave, and what is new."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mcp_servers.engines.log_entries import Entry, entries, level_in, moment_of
from mcp_servers.engines.log_templates import templates_of

EXAMPLES = 3
EXAMPLE_CHARACTERS = 400
# Twice as often or half as often, and less likely by chance than one in a thousand.
RATIO = 2.0
BY_CHANCE = 0.001

Span = tuple[str, str]


@dataclass(slots=True)
class Pattern:
    """One thing that is said. `first` and `last` are as the log tells them; "" where it does not."""

    id: str
    template: str
    level: str
    raised: str
    count: int = 0
    first: str = ""
    last: str = ""
    examples: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Patterns:
    """The most frequent first; `of` has the id of the pattern of each line."""

    lines: int
    patterns: list[Pattern]
    of: list[str]


@dataclass(frozen=True, slots=True)
class Shift:
    """How often something was said in the time before and in the time after, per minute."""

    pattern: Pattern
    before_per_min: float
    after_per_min: float

    @property
    def is_new(self) -> bool:
        return self.before_per_min == 0


def patterns(*logs: Sequence[str]) -> Patterns:
    """The patterns of one log or of several; a stack trace belongs to the line that begins it."""
    found = [entries(lines) for lines in logs]
    templates = iter(templates_of([one.said for log in found for one in log]))
    by_template: dict[str, Pattern] = {}
    of: list[str] = []
    for log in found:
        spans: dict[str, Span] = {}
        for entry in log:
            template = next(templates)
            pattern = by_template.get(template)
            if pattern is None:
                pattern = by_template[template] = _pattern(template, entry)
            _counted(pattern, entry)
            if entry.moment:
                spans[template] = spans.get(template, (entry.moment, ""))[0], entry.moment
            of += [pattern.id] * (1 + entry.more)
        for template, span in spans.items():
            _stretched(by_template[template], *span)
    ordered = sorted(by_template.values(), key=lambda one: (-one.count, one.template))
    return Patterns(sum(map(len, logs)), ordered, of)


def _pattern(template: str, entry: Entry) -> Pattern:
    mark = hashlib.sha256(template.encode(errors="surrogateescape")).hexdigest()[:10]
    return Pattern(f"p-{mark}", template, entry.level or level_in(entry.said), entry.raised)


def _counted(pattern: Pattern, entry: Entry) -> None:
    pattern.count += 1
    pattern.raised = pattern.raised or entry.raised
    if len(pattern.examples) < EXAMPLES:
        text = entry.text[:EXAMPLE_CHARACTERS]
        if text not in pattern.examples:
            pattern.examples.append(text)


def _stretched(pattern: Pattern, first: str, last: str) -> None:
    """Another log may tell of earlier; what does not tell all of its time stays in order."""
    if not pattern.first or _is_before(first, pattern.first):
        pattern.first = first
    if not pattern.last or not _is_before(last, pattern.last):
        pattern.last = last


def _is_before(one: str, other: str) -> bool:
    earlier, later = moment_of(one), moment_of(other)
    return earlier is not None and later is not None and earlier < later


def shifts(said: Sequence[tuple[datetime | None, str]], onset: datetime) -> list[Shift]:
    """What is said since `onset` and was never said before, or far more or far less often.

    The gravest change first. Empty when the log does not reach back before the onset: then
    nothing can be called new. A line without a time counts to where the line before it stands.
    """
    mined = patterns([text for _, text in said])
    by_id = {one.id: one for one in mined.patterns}
    before: dict[str, int] = dict.fromkeys(by_id, 0)
    after: dict[str, int] = dict.fromkeys(by_id, 0)
    moments = [at for at, _ in said if at]
    if not moments or moments[0] >= onset or moments[-1] < onset:
        return []
    now = moments[0]
    for (at, _), name in zip(said, mined.of, strict=True):
        now = at or now
        (before if now < onset else after)[name] += 1
    before_min = max((onset - moments[0]).total_seconds() / 60, 1 / 60)
    after_min = max((moments[-1] - onset).total_seconds() / 60, 1 / 60)
    share = after_min / (before_min + after_min)
    found = [
        (chance, Shift(by_id[name], before[name] / before_min, after[name] / after_min))
        for name in by_id
        if (chance := _by_chance(before[name], after[name], share)) < BY_CHANCE or not before[name]
    ]
    told = [(chance, one) for chance, one in found if one.is_new or _far(one)]
    return [one for _, one in sorted(told, key=lambda two: (two[0], two[1].pattern.template))]


def _far(shift: Shift) -> bool:
    low, high = sorted((shift.before_per_min, shift.after_per_min))
    return high >= RATIO * low


def _by_chance(before: int, after: int, share: float) -> float:
    """How likely counts at least so uneven are if the rate is the same: an exact binomial test.

    Given the sum of two Poisson counts, one of them is binomial (Przyborowski, Wilenski 1940).
    """
    total = before + after
    more = after >= total * share
    wanted, chance = (after, share) if more else (before, 1 - share)
    if total > 1000:
        spread = math.sqrt(total * chance * (1 - chance)) or 1.0
        return min(1.0, math.erfc((wanted - total * chance) / spread / math.sqrt(2)))
    tail = sum(
        math.comb(total, k) * chance**k * (1 - chance) ** (total - k)
        for k in range(wanted, total + 1)
    )
    return min(1.0, 2 * tail)


def moment_told(text: str) -> str:
    """A moment of a log as RFC 3339, where it tells all of it; else as it is written."""
    read = moment_of(text)
    return read.isoformat().replace("+00:00", "Z") if read else text
