"""Lists that are read part by part, in the order that is asked for.

A cursor holds the order and the values of the last row in it, so rows that come or go meanwhile shift
nothing: what stood behind that row is read, each row once.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar, cast

import orjson
from sqlalchemy import ColumnElement, Select, and_, literal, or_

from core.errors import Invalid
from core.ordering import SENTENCES as ORDERS
from core.ordering import terms
from core.storage.sentences import SENTENCES
from core.storage.statements import Session

Row = TypeVar("Row")


class Key(NamedTuple):
    """Rows without a value stand last, whichever way the others go."""

    column: ColumnElement[Any]
    descending: bool = False

    @property
    def may_lack(self) -> bool:
        return bool(getattr(self.column, "nullable", True))

    def order(self) -> list[ColumnElement[Any]]:
        way = self.column.desc() if self.descending else self.column.asc()
        return [self.column.is_(None), way] if self.may_lack else [way]

    def alike(self, value: Any) -> ColumnElement[bool]:
        if value is None:
            return self.column.is_(None)
        return self.column == literal(value, self.column.type)

    def beyond(self, value: Any) -> ColumnElement[bool]:
        kept = literal(value, self.column.type)  # a bare True is no value to SQLAlchemy
        after = self.column < kept if self.descending else self.column > kept
        return or_(after, self.column.is_(None)) if self.may_lack else after


@dataclass(frozen=True, slots=True)
class Listing:
    """`usual`: the order without a `sort`, and among rows that a `sort` leaves alike; its last is unique."""

    fields: Mapping[str, ColumnElement[Any]]
    usual: tuple[Key, ...]

    def keys(self, sort: str) -> list[Key]:
        """Raises `Invalid` that names the fields it can be sorted by."""
        asked = [Key(self.fields[one.field], one.descending) for one in terms(sort, self.fields)]
        return [*asked, *self.usual]


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """`cursor` goes on after the last row; "" when there are no more."""

    rows: tuple[Row, ...]
    cursor: str


async def part(
    session: Session,
    query: Select[*tuple[Any, ...]],
    listing: Listing,
    shape: Callable[..., Row],
    *,
    sort: str = "",
    cursor: str = "",
    limit: int | None = None,
) -> Part[Row]:
    """What `query` finds behind `cursor`, at most `limit` of it; `shape` takes what it selects.

    Raises `Invalid` for another `sort` than the listing knows, and for a cursor not given for it.
    """
    keys = listing.keys(sort)
    query = query.add_columns(*(key.column for key in keys))
    query = query.order_by(*(one for key in keys for one in key.order()))
    if cursor:
        query = query.where(_behind(keys, _values(cursor, sort, keys)))
    if limit is not None:
        query = query.limit(limit + 1)
    found = [tuple(row) for row in await session.execute(query)]
    more = limit is not None and len(found) > limit
    shown = found[:limit]
    rows = tuple(shape(*row[: -len(keys)]) for row in shown)
    return Part(rows, _cursor(sort, shown[-1][-len(keys) :]) if more else "")


def _behind(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Alike in the first keys, and beyond in the next; behind a row without a value there is none beyond."""
    alike: list[ColumnElement[bool]] = []
    choices: list[ColumnElement[bool]] = []
    for key, value in zip(keys, values, strict=True):
        if value is not None:
            choices.append(and_(*alike, key.beyond(value)))
        alike.append(key.alike(value))
    return or_(*choices)


def _cursor(sort: str, values: Sequence[Any]) -> str:
    told = orjson.dumps([sort, *values])
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def _values(cursor: str, sort: str, keys: Sequence[Key]) -> list[Any]:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        order, *kept = cast("list[Any]", told)
        if order == sort:
            return [_value(key, one) for key, one in zip(keys, kept, strict=True)]
    except (ValueError, TypeError, binascii.Error) as error:
        raise SENTENCES.error(Invalid, "foreign_cursor") from error
    raise ORDERS.error(Invalid, "other_order")


def _value(key: Key, kept: Any) -> Any:
    """As its column takes it. Raises `ValueError` or `TypeError` for what no such column held."""
    kind = key.column.type.python_type
    if kept is None and key.may_lack:
        return None
    value = datetime.fromisoformat(str(kept)) if kind is datetime else kept
    if not isinstance(value, (int, float) if kind is float else kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
