"""A real Kubernetes control plane on loopback: etcd, kube-apiserver, and controllers if wanted."""

import secrets
import ssl
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.kube.binaries import required
from tests.kube.server import Server
from tests.ports import free_port

PATIENCE_S = 120.0

# Those that do not write to the objects a check has just written: they see deletions through.
QUIET_CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "resourcequota-controller",
)


@contextmanager
def control_plane(
    folder: Path,
    *,
    controllers: Sequence[str] = QUIET_CONTROLLERS,
    stored: Callable[[str], None] | None = None,
    without: Sequence[str] = ("ServiceAccount",),
) -> Generator[Server]:
    """An empty cluster with an admin and a user who may do nothing, stopped when the block ends.

    It is not empty if `stored` fills etcd, whose address it is given, before the API server starts.
    `without` are admission plugins that are switched off.
    """
    etcd, apiserver = required("etcd", "kube-apiserver")
    with ExitStack() as running:
        store = running.enter_context(_etcd(etcd, folder))
        if stored:
            stored(store)
        server = running.enter_context(_apiserver(apiserver, folder, store, without))
        if controllers:
            [manager] = required("kube-controller-manager")
            running.enter_context(_controllers(manager, folder, server, controllers))
        yield server


@contextmanager
def fake_nodes(folder: Path, server: Server, *, stages: Path | None = None) -> Generator[None]:
    """kwok plays the kubelet of every node: pods that are bound to one become ready.

    With `stages`, what becomes of them is told there.
    """
    [kwok] = required("kwok")
    port = free_port()
    command: list[str | Path] = [
        kwok,
        f"--kubeconfig={server.kubeconfig}",
        "--manage-all-nodes=true",
        f"--server-address=127.0.0.1:{port}",
        # A configuration of one's own leaves kwok's own defaults out: without leases nodes get lost.
        *([f"--config={stages}", "--node-lease-duration-seconds=40"] if stages else []),
    ]
    with _running(command, folder / "kwok.log", lambda: _ok(f"http://127.0.0.1:{port}/healthz")):
        yield


@contextmanager
def scheduler(folder: Path, server: Server) -> Generator[None]:
    """Pods are bound to nodes, or it is told why not."""
    [binary] = required("kube-scheduler")
    port = free_port()
    command: list[str | Path] = [
        binary,
        f"--kubeconfig={server.kubeconfig}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'scheduler'}",
    ]
    with _running(
        command, folder / "scheduler.log", lambda: _ok(f"https://127.0.0.1:{port}/healthz")
    ):
        yield


@contextmanager
def _etcd(binary: Path, folder: Path) -> Generator[str]:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command: list[str | Path] = [
        binary,
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]
    with _running(command, folder / "etcd.log", lambda: _ok(f"{client}/health")):
        yield client


@contextmanager
def _apiserver(binary: Path, folder: Path, store: str, without: Sequence[str]) -> Generator[Server]:
    port, certificates = free_port(), folder / "certificates"
    admin, nobody = secrets.token_hex(16), secrets.token_hex(16)
    tokens, key = folder / "tokens.csv", folder / "accounts.key"
    tokens.write_text(f'{admin},admin,admin,"system:masters"\n{nobody},nobody,nobody\n')
    key.write_bytes(_private_key())
    command: list[str | Path] = [
        binary,
        f"--etcd-servers={store}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={certificates}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={tokens}",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--service-account-issuer=https://127.0.0.1",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        *([f"--disable-admission-plugins={','.join(without)}"] if without else []),
        "--watch-cache=true",
    ]
    url, ca = f"https://127.0.0.1:{port}", certificates / "apiserver.crt"
    server = Server("real", url, admin, ca, write_kubeconfig(folder, url, ca, admin))
    with _running(command, folder / "apiserver.log", lambda: _ready(server)):
        yield server


@contextmanager
def _controllers(
    binary: Path, folder: Path, server: Server, names: Sequence[str]
) -> Generator[None]:
    port = free_port()
    command: list[str | Path] = [
        binary,
        f"--kubeconfig={server.kubeconfig}",
        f"--controllers={','.join(names)}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'manager'}",
        f"--service-account-private-key-file={folder / 'accounts.key'}",
        # To empty one namespace takes a request or two for every kind.
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]
    with _running(
        command, folder / "manager.log", lambda: _ok(f"https://127.0.0.1:{port}/healthz")
    ):
        yield


def write_kubeconfig(folder: Path, url: str, ca: Path, token: str) -> Path:
    cluster = {"server": url, "certificate-authority": str(ca)}
    told: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "real",
        "clusters": [{"name": "real", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
    }
    path = folder / "kubeconfig"
    path.write_bytes(orjson.dumps(told))
    path.chmod(0o600)
    return path


def _private_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@contextmanager
def _running(
    command: Sequence[str | Path], log: Path, ready: Callable[[], bool]
) -> Generator[None]:
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            _wait_until(ready, process, log)
            yield
        finally:
            process.terminate()
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not ready():
        assert process.poll() is None, f"{log.stem} ended: {log.read_text()[-2000:]}"
        assert time.monotonic() < deadline_s, f"{log.stem} did not start: {log.read_text()[-2000:]}"
        time.sleep(0.1)


def _ready(server: Server) -> bool:
    if not server.ca or not server.ca.exists():
        return False
    try:
        with server.client() as http:
            return (
                http.get("/readyz").status_code == 200
                and http.get("/api/v1/namespaces/default").status_code == 200
                and http.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/admin").is_success
            )
    except (httpx2.HTTPError, ssl.SSLError):
        return False


def _ok(url: str) -> bool:
    try:
        return httpx2.get(url, verify=False, timeout=1).status_code == 200
    except httpx2.HTTPError:
        return False
