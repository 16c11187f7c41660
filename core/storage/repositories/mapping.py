"""Rows of tables as plain records with the same names, and the inserts both databases know."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Record = TypeVar("Record")


def record(kind: type[Record], row: Any) -> Record:
    """The record of `kind` with the values of the attributes so named."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is no record")
    return kind(**{name: getattr(row, name) for name in _names(kind)})


def columns(row: Any) -> dict[str, Any]:
    """A record's values by the names of their columns, not copied as `asdict` would all below them."""
    return {name: getattr(row, name) for name in _names(row.__class__)}


@lru_cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


async def upsert(session: AsyncSession, table: Table, rows: Sequence[Any], key: str) -> None:
    """Insert the records, or write all their fields over the rows that have the same `key`."""
    if not rows:
        return
    written = _upserting(_dialect(session), table, _names(rows[0].__class__), key)
    await session.execute(written, [columns(row) for row in rows])


async def insert_new(
    session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]], key: str
) -> None:
    """Insert the rows whose `key` is not there yet; leave the others as they are."""
    if rows:
        await session.execute(_adding(_dialect(session), table, key), list(rows))


def insert_of(session: AsyncSession, table: Table) -> "sqlite.Insert | postgresql.Insert":
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


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name


def _insert(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """The module of the other dialect is 4 MB that nobody needs."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
