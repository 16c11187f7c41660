"""Fixtures that give a situation, not a mock."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.agent.real_stores import fresh_database, postgres_serving

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("midwatch", deadline=None)
settings.load_profile("midwatch")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Postgres on loopback, of this module alone."""
    with postgres_serving(tmp_path_factory.mktemp("stores")) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.live)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind that Midwatch may have; its first user migrates it."""
    if request.param == "postgres":
        return fresh_database(request.getfixturevalue("postgres"))
    return f"sqlite:///{tmp_path / 'data' / 'midwatch.db'}"
