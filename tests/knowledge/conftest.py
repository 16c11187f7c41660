"""Every index that there is, for tests that hold for all of them."""

from collections.abc import Callable, Generator
from pathlib import Path
from uuid import uuid4

import pytest

from knowledge_base.index import Index
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.index.redis_index import RedisIndex
from tests.knowledge.searching_redis import INSTALLS, searching_redis

# Opens one and the same base, each time on a connection of its own.
Opener = Callable[[], Index]


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with searching_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["local", "redis"] if INSTALLS else ["local"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Opener]:
    """A base that is empty; all that was opened is closed after the test."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    root, indexes = f"test-{uuid4().hex}", list[Index]()

    def open_one() -> Index:
        one = RedisIndex(url, root) if url else LocalIndex(tmp_path / "index")
        indexes.append(one)
        return one

    yield open_one
    for one in indexes:
        one.close()


@pytest.fixture
def index(opened: Opener) -> Index:
    return opened()
