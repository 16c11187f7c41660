"""Waiting for what a server does a moment later."""

import time
from collections.abc import Callable

PATIENCE_S = 20.0


def eventually(check: Callable[[], bool]) -> None:
    """Ask until it is so; fail when it does not come."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < deadline_s, "it did not come"
        time.sleep(0.05)
