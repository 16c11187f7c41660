"""kubectl can describe whatever a practice cluster holds, also what was told in part."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from sandbox.server import serving_in_thread
from tests.kube.binaries import required
from tests.sandbox.practising import SNAPSHOTS
from tests.sandbox.small_cluster import named, template, write_snapshot

Json = dict[str, Any]
STORIES = sorted(path.name for path in SNAPSHOTS.iterdir() if path.is_dir())

pytestmark = pytest.mark.live


class Kubectl(Protocol):
    def __call__(self, *arguments: str) -> str: ...


@contextmanager
def kubectl_in(folder: Path) -> Iterator[Kubectl]:
    """What it prints; an error, and a crash all the more, fails the test."""
    [binary] = required("kubectl")

    with serving_in_thread(folder) as addresses:
        known = {"HOME": str(addresses.kubeconfig.parent), "PATH": os.environ["PATH"]}

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [binary, *arguments],
                env={**known, "KUBECONFIG": str(addresses.kubeconfig)},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
            return done.stdout

        yield run


@pytest.mark.parametrize("story", STORIES)
def test_every_object_of_a_shipped_cluster_can_be_described(story: str) -> None:
    with kubectl_in(SNAPSHOTS / story) as kubectl:
        kinds = ",".join(kubectl("api-resources", "--verbs=list", "-o", "name").split())
        names = kubectl("get", kinds, "-A", "--no-headers", "-o", "custom-columns=:.metadata.name")
        printed = kubectl("describe", kinds, "-A")
        told = [line for line in printed.splitlines() if line.startswith("Name:")]
        assert len(told) == len(names.split()) > 100


def told_in_part(kind: str) -> Json:
    selector = {"matchLabels": {"app": "web"}}
    return named(kind, "web", api="apps/v1", spec={"selector": selector, "template": template()})


def in_part() -> list[Json]:
    job = {"template": {"spec": template()["spec"]}}
    cron = {"schedule": "0 * * * *", "jobTemplate": {"spec": job}}
    claim = named("PersistentVolumeClaim", "data", namespace="")
    stateful = told_in_part("StatefulSet")
    stateful["spec"]["volumeClaimTemplates"] = [{"metadata": claim["metadata"], "spec": {}}]
    return [
        *map(told_in_part, ("Deployment", "ReplicaSet", "DaemonSet")),
        stateful,
        named("ReplicationController", "web", spec={"template": template()}),
        named("Job", "web", api="batch/v1", spec=job),
        named("CronJob", "web", api="batch/v1", spec=cron),
    ]


@pytest.mark.parametrize("one", in_part(), ids=lambda one: one["kind"])
def test_a_workload_told_in_part_can_be_described(tmp_path: Path, one: Json) -> None:
    folder = write_snapshot(tmp_path, [named("Namespace", "shop", namespace=""), one])
    with kubectl_in(folder) as kubectl:
        printed = kubectl("describe", one["kind"], "web", "-n", "shop")
        assert printed.splitlines()[0].split() == ["Name:", "web"]
