"""Rows of tables as plain records with the same names, and the inserts both databases know."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
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
    return kind(**{one.name: getattr(row, one.name) for one in fields(kind)})


def columns(row: Any) -> dict[str, Any]:
    """A record's values by the names of their columns, not copied as `asdict` would all below them."""
    return {one.name: getattr(row, one.name) for one in fields(row)}


async def upsert(session: AsyncSession, table: Table, rows: Sequence[Any], key: str) -> None:
    """Insert the records, or write all their fields over the rows that have the same `key`."""
    if not rows:
        return
    values = [columns(row) for row in rows]
    statement = insert_of(session, table)
    changed = {name: statement.excluded[name] for name in values[0] if name != key}
    await session.execute(
        statement.on_conflict_do_update(index_elements=[key], set_=changed), values
    )


async def insert_new(
    session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]], key: str
) -> None:
    """Insert the rows whose `key` is not there yet; leave the others as they are."""
    if rows:
        statement = insert_of(session, table).on_conflict_do_nothing(index_elements=[key])
        await session.execute(statement, list(rows))


def insert_of(session: AsyncSession, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """In the dialect of the database in use; the other one is 4 MB that nobody needs."""
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
