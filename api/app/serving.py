"""What `midwatch up` runs: one process, one server, closed in order."""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

from api.app import create_app, running
from core.absent import only_parts_of
from core.errors import Invalid
from core.settings import Settings
from core.telemetry import configure_logging

# Its command line and what watches files for changes stay out.
only_parts_of("uvicorn", Config="uvicorn.config", Server="uvicorn.server", run="uvicorn.main")
from uvicorn.config import Config
from uvicorn.server import Server as Uvicorn

# How long open requests have to end after their turns were cut.
GRACE_S = 5
# Collect after this many new objects: what a turn makes goes with it, so there is little to find.
RUNNING = (5_000, 10, 10)
# So many that outlive a whole collection are a library that was loaded by its first use.
LOADED = 30_000
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
        address = f"http://{_host(settings.server.host)}:{listener.getsockname()[1]}"
        async with running(app, settings) as started:
            config = Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=GRACE_S,
            )
            server = Server(config)
            _settle()
            link = await started.login_link(address)
            sys.stdout.write(f"Midwatch is ready. Sign in once with {link}\n")
            sys.stdout.flush()
            await server.serve(sockets=[listener])
    return 130 if server.interrupted else 0


def _share_heaps() -> None:
    """Do it before there are threads. Another C library than glibc has no such thing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def _settle() -> None:
    """What start-up made stays, and what is loaded later: let no collection look through it again."""
    gc.freeze()
    gc.set_threshold(*RUNNING)
    gc.callbacks.append(_settle_more)


def _settle_more(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2 and len(gc.get_objects(generation=2)) > LOADED:
        gc.freeze()


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
        raise Invalid(
            f"Cannot listen on {host} port {port}: {why}.",
            hint="Choose another one with --port or MIDWATCH_SERVER__PORT.",
        ) from error
    # asyncio turns Nagle off only where the socket names its protocol, and this one does not:
    # answers would wait 40 ms for acknowledgements. Accepted connections inherit the option.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener


def _host(host: str) -> str:
    """What a person on this machine types."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
