"""Every index that there is, for tests that hold for all of them."""

from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import pytest

from knowledge_base.index import Index
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.index.redis_index import RedisIndex
from tests.knowledge.searching_redis import INSTALLS, searching_redis


class Opener:
    """Opens one and the same base, each time on a connection of its own.

    `place` is a folder or the address of a Redis, `root` how its keys begin there.
    """

    def __init__(self, place: str, root: str) -> None:
        self.place, self.root, self._opened = place, root, list[Index]()

    def __call__(self) -> Index:
        in_redis = self.place.startswith("redis://")
        one = RedisIndex(self.place, self.root) if in_redis else LocalIndex(Path(self.place))
        self._opened.append(one)
        return one

    def close(self) -> None:
        for one in self._opened:
            one.close()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with searching_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["local", "redis"] if INSTALLS else ["local"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Opener]:
    """A base that is empty; all that was opened is closed after the test."""
    in_redis = request.param == "redis"
    place = request.getfixturevalue("redis_url") if in_redis else str(tmp_path / "index")
    opener = Opener(place, f"test-{uuid4().hex}")
    yield opener
    opener.close()


@pytest.fixture
def index(opened: Opener) -> Index:
    return opened()
