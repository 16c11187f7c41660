"""Events worded as the components of Kubernetes 1.32 word them."""

from datetime import datetime, timedelta
from typing import Any

from tools.stories.naming import digest
from tools.stories.times import micro, stamp
from tools.stories.world import EVENT_TTL, World

Json = dict[str, Any]


def involved(thing: Json, container: str = "") -> Json:
    meta = thing["metadata"]
    seen: Json = {
        "apiVersion": thing["apiVersion"],
        "kind": thing["kind"],
        "name": meta["name"],
        "namespace": meta.get("namespace"),
        "resourceVersion": meta["resourceVersion"],
        "uid": meta["uid"],
    }
    if container:
        seen["fieldPath"] = f"spec.containers{{{container}}}"
    return {name: value for name, value in seen.items() if value is not None}


def _add(world: World, thing: Json, last: datetime, event: Json) -> None:
    if last < world.captured_at - EVENT_TTL:
        return
    name = thing["metadata"]["name"]
    namespace = thing["metadata"].get("namespace", "default")
    identity = digest(namespace, name, event["reason"], event["message"], last)[:16]
    meta = world.meta("Event", namespace, f"{name}.{identity}", last)
    world.events.append({"apiVersion": "v1", "kind": "Event", "metadata": meta} | event)


def seen(
    world: World, thing: Json, reason: str, message: str, *, by: str, at: datetime,
    last: datetime | None = None, count: int = 1, warning: bool = False, container: str = "",
    host: str = "",
) -> None:  # fmt: skip
    """A classic event: component, host, count, first and last sighting."""
    source = {"component": by, "host": host} if host else {"component": by}
    event: Json = {
        "involvedObject": involved(thing, container),
        "reason": reason,
        "message": message,
        "source": source,
        "firstTimestamp": stamp(at),
        "lastTimestamp": stamp(last or at),
        "count": count,
        "type": "Warning" if warning else "Normal",
        "eventTime": None,
        "reportingComponent": by,
        "reportingInstance": host,
    }
    _add(world, thing, last or at, event)


def scheduled(world: World, pod: Json, at: datetime) -> None:
    """The scheduler writes events.k8s.io: no count, no lastTimestamp, only eventTime."""
    meta = pod["metadata"]
    node = pod["spec"]["nodeName"]
    control_plane = world.of_kind("Node")[0]["metadata"]["name"]
    event: Json = {
        "involvedObject": involved(pod),
        "reason": "Scheduled",
        "message": f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}",
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "type": "Normal",
        "eventTime": micro(at + timedelta(microseconds=418_207)),
        "action": "Binding",
        "reportingComponent": "default-scheduler",
        "reportingInstance": f"default-scheduler-{control_plane}",
    }
    _add(world, pod, at, event)


def kubelet(
    world: World, pod: Json, reason: str, message: str, *, at: datetime,
    last: datetime | None = None, count: int = 1, warning: bool = False, container: str = "",
) -> None:  # fmt: skip
    """What the pod's own kubelet tells about it."""
    host = pod["spec"]["nodeName"]
    seen(
        world, pod, reason, message, by="kubelet", host=host, at=at, last=last, count=count,
        warning=warning, container=container,
    )  # fmt: skip


def pull_time(mib: int) -> timedelta:
    """How long a node takes to fetch an image."""
    return timedelta(seconds=1.1 + mib / 60)


def started(world: World, pod: Json, container: Json, at: datetime, *, pulled_mib: int = 0) -> None:
    """Pulled, Created, Started; with Pulling before if the image had to be fetched."""
    name, image = container["name"], container["image"]
    if pulled_mib:
        begun = at - pull_time(pulled_mib)
        kubelet(world, pod, "Pulling", f'Pulling image "{image}"', at=begun, container=name)
        took = f"{pull_time(pulled_mib).total_seconds():.3f}s"
        size = pulled_mib * 1048576 + 20_431
        text = f'Successfully pulled image "{image}" in {took} ({took} including waiting).'
        text += f" Image size: {size} bytes."
    else:
        text = f'Container image "{image}" already present on machine'
    kubelet(world, pod, "Pulled", text, at=at, container=name)
    kubelet(world, pod, "Created", f"Created container: {name}", at=at, container=name)
    kubelet(world, pod, "Started", f"Started container {name}", at=at, container=name)


def restarted(world: World, pod: Json, container: Json, starts: list[datetime]) -> None:
    """The same three events once more, counted over all starts."""
    name, image = container["name"], container["image"]
    present = f'Container image "{image}" already present on machine'
    words = {
        "Pulled": present,
        "Created": f"Created container: {name}",
        "Started": f"Started container {name}",
    }
    for reason, text in words.items():
        kubelet(
            world, pod, reason, text, at=starts[0], last=starts[-1], count=len(starts),
            container=name,
        )  # fmt: skip


def backing_off(
    world: World, pod: Json, container: str, at: datetime, last: datetime, count: int
) -> None:
    text = f"Back-off restarting failed container {container} in pod {known_as(pod)}"
    kubelet(
        world, pod, "BackOff", text, at=at, last=last, count=count, warning=True,
        container=container,
    )  # fmt: skip


def known_as(pod: Json) -> str:
    """How the kubelet calls a pod in its messages."""
    meta = pod["metadata"]
    return f"{meta['name']}_{meta['namespace']}({meta['uid']})"


def killed(world: World, pod: Json, at: datetime) -> None:
    """A container that is stopped on purpose."""
    for container in pod["spec"]["containers"]:
        name = container["name"]
        kubelet(world, pod, "Killing", f"Stopping container {name}", at=at, container=name)


def unready(
    world: World, pod: Json, container: str, failure: str, at: datetime, last: datetime, count: int
) -> None:
    kubelet(
        world, pod, "Unhealthy", f"Readiness probe failed: {failure}", at=at, last=last,
        count=count, warning=True, container=container,
    )  # fmt: skip


def refused(pod: Json, port: int, path: str) -> str:
    """What a probe says when nobody listens."""
    address = f"{pod['status']['podIP']}:{port}"
    return f'Get "http://{address}{path}": dial tcp {address}: connect: connection refused'


def scaled(
    world: World, deployment: Json, replica_set: str, was: int, becomes: int, at: datetime
) -> None:
    way = "up" if becomes > was else "down"
    text = f"Scaled {way} replica set {replica_set} from {was} to {becomes}"
    seen(world, deployment, "ScalingReplicaSet", text, by="deployment-controller", at=at)


def pod_created(world: World, owner: Json, pod: str, at: datetime, *, by: str) -> None:
    seen(world, owner, "SuccessfulCreate", f"Created pod: {pod}", by=by, at=at)


def pod_deleted(world: World, owner: Json, pod: str, at: datetime, *, by: str) -> None:
    seen(world, owner, "SuccessfulDelete", f"Deleted pod: {pod}", by=by, at=at)
