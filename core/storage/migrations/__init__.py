"""Alembic's steps from an empty database to the tables of today, run at start-up."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

# The newest step. Start-up compares it with the database and imports Alembic only when they differ.
HEAD = "0040"

VERSION_TABLE = "alembic_version"
CREATE_VERSION_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
SET_VERSION = "INSERT INTO alembic_version (version_num) VALUES (:head)"
FOLDER = Path(__file__).parent

# Tables that SQLite's full-text search keeps for itself.
FULL_TEXT = "messages_fts"


def current(connection: Connection) -> str:
    """The step that the database is at; "" when it is empty."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ""
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return found.scalar() or ""


def create(connection: Connection) -> None:
    """All tables of today in an empty database: what the steps add up to, without Alembic.

    A first start is the common one for people who try Midwatch, and Alembic costs it 10 MiB.
    """
    from core.storage.models import Base

    Base.metadata.create_all(connection)
    connection.execute(text(CREATE_VERSION_TABLE))
    connection.execute(text(SET_VERSION), {"head": HEAD})


def is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


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
