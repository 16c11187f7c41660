"""Names close to one that does not exist."""

import difflib
from collections.abc import Iterable

# Below this the likeness is chance and naming it would mislead.
MIN_LIKENESS = 0.6


def nearest(name: str, known: Iterable[str], *, at_most: int = 3) -> list[str]:
    """The names most like `name`, best first: misspelt, or holding it as a part."""
    wanted, candidates = name.lower(), sorted(set(known))
    scored = [(_likeness(wanted, one.lower()), one) for one in candidates]
    best = sorted((pair for pair in scored if pair[0] >= MIN_LIKENESS), key=lambda p: (-p[0], p[1]))
    return [one for _, one in best[:at_most]]


def _likeness(wanted: str, candidate: str) -> float:
    """1 for the same, and high for `checkout` beside `checkout-7d9f`: a part counts like a typo."""
    if wanted and (wanted in candidate or candidate in wanted):
        shorter, longer = sorted((len(wanted), len(candidate)))
        return 0.7 + 0.3 * shorter / longer if shorter > 2 else 0.0
    return difflib.SequenceMatcher(None, wanted, candidate).ratio()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint sentence, "" when nothing is near."""
    names = nearest(name, known)
    return f"Did you mean {' or '.join(names)}?" if names else ""
