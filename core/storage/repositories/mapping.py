"""Rows of tables as plain records with the same names, and the inserts both databases know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Table

from core.storage.statements import Session

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Record = TypeVar("Record")


def record(kind: type[Record], row: Any) -> Record:
    """The record of `kind` with the values of the attributes so named."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is no record")
    return kind(*_values(kind)(row))


def columns(row: Any) -> dict[str, Any]:
    """A record's values by the names of their columns, not copied as `asdict` would all below them."""
    kind = row.__class__
    return dict(zip(_names(kind), _values(kind)(row), strict=True))


@lru_cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


@lru_cache
def _values(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """What reads all fields of a record, or of a row that has them, at once; of two and more."""
    return attrgetter(*_names(kind))


async def upsert(session: Session, table: Table, rows: Sequence[Any], key: str) -> None:
    """Insert the records, or write all their fields over the rows that have the same `key`."""
    if not rows:
        return
    written = _upserting(_dialect(session), table, _names(rows[0].__class__), key)
    await session.execute(written, [columns(row) for row in rows])


async def insert_new(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], key: str
) -> None:
    """Insert the rows whose `key` is not there yet; leave the others as they are."""
    if rows:
        await session.execute(_adding(_dialect(session), table, key), list(rows))


def counting(session: Session, table: Table, key: str, count: str) -> Any:
    """Insert a row, or make the `count` of the one that has the same `key` one more."""
    return _counting(_dialect(session), table, key, count)


def insert_of(session: Session, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """In the dialect of the database in use."""
    return _insert(_dialect(session), table)


# Making one of these statements takes longer than executing it, and there are few of them.
@lru_cache
def _upserting(dialect: str, table: Table, names: tuple[str, ...], key: str) -> Any:
    statement = _insert(dialect, table)
    changed = {name: statement.excluded[name] for name in names if name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=changed)


@lru_cache
def _adding(dialect: str, table: Table, key: str) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing(index_elements=[key])


@lru_cache
def _counting(dialect: str, table: Table, key: str, count: str) -> Any:
    more = {count: table.c[count] + 1}
    return _insert(dialect, table).on_conflict_do_update(index_elements=[key], set_=more)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _insert(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """The module of the other dialect is 4 MB that nobody needs."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
