"""A cluster whose time is moved by hand: the controllers over a store, and no server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sandbox.controllers import controllers_of
from sandbox.kubernetes_api import POD
from sandbox.kubernetes_api.admission import pod_refusal
from sandbox.kubernetes_api.kinds import Kinds
from sandbox.series import SeriesStore
from sandbox.snapshot.completing import complete
from sandbox.store import Key, Store
from tests.sandbox.small_cluster import named

Json = dict[str, Any]

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
IMAGE = "registry.example/web:1"


class Stepped:
    """`loaded` objects were there before; everything else is put by `put`."""

    def __init__(self, *loaded: Json, reactions: Json | None = None, speed: float = 1) -> None:
        self.time = START
        self.store = Store()
        self._kinds = Kinds()
        objects = list(loaded)
        complete(objects, captured_at=START)
        for one in objects:
            self.store.load(self.key(one), one)
        told = {"images": ["registry.example/*"], **(reactions or {})}
        self.controllers = controllers_of(
            self.store, SeriesStore([]), lambda: self.time, reactions=told, speed=speed
        )
        self.controllers.world.admit = partial(pod_refusal, self.store, POD)

    def key(self, one: Json) -> Key:
        kind = self._kinds.of(one) or self._kinds.guess(one)
        return Key(kind.resource, one["metadata"].get("namespace") or "", one["metadata"]["name"])

    def put(self, one: Json) -> Json:
        """Write an object as a client would, with its next generation."""
        key = self.key(one)
        before = self.store.get(key)
        own = before["metadata"] if before else {"uid": f"uid-{key.resource}-{key.name}"}
        generation = own.get("generation", 0) + (1 if one.get("spec") is not None else 0)
        stamp = self.time.strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata = {"creationTimestamp": stamp, **own, **one["metadata"], "generation": generation}
        self.store.put(key, {**one, "metadata": metadata})
        self.controllers.step()
        return self.get(one["kind"], key.name, key.namespace)

    def edit(self, kind: str, name: str, **spec: Any) -> Json:
        one = self.get(kind, name)
        return self.put({**one, "spec": {**one["spec"], **spec}})

    def pass_s(self, seconds: float) -> None:
        """Let time pass, stopping wherever something is due."""
        end = self.time + timedelta(seconds=seconds)
        due = self.controllers.step()
        while due is not None and due <= end:
            self.time = max(self.time, due)
            due = self.controllers.step()
        self.time = end
        self.controllers.step()

    def get(self, kind: str, name: str, namespace: str = "shop") -> Json:
        return next(one for one in self.all(kind, namespace) if one["metadata"]["name"] == name)

    def all(self, kind: str, namespace: str = "shop") -> list[Json]:
        resource = next(known.resource for known in self._standard(kind))
        return self.store.list(resource, namespace if resource != "nodes" else "")

    def pods(self) -> list[Json]:
        return self.all("Pod")

    def pod(self) -> Json:
        [pod] = self.pods()
        return pod

    def events(self, reason: str) -> list[str]:
        """The messages of the events of a reason."""
        return [one["message"] for one in self.all("Event") if one["reason"] == reason]

    def _standard(self, kind: str) -> Iterator[Any]:
        groups = self._kinds.groups()
        for versions in groups.values():
            for kinds in versions.values():
                yield from (known for known in kinds if known.kind == kind)


def node(name: str, *, cpu: str = "4", memory: str = "8Gi", **spec: Any) -> Json:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    allocatable = {"cpu": cpu, "memory": memory, "pods": "110"}
    return named(
        "Node",
        name,
        api="v1",
        namespace="",
        labels={"kubernetes.io/hostname": name},
        spec={"podCIDR": "10.244.1.0/24", **spec},
        status={"conditions": [ready], "allocatable": allocatable},
    )


def container(**fields: Any) -> Json:
    return {"name": "app", "image": IMAGE, **fields}


def template(**fields: Any) -> Json:
    spec = {"containers": [container(**fields)]}
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


def deployment(replicas: int = 1, *, told: Json | None = None, **spec: Any) -> Json:
    return named(
        "Deployment",
        "web",
        api="apps/v1",
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": told or template(),
            **spec,
        },
    )


def bare_pod(**fields: Any) -> Json:
    spec = {"containers": [container(**fields)], "restartPolicy": "Always"}
    return named("Pod", "web", labels={"app": "web"}, spec=spec, status={"phase": "Pending"})


def condition(one: Json, kind: str) -> Json:
    return next(told for told in one["status"]["conditions"] if told["type"] == kind)


def state(pod: Json) -> Json:
    return pod["status"]["containerStatuses"][0]["state"]


def is_ready(pod: Json) -> bool:
    return condition(pod, "Ready")["status"] == "True"
