"""What changed between two looks at a cluster, and a number for how it is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

# A convention, so that runs of one patrol can be compared: 100 without a fault, less what each costs.
COSTS: Mapping[str, int] = {"critical": 25, "high": 10, "medium": 4}
FULL_SCORE = 100

# How alerts call it.
ALERTED: Mapping[str, str] = {"critical": "critical", "high": "error", "medium": "warning"}


@dataclass(frozen=True, slots=True)
class Compared:
    """Fingerprints; `unsure` were not seen, though nobody can say that they are gone."""

    new: tuple[str, ...]
    standing: tuple[str, ...]
    cleared: tuple[str, ...]
    unsure: tuple[str, ...]


def compared(seen: Iterable[str], known: Collection[str], *, complete: bool) -> Compared:
    """`complete`: what is not among `seen` is not there; else it may only not have been looked at."""
    found = dict.fromkeys(seen)
    missing = tuple(one for one in known if one not in found)
    return Compared(
        new=tuple(one for one in found if one not in known),
        standing=tuple(one for one in found if one in known),
        cleared=missing if complete else (),
        unsure=() if complete else missing,
    )


def is_complete(skipped: Collection[str], skipped_before: Collection[str] | None) -> bool:
    """Whether at least all was looked at that was looked at the last time."""
    return not skipped if skipped_before is None else set(skipped) <= set(skipped_before)


def score(severities: Iterable[str]) -> int:
    return max(FULL_SCORE - sum(COSTS.get(one, 0) for one in severities), 0)
