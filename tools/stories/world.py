"""One practice cluster while it is being told: everything that will be written to its folder."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tools.stories.metrics import Recorder
from tools.stories.naming import number, uid
from tools.stories.times import duration, stamp

Json = dict[str, Any]
Line = tuple[datetime, str]

# The API server forgets an event an hour after its last sighting.
EVENT_TTL = timedelta(hours=1)


@dataclass
class World:
    """Collects objects, events, logs, series, alerts and changes of one story."""

    name: str
    cluster: str
    captured_at: datetime
    objects: list[tuple[str, Json]] = field(default_factory=list[tuple[str, Json]])
    events: list[Json] = field(default_factory=list[Json])
    logs: dict[str, list[Line]] = field(default_factory=dict[str, list[Line]])
    alerts: list[Json] = field(default_factory=list[Json])
    rules: dict[str, Json] = field(default_factory=dict[str, Json])
    changes: list[Json] = field(default_factory=list[Json])
    truth: Json = field(default_factory=dict[str, Any])
    weeks: Json = field(default_factory=dict[str, Any])  # before the recording: weeks.yaml
    pod_count: dict[str, int] = field(default_factory=dict[str, int])
    touched: dict[str, datetime] = field(default_factory=dict[str, datetime])  # by uid

    def __post_init__(self) -> None:
        self.metrics = Recorder(self.captured_at)

    def ago(self, text: str) -> datetime:
        """The moment `text` (`1h14m`) before the picture was taken."""
        return self.captured_at - duration(text)

    def random(self, *parts: object) -> Random:
        """A generator of its own for each use, so that one story's edit moves nothing else."""
        return Random(f"{self.name}/{'/'.join(map(str, parts))}")

    def uid(self, kind: str, namespace: str, name: str) -> str:
        return uid(self.name, kind, namespace, name)

    def add(self, file: str, thing: Json) -> Json:
        """Put an object into `objects/<file>.yaml`."""
        self.objects.append((file, thing))
        return thing

    def find(self, kind: str, namespace: str, name: str) -> Json:
        return next(
            thing
            for _, thing in self.objects
            if thing["kind"] == kind
            and thing["metadata"]["name"] == name
            and thing["metadata"].get("namespace", "") == namespace
        )

    def of_kind(self, kind: str, namespace: str | None = None) -> list[Json]:
        return [
            thing
            for _, thing in self.objects
            if thing["kind"] == kind and namespace in (None, thing["metadata"].get("namespace", ""))
        ]

    def log(self, pod: Json, container: str, lines: list[Line], *, previous: bool = False) -> None:
        meta = pod["metadata"]
        ending = ".previous.log" if previous else ".log"
        path = f"logs/{meta['namespace']}/{meta['name']}/{container}{ending}"
        self.logs[path] = sorted((self._uneven(at, text), text) for at, text in lines)

    def _uneven(self, at: datetime, text: str) -> datetime:
        """The same moment a few milliseconds on: nothing happens on a whole second."""
        return min(at + timedelta(microseconds=number(80_000, at, text)), self.captured_at)

    def change(self, ago: str, kind: str, target: str, summary: str, **more: str) -> None:
        """Write down what people did; `target` is `Deployment shop/cart`."""
        target_kind, _, path = target.partition(" ")
        namespace, _, name = path.rpartition("/")
        at = self.ago(ago)
        self.changes.append(
            {
                "at": stamp(at),
                "kind": kind,
                "id": more.get("id", f"chg-{number(90000, self.name, ago, target) + 10000}"),
                "target": {"kind": target_kind, "namespace": namespace, "name": name},
                "summary": summary,
                "author": more.get("author", "release-bot"),
            }
        )

    def next_ip(self, node: str) -> str:
        """The next address of the node's pod network (10.244.<node>.0/24)."""
        self.pod_count[node] = self.pod_count.get(node, 3) + 1
        node_names = [one["metadata"]["name"] for one in self.of_kind("Node")]
        return f"10.244.{node_names.index(node)}.{self.pod_count[node] * 3 % 240 + 4}"

    def meta(self, kind: str, namespace: str, name: str, created: datetime, **more: Any) -> Json:
        """Object metadata; `owner` is an object, the rest goes in as it is."""
        owner: Json | None = more.pop("owner", None)
        meta: Json = {"name": name}
        if namespace:
            meta["namespace"] = namespace
        meta["uid"] = self.uid(kind, namespace, name)
        age_s = int((self.captured_at - created).total_seconds())
        meta["resourceVersion"] = str(48_203_977 - age_s // 2 - number(17, kind, namespace, name))
        meta["creationTimestamp"] = stamp(created)
        meta |= {key: value for key, value in more.items() if value}
        if owner:
            meta["ownerReferences"] = [reference(owner)]
        return meta


def reference(owner: Json) -> Json:
    """The owner reference a controller writes."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
