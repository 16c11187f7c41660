"""The order that somebody asks a list in: `severity,-updated_at`, `-` from the greatest down."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from core.errors import Invalid
from core.sentences import Sentences

SENTENCES = Sentences("core", "ordering")
Row = TypeVar("Row")

# Words that mean more or less, from the least; what is none of them stands below.
RANKED = ("severity", "risk", "confidence")
RANKS = {
    word: rank
    for rank, words in enumerate(
        (("none", "expected", "info"), ("low",), ("medium", "warning"), ("high",), ("critical",)), 1
    )
    for word in words
}


class Term(NamedTuple):
    field: str
    descending: bool


def terms(sort: str, fields: Iterable[str]) -> tuple[Term, ...]:
    """What `sort` asks for; none where it is empty.

    Raises `Invalid` that names `fields` for any other field, and for one that is asked for twice.
    """
    known = tuple(fields)
    asked = [one.strip() for one in sort.split(",")] if sort.strip() else []
    found = tuple(Term(one.removeprefix("-"), one.startswith("-")) for one in asked)
    for place, one in enumerate(found):
        if one.field not in known:
            raise SENTENCES.error(
                Invalid, "cannot_sort", field=one.field[:40], fields=", ".join(known)
            )
        if any(one.field == before.field for before in found[:place]):
            raise SENTENCES.error(Invalid, "sorted_twice", field=one.field)
    return found


def in_order(rows: Sequence[Row], wanted: Sequence[Term]) -> list[Row]:
    """By the attributes so named. Rows that are alike stay as they were; those without a value are last."""
    ordered = list(rows)
    for field, descending in reversed(wanted):
        told = [(getattr(one, field), one) for one in ordered]
        known = [(_weight(field, value), one) for value, one in told if value is not None]
        known.sort(key=lambda pair: pair[0], reverse=descending)
        ordered = [one for _, one in known] + [one for value, one in told if value is None]
    return ordered


def _weight(field: str, value: Any) -> Any:
    return RANKS.get(str(value).lower(), 0) if field in RANKED else value
