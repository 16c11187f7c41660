"""Waiting for the person at the terminal, or the supervisor of the process, to say stop."""

import asyncio
import signal


async def terminated() -> None:
    """Return on the first SIGTERM or Ctrl-C, so that what is open is closed in order."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
