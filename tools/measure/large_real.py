"""The same large cluster on a real kube-apiserver, with kwok as its kubelets.

    .venv/bin/python -m tools.measure.large_real [NODES] [PODS]

Needs what tools/build_servers.sh builds. The objects are put into etcd as they are, with what
controllers and kubelets would have told; kwok keeps the nodes ready.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.kube.real_cluster import control_plane, fake_nodes
from tools.measure.large import measured, memory_mib, told
from tools.measure.large_cluster import large_cluster
from tools.measure.stored import store


def main(nodes: int = 1000, pods: int = 20_000) -> None:
    took: list[float] = []

    def fill(etcd: str) -> None:
        started = time.monotonic()
        store(etcd, large_cluster(nodes, pods))
        took.append(time.monotonic() - started)

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        started = time.monotonic()
        with (
            control_plane(folder, controllers=(), stored=fill) as server,
            fake_nodes(folder, server),
        ):
            ready_s = time.monotonic() - started
            command = [sys.executable, "-m", "api.cli", "diagnose", "-A", "--output", "json"]
            run = measured([*command, "--kubeconfig", str(server.kubeconfig)])
            mib = memory_mib("kube-apiserver", folder) + memory_mib("etcd", folder)
    print(f"{nodes} nodes, {pods} pods")
    print(
        f"kube-apiserver and etcd: loaded in {took[0]:.0f} s, ready after {ready_s:.0f} s, {mib:.0f} MiB"
    )
    print(told(*run))


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]))
