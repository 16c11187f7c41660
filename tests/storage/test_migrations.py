"""The tables of the models are the tables that the migrations make."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from core.errors import Invalid
from core.storage import migrations
from core.storage.database import Database
from core.storage.models import Base


def differences(connection: Connection) -> list[object]:
    options = {
        "compare_type": True,
        "include_name": lambda name, kind, _: not (name or "").startswith(migrations.FULL_TEXT),
    }
    return list(
        compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    )


def test_migrations_and_models_agree(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path}/x.db").begin() as connection:
        migrations.upgrade(connection)
        assert differences(connection) == []


async def test_a_new_database_is_what_the_migrations_add_up_to(
    database: Database, tmp_path: Path
) -> None:
    async with database.engine.connect() as made:
        assert await made.run_sync(differences) == []
        at_once = await made.run_sync(written)
    with create_engine(f"sqlite:///{tmp_path}/steps.db").begin() as connection:
        migrations.upgrade(connection)
        by_steps = written(connection)
    assert at_once == by_steps


def written(connection: Connection) -> dict[str, str]:
    """Triggers, indexes and virtual tables, and of plain tables the names of their columns."""
    rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE sql NOT NULL"))
    found = {name: sql for kind, name, sql in rows if kind != "table" or "VIRTUAL" in sql}
    names = inspect(connection).get_table_names()
    columns = {
        name: sorted(column["name"] for column in inspect(connection).get_columns(name))
        for name in names
    }
    return {name: " ".join(str(sql).split()) for name, sql in (found | columns).items()}


async def test_the_head_named_in_code_is_the_newest_step(database: Database) -> None:
    assert ScriptDirectory(str(migrations.FOLDER)).get_current_head() == migrations.HEAD
    async with database.engine.connect() as connection:
        assert await connection.run_sync(migrations.current) == migrations.HEAD


def test_all_steps_go_down_and_up_again(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        before = sorted(
            connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql NOT NULL"))
        )
        migrations.downgrade(connection, "base")
        assert set(inspect(connection).get_table_names()) == {migrations.VERSION_TABLE}
        migrations.upgrade(connection)
        after = sorted(connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql NOT NULL")))
    engine.dispose()
    assert before == after


async def test_a_database_of_a_newer_midwatch_is_refused(file: Path) -> None:
    async with Database.opened(f"sqlite:///{file}") as database, database.session() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Invalid, match=r"from a newer Midwatch.*9999"):
        async with Database.opened(f"sqlite:///{file}"):
            pass


def test_opening_a_new_or_an_up_to_date_database_does_not_load_alembic(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from core.storage.database import Database\n"
        "async def main():\n"
        f"    async with Database.opened('sqlite:///{tmp_path}/x.db'):\n"
        "        print('alembic' in sys.modules)\n"
        "asyncio.run(main())\n"
    )
    run = [sys.executable, "-c", program]
    loaded = [subprocess.run(run, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [done.stdout.strip() for done in loaded] == ["False", "False"]
