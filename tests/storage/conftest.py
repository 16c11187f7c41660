"""A real SQLite file with all migrations."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.storage.database import Database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "midwatch.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    async with Database.opened(f"sqlite:///{file}") as database:
        yield database
