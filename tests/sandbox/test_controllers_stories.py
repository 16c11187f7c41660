"""The shipped pictures stay as they are, until somebody does something about them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.controllers import Controllers, controllers_of
from sandbox.kubernetes_api import Cluster
from sandbox.series import Matcher, SeriesStore
from sandbox.snapshot import Snapshot
from sandbox.store import Key, Store

Json = dict[str, Any]
SNAPSHOTS = Path(__file__).parents[2] / "sandbox" / "snapshots"
NAMES = sorted(path.name for path in SNAPSHOTS.iterdir() if path.is_dir())


class Told:
    """A shipped practice cluster whose time is moved by hand."""

    def __init__(self, name: str) -> None:
        snapshot = Snapshot.read(SNAPSHOTS / name)
        self.time: datetime = snapshot.captured_at
        self.store: Store = Cluster.of(snapshot).store
        series = SeriesStore.read(snapshot.metrics, snapshot.shift.total_seconds())
        self.controllers: Controllers = controllers_of(self.store, series, lambda: self.time)

    def pass_s(self, seconds: float) -> None:
        end = self.time + timedelta(seconds=seconds)
        due = self.controllers.step()
        while due is not None and due <= end:
            self.time = max(self.time, due)
            due = self.controllers.step()
        self.time = end

    def change(self, key: Key, change: Callable[[Json], Json]) -> None:
        one = self.store.get(key)
        assert one
        self.store.put(key, change(one))

    def deployment(self, namespace: str, name: str) -> Json:
        found = self.store.get(Key("deployments.apps", namespace, name))
        assert found
        return found


def with_container(**fields: Any) -> Callable[[Json], Json]:
    """The Deployment, its first container changed."""

    def change(one: Json) -> Json:
        spec, template = one["spec"], one["spec"]["template"]
        [first, *others] = template["spec"]["containers"]
        pod_spec = {**template["spec"], "containers": [{**first, **fields}, *others]}
        metadata = {**one["metadata"], "generation": one["metadata"]["generation"] + 1}
        return {
            **one,
            "metadata": metadata,
            "spec": {**spec, "template": {**template, "spec": pod_spec}},
        }

    return change


def with_limit(memory: str) -> Callable[[Json], Json]:
    limits = {"limits": {"cpu": "500m", "memory": memory}, "requests": {"memory": "160Mi"}}
    return with_container(resources=limits)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_done_to_a_picture_nobody_touched(name: str) -> None:
    told = Told(name)
    before = told.store.version
    told.pass_s(7200)
    assert told.store.version == before


def test_more_memory_ends_the_crashes_of_checkout() -> None:
    told, checkout = Told("shop"), Key("deployments.apps", "shop", "checkout")
    told.change(checkout, with_limit("512Mi"))
    told.pass_s(600)
    assert told.deployment("shop", "checkout")["status"]["readyReplicas"] == 3


def test_usage_goes_on_under_the_names_of_the_new_pods() -> None:
    told, checkout = Told("shop"), Key("deployments.apps", "shop", "checkout")
    told.change(checkout, with_limit("512Mi"))
    told.pass_s(600)
    now_s = told.time.timestamp()
    wanted = [Matcher("__name__", "=", "container_memory_working_set_bytes")]
    wanted.append(Matcher("container", "=", "checkout"))
    measured = {
        dict(one.labels)["pod"]
        for one in told.controllers.world.series.select(wanted, now_s - 300, now_s)
    }
    pods = [pod["metadata"]["name"] for pod in told.store.list("pods", "shop")]
    assert measured == {name for name in pods if name.startswith("checkout-")}


def test_as_much_memory_as_before_does_not() -> None:
    told, checkout = Told("shop"), Key("deployments.apps", "shop", "checkout")
    told.change(checkout, with_limit("257Mi"))
    told.pass_s(900)
    pods = told.store.list("pods", "shop")
    ends = [
        status["lastState"].get("terminated", {}).get("reason")
        for pod in pods
        if pod["metadata"]["name"].startswith("checkout-")
        for status in pod["status"]["containerStatuses"]
    ]
    assert "OOMKilled" in ends


def test_a_restart_alone_does_not_mend_checkout() -> None:
    told, checkout = Told("shop"), Key("deployments.apps", "shop", "checkout")
    stamp = {"kubectl.kubernetes.io/restartedAt": "2026-11-20T10:00:00Z"}

    def restarted(one: Json) -> Json:
        template = one["spec"]["template"]
        metadata = {**template["metadata"], "annotations": stamp}
        spec = {**one["spec"], "template": {**template, "metadata": metadata}}
        return {**one, "spec": spec}

    told.change(checkout, restarted)
    told.pass_s(900)
    status = told.deployment("shop", "checkout")["status"]
    assert status.get("readyReplicas", 0) < 3


def test_going_back_to_an_image_that_exists_mends_the_ledger() -> None:
    told = Told("bad-image")
    ledger = next(
        one
        for one in told.store.list("deployments.apps", "payments")
        if one["metadata"]["name"] == "ledger"
    )
    images = {
        one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in told.store.list("replicasets.apps", "payments")
        if one["metadata"]["name"].startswith("ledger-")
    }
    broken = ledger["spec"]["template"]["spec"]["containers"][0]["image"]
    good = max(images - {broken})
    told.change(Key("deployments.apps", "payments", "ledger"), with_container(image=good))
    told.pass_s(300)
    status = told.deployment("payments", "ledger")["status"]
    assert status["readyReplicas"] == status["replicas"] == ledger["spec"]["replicas"]
