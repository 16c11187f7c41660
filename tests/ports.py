"""Ports for servers that tests start as programs, between whose choice and use time passes."""

import functools
import itertools
import os
import socket
from collections.abc import Iterator

# Below those that the kernel gives to connections and to whoever asks it for any port (from 32768
# on Linux): one of those, once free, may be taken by a neighbour before its server listens there.
FIRST, PER_WORKER, WORKERS = 20_000, 3_000, 4


def free_port() -> int:
    """A port on loopback that no other worker of this run is given, and this one only once."""
    return next(port for port in _own_ports() if _nobody_listens(port))


@functools.cache
def _own_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    begin = FIRST + worker % WORKERS * PER_WORKER
    # Two runs side by side begin at different places.
    shift = os.getpid() * 37 % PER_WORKER
    return itertools.chain(range(begin + shift, begin + PER_WORKER), range(begin, begin + shift))


def _nobody_listens(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
