"""Alembic's steps from an empty database to the tables of today, run at start-up."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

# The newest step. Start-up compares it with the database and imports Alembic only when they differ.
HEAD = "0001"

VERSION_TABLE = "alembic_version"
FOLDER = Path(__file__).parent

# Tables that SQLite's full-text search keeps for itself.
FULL_TEXT = "messages_fts"


def current(connection: Connection) -> str:
    """The step that the database is at; "" when it is empty."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return found.scalar() or ""


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    from alembic import command

    command.upgrade(configuration(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    from alembic import command

    command.downgrade(configuration(connection), revision)


def configuration(connection: Connection) -> Any:
    """Alembic's configuration without a file, on a connection that is already open."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER))
    return config
