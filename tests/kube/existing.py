"""The cluster of the current kubeconfig, as `USE_EXISTING_CLUSTER=true` asks: kind, k3d."""

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import httpx2
import orjson

from tests.kube.binaries import required
from tests.kube.server import Server
from tests.ports import free_port

PATIENCE_S = 20.0


@contextmanager
def current_cluster(folder: Path) -> Generator[Server]:
    """Behind `kubectl proxy`, so that every way to sign in works."""
    kubectl = which("kubectl") or required("kubectl")[0]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # Logs and exec are refused by default; logs are read by our checks.
    with subprocess.Popen([kubectl, "proxy", f"--port={port}", "--reject-paths=^$"]) as proxy:
        try:
            _wait_for(url)
            yield Server("real", url, "", None, _kubeconfig(folder, url))
        finally:
            proxy.terminate()


def _kubeconfig(folder: Path, url: str) -> Path:
    told: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "existing",
        "clusters": [{"name": "existing", "cluster": {"server": url}}],
        "contexts": [{"name": "existing", "context": {"cluster": "existing", "user": "me"}}],
        "users": [{"name": "me", "user": {}}],
    }
    path = folder / "kubeconfig"
    path.write_bytes(orjson.dumps(told))
    return path


def _wait_for(url: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            httpx2.get(f"{url}/readyz", timeout=5).raise_for_status()
        except httpx2.HTTPError:
            assert time.monotonic() < deadline_s, "kubectl proxy did not reach the cluster"
            time.sleep(0.1)
        else:
            return
