"""A shipped practice cluster behind a real HTTP server, whose time is moved by hand."""

import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette

from sandbox import server
from sandbox.server import Practice
from sandbox.snapshot import Snapshot

Json = dict[str, Any]
SNAPSHOTS = Path(__file__).parents[2] / "sandbox" / "snapshots"
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


class Clock:
    def __init__(self, start: datetime) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time


class Practising:
    """Asked and changed over the wire alone; nothing is in flight while time passes."""

    def __init__(
        self, practice: Practice, clock: Clock, client: httpx2.Client, kubeconfig: Path
    ) -> None:
        self.clock = clock
        self.client = client
        self.kubeconfig = kubeconfig
        self._controllers = practice.controllers

    def pass_s(self, seconds: float) -> None:
        """Let time pass, stopping wherever something is due."""
        end = self.clock.time + timedelta(seconds=seconds)
        due = self._controllers.step()
        while due is not None and due <= end:
            self.clock.time = max(self.clock.time, due)
            due = self._controllers.step()
        self.clock.time = end
        self._controllers.step()

    def get(self, path: str, **query: Any) -> Any:
        return self._json(self.client.get(path, params=query))

    def patch(self, path: str, body: Json) -> Json:
        kind = {"content-type": "application/strategic-merge-patch+json"}
        return self._json(self.client.patch(path, json=body, headers=kind))

    def fault(self, kind: str, target: str, namespace: str, *, remove: bool = False) -> None:
        body = {"fault": kind, "target": target, "namespace": namespace}
        method = "DELETE" if remove else "POST"
        self.client.request(method, "/sandbox/faults", json=body).raise_for_status()

    def set_container(self, namespace: str, deployment: str, **fields: Any) -> None:
        """Change the container that has the Deployment's name."""
        containers = [{"name": deployment, **fields}]
        body = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.patch(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}", body)

    def pods(self, namespace: str, workload: str) -> list[Json]:
        found = self.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return [pod for pod in found if pod["metadata"]["name"].startswith(f"{workload}-")]

    def metric(self, query: str) -> dict[tuple[str, ...], float]:
        """An instant query's values, by the values of the labels in their order of name."""
        data = self.get("/prometheus/api/v1/query", query=query)["data"]["result"]
        found: dict[tuple[str, ...], float] = {}
        for one in data:
            labels = {name: told for name, told in one["metric"].items() if name != "__name__"}
            found[tuple(labels[name] for name in sorted(labels))] = float(one["value"][1])
        return found

    def firing(self) -> set[tuple[str, ...]]:
        """What Alertmanager lists: name and what is named besides, severity left out."""
        return {
            tuple(value for name, value in sorted(one["labels"].items()) if name != "severity")
            for one in self.get("/alertmanager/api/v2/alerts")
        }

    def _json(self, response: httpx2.Response) -> Any:
        assert response.status_code < 300, response.text
        return response.json()


async def _nothing() -> None:
    """Beside the server: time passes when a test says so."""


@contextmanager
def practising(
    folder: str | Path, *, speed: float = 1, start: datetime = START
) -> Generator[Practising]:
    """A story by its name, or a folder, as of `start`."""
    path = SNAPSHOTS / folder if isinstance(folder, str) else folder
    clock = Clock(start)
    practice = Practice.of(Snapshot.read(path, now=start), clock.now, speed=speed)
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=practice.routes)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with (
        listener,
        tempfile.TemporaryDirectory() as private,
        httpx2.Client(
            base_url=address, headers={"authorization": f"Bearer {practice.token}"}
        ) as client,
        server._running(app, listener, beside=_nothing, before_end=practice.kubernetes.stop),
    ):
        kubeconfig = Path(private) / "kubeconfig"
        server._write_kubeconfig(kubeconfig, "practice", address, practice.token)
        yield Practising(practice, clock, client, kubeconfig)
