"""Waiting for the person at the terminal, or the supervisor of the process, to say stop."""

import asyncio
import signal


async def terminated() -> signal.Signals:
    """The first SIGTERM or Ctrl-C, taken so that what is open is closed in order."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[signal.Signals] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _tell, told, number)
    try:
        return await told
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _tell(told: "asyncio.Future[signal.Signals]", number: signal.Signals) -> None:
    if not told.done():
        told.set_result(number)
