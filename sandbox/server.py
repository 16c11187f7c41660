"""One loopback server for the three APIs of the practice cluster."""

import asyncio
import secrets
import socket
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount

from core.clock import utc_now
from core.errors import UpstreamUnavailable
from sandbox import alertmanager_api, prometheus_api
from sandbox.controllers import Controllers, Faults, controllers_of, fault_routes
from sandbox.kubernetes_api import (
    Cluster,
    KubernetesApi,
    field_owners,
    follow_quotas,
    offer_usage,
    pod_admission,
    routes,
)
from sandbox.series import SeriesStore, Weeks
from sandbox.snapshot import Snapshot

_START_TIMEOUT_S = 10.0

Beside = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Addresses:
    """Where the practice cluster listens. The kubeconfig is removed when it stops."""

    kubernetes: str
    prometheus: str
    alertmanager: str
    kubeconfig: Path


@dataclass(frozen=True)
class Practice:
    """A practice cluster that nobody has started yet: its APIs, and the controllers beside them."""

    routes: Sequence[BaseRoute]
    controllers: Controllers
    kubernetes: KubernetesApi
    token: str

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        now: Callable[[], datetime],
        *,
        speed: float = 1,
        reacts: bool = True,
    ) -> Self:
        token = secrets.token_urlsafe(32)
        weeks = Weeks.of(snapshot.weeks, snapshot.folder / "weeks.yaml")
        shift_s = snapshot.shift.total_seconds()
        series = SeriesStore.read(snapshot.metrics, shift_s, weeks=weeks)
        cluster = Cluster.of(snapshot)
        offer_usage(cluster, series, now)
        controllers = controllers_of(
            cluster.store,
            series,
            now,
            journal=cluster.journal,
            reactions=snapshot.reactions,
            speed=speed,
            reacts=reacts,
        )
        controllers.world.admit = pod_admission(cluster)
        controllers.world.sign = field_owners(cluster, now)
        follow_quotas(cluster.store)
        kubernetes = KubernetesApi(cluster, token=token, now=now)

        def unix_time() -> float:
            return now().timestamp()

        ruling = prometheus_api.ruling_of(series, snapshot.rules, unix_time)
        alertmanager = alertmanager_api.routes(
            snapshot.alerts, snapshot.silences, unix_time, ruling.firing
        )
        served = [
            Mount("/prometheus", routes=prometheus_api.routes_of(ruling)),
            Mount("/alertmanager", routes=alertmanager),
            *fault_routes(Faults(controllers.world), token),
            *routes(kubernetes),
        ]
        return cls(served, controllers, kubernetes, token)


@asynccontextmanager
async def serving(
    folder: Path, *, host: str = "127.0.0.1", port: int = 0, speed: float = 1
) -> AsyncGenerator[Addresses]:
    """Serve a snapshot folder until the block ends. Raises `Invalid` if it cannot be read.

    `speed` is how many seconds its controllers and kubelets pass in one.
    """
    manager = serving_in_thread(folder, host=host, port=port, speed=speed)
    addresses = await asyncio.to_thread(manager.__enter__)
    try:
        yield addresses
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


@contextmanager
def serving_in_thread(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    speed: float = 1,
    reacts: bool = True,
) -> Generator[Addresses]:
    """The same for code that is not asynchronous.

    `reacts` False: an API whose controllers do no more than see deletions through.
    """
    snapshot = Snapshot.read(folder)
    practice = Practice.of(snapshot, utc_now, speed=speed, reacts=reacts)
    app = Starlette(
        routes=practice.routes,
        # A web page that points its own name at loopback is not answered.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_names_of(host))],
    )
    with _listening(host, port) as listener, tempfile.TemporaryDirectory() as private:
        address = f"http://{host}:{listener.getsockname()[1]}"
        kubeconfig = Path(private) / "kubeconfig"
        _write_kubeconfig(kubeconfig, snapshot.cluster, address, practice.token)
        run, stop = practice.controllers.run, practice.kubernetes.stop
        with _running(app, listener, beside=run, before_end=stop):
            yield Addresses(address, f"{address}/prometheus", f"{address}/alertmanager", kubeconfig)


def _names_of(host: str) -> list[str]:
    return ["127.0.0.1", "localhost"] if host in {"127.0.0.1", "localhost"} else ["*"]


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    try:
        listener = socket.create_server((host, port))
        # asyncio turns Nagle off only for sockets whose protocol it knows; create_server leaves it
        # unnamed, and every second answer would then wait 40 ms for an acknowledgement. Accepted
        # connections inherit the option.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        message = f"The practice cluster cannot listen on {host}:{port}: {error.strerror}."
        raise UpstreamUnavailable(message) from error
    with listener:
        yield listener


class _Server(uvicorn.Server):
    """Waits for its end without looking at the clock, and ends streams that never would by themselves."""

    def __init__(
        self, config: uvicorn.Config, beside: Beside, before_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self.answers = threading.Event()
        self._beside = beside
        self._before_end = before_end

    async def main_loop(self) -> None:
        await self.on_tick(0)
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        beside = self._loop.create_task(self._beside())
        self.answers.set()
        await self._ending.wait()
        beside.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_end()
        await super().shutdown(sockets)

    def end(self) -> None:
        """From any thread, once it answers."""
        self._loop.call_soon_threadsafe(self._ending.set)


@contextmanager
def _running(
    app: Starlette,
    listener: socket.socket,
    *,
    beside: Beside,
    before_end: Callable[[], None],
) -> Generator[None]:
    """Run the app in its own thread with its own event loop, so that no caller stalls it."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        date_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config, beside, before_end)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="practice-cluster", daemon=True
    )
    thread.start()
    if not server.answers.wait(_START_TIMEOUT_S):
        raise UpstreamUnavailable(
            f"The practice cluster did not start in {_START_TIMEOUT_S:.0f} s."
        )
    try:
        yield
    finally:
        server.end()
        thread.join()


def _write_kubeconfig(path: Path, cluster: str, address: str, token: str) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "clusters": [{"name": cluster, "cluster": {"server": address}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": "admin"}}],
    }
    path.touch(mode=0o600)
    path.write_bytes(orjson.dumps(config, option=orjson.OPT_INDENT_2))
