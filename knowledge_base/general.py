"""Pure: a question that several narrow pages fit alike has the general one among its first answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge_base.hits import Hit

# "runbooks/pending-pods.en.md" is "pending-pods" of its folder.
_ENDING = re.compile(r"(?:\.(?:en|zh))?\.[a-z]+$")
# So many of the best pages are looked at, and so many of them must have the general page in common.
LOOKED_AT, ALIKE = 4, 2
JUST_BELOW = 0.999_9


def with_general(hits: Sequence[Hit]) -> list[Hit]:
    """The hits, those of a general page raised to just below the second page that names it as its general one.

    "Pods have no node" says no more than that: each page on one reason for it is nearer by its words than the
    page on all of them. Which page comes first stays as it is, and a page that was not found is not put in.
    """
    best = _best(hits)
    among = _shared(hits, best)
    raised: list[Hit] = []
    for hit in hits:
        name, own = _name(hit), best[_name(hit)]
        wanted = JUST_BELOW * among.get(name, 0.0)
        raised.append(replace(hit, score=hit.score * wanted / own) if wanted > own > 0 else hit)
    return raised


def _best(hits: Sequence[Hit]) -> dict[str, float]:
    best: dict[str, float] = {}
    for hit in hits:
        best[_name(hit)] = max(hit.score, best.get(_name(hit), 0.0))
    return best


def _shared(hits: Sequence[Hit], best: Mapping[str, float]) -> dict[str, float]:
    """General pages of several of the best, each with the score of the second of these."""
    general = {_name(hit): hit.about.general for hit in hits}
    named: dict[str, list[float]] = {}
    for page in sorted(best, key=lambda one: -best[one])[:LOOKED_AT]:
        folder = page[: page.rfind("/") + 1]
        for name in general[page]:
            named.setdefault(folder + name, []).append(best[page])
    return {page: scores[ALIKE - 1] for page, scores in named.items() if len(scores) >= ALIKE}


def _name(hit: Hit) -> str:
    return _ENDING.sub("", hit.passage.doc)
