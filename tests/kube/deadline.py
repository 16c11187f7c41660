"""Waiting for what a server does a moment later."""

import time
from collections.abc import Callable

PATIENCE_S = 20.0


def eventually(
    check: Callable[[], bool], *, patience_s: float = PATIENCE_S, every_s: float = 0.05
) -> None:
    """Ask until it is so; fail when it does not come."""
    deadline_s = time.monotonic() + patience_s
    while not check():
        assert time.monotonic() < deadline_s, "it did not come"
        time.sleep(every_s)
