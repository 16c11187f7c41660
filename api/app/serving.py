"""What `midwatch up` runs: one process, one server, closed in order."""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, cast

from api.app import create_app, running
from api.app.envelope import MAX_BODY_BYTES
from api.sentences import SENTENCES
from core.absent import only_parts_of
from core.errors import Invalid
from core.settings import Settings
from core.settings.whereabouts import address_on, noted
from core.telemetry import configure_logging

# Its command line and what watches files for changes stay out.
only_parts_of("uvicorn", Config="uvicorn.config", Server="uvicorn.server", run="uvicorn.main")
from uvicorn.config import Config
from uvicorn.server import Server as Uvicorn

from api.app.patience import Patient

# How long open requests have to end after their turns were cut.
GRACE_S = 5
# Collect after this many new objects: more than a turn has at any moment, since most of what it makes goes
# with it. But the graph's loop of each turn (some 400 objects, with all that tools told) is found by a whole
# collection only: one in 200 turns is short, and keeps memory flat.
RUNNING = (20_000, 2, 2)
# So many modules more are a library that was loaded by its first use.
LIBRARY = 20
# glibc's number for how many heaps it keeps (malloc.h), and how many: by default eight a core, of
# which each of our many short-lived readers would leave one half empty.
M_ARENA_MAX, HEAPS = -8, 2


class Server(Uvicorn):
    """Ends the turns before the connections, so that every stream says how it ended."""

    interrupted = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        await app.state.turns.stop()  # pyright: ignore
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Uvicorn would raise the signal again and so kill us before all is closed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told, number)
        yield
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def _told(self, number: signal.Signals) -> None:
        self.interrupted = number == signal.SIGINT
        self.should_exit = True


async def serve(settings: Settings) -> int:
    """Serve until told to stop, with settings as `editions.prepared` gave them. Returns the exit code."""
    configure_logging(settings.log.format, settings.log.level)
    _share_heaps()
    app = create_app(settings)
    with listening(settings.server.host, settings.server.port) as listener:
        address = address_on(settings.server.host, listener.getsockname()[1])
        async with running(app, settings) as started:
            config = Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                http=Patient,
                ws=cast("type[asyncio.Protocol]", websockets),
                ws_max_size=MAX_BODY_BYTES,
                timeout_graceful_shutdown=GRACE_S,
            )
            server = Server(config)
            _settle(lambda: app.state.turns.going_on)
            link = await started.login_link(address)
            minutes = f"{settings.login_link_ttl.total_seconds() / 60:.3g}"
            sys.stdout.write(
                f"Midwatch is ready. Sign in once, within {minutes} min, with {link}\n"
            )
            sys.stdout.flush()
            with noted(settings, address):
                await server.serve(sockets=[listener])
    return 130 if server.interrupted else 0


def websockets(**given: Any) -> asyncio.Protocol:
    """The protocol of WebSockets, which is loaded for the first client that asks for one."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    return WebSocketsSansIOProtocol(**given)


def _share_heaps() -> None:
    """Do it before there are threads. Another C library than glibc has no such thing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def _settle(turns: Callable[[], int]) -> None:
    """What start-up made stays, and what is loaded later: let no collection look through it again."""
    gc.freeze()
    gc.set_threshold(*RUNNING)
    gc.callbacks.append(Settling(turns))


class Settling:
    """Sets aside a library that was loaded since, after a collection that is not of the youngest alone.

    It goes by modules, never by how much is there, and waits until no more than one turn is at work:
    what is set aside is never given back, and the turns of a busy hour are as many objects.
    """

    def __init__(self, turns: Callable[[], int]) -> None:
        self._turns, self._modules = turns, len(sys.modules)

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        loaded = len(sys.modules) - self._modules >= LIBRARY
        if phase == "stop" and info["generation"] and loaded and self._turns() <= 1:
            gc.freeze()
            self._modules = len(sys.modules)


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """A bound socket. Raises `Invalid` when the port is taken."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # A bad host has a negative number of its own; a taken port's text repeats the address.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror
        raise SENTENCES.error(
            Invalid, "cannot_listen", host=host, port=str(port), why=str(why)
        ) from error
    # asyncio turns Nagle off only where the socket names its protocol, and this one does not:
    # answers would wait 40 ms for acknowledgements. Accepted connections inherit the option.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener
