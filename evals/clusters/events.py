"""Events in the shapes that different components write."""

from evals.clusters.world import Json, World

REPORTERS = {
    "kubelet": "kubelet",
    "scheduler": "default-scheduler",
    "deployment": "deployment-controller",
    "replicaset": "replicaset-controller",
    "statefulset": "statefulset-controller",
    "daemonset": "daemonset-controller",
    "job": "job-controller",
    "cronjob": "cronjob-controller",
    "node": "node-controller",
    "volume": "persistentvolume-controller",
    "attach": "attachdetach-controller",
    "hpa": "horizontal-pod-autoscaler",
    "autoscaler": "cluster-autoscaler",
}


def event(
    world: World,
    about: Json,
    reason: str,
    message: str,
    *,
    by: str = "kubelet",
    warn: bool = False,
    first: float = 10,
    last: float | None = None,
    count: int = 1,
    field: str = "",
    uid: bool = True,
) -> Json:
    """One Event. The scheduler writes events.k8s.io's fields; the others the old ones.

    `field`: the container it is about; `uid` False: the involved object's uid was lost in the dump.
    """
    last = first if last is None else last
    metadata = about["metadata"]
    involved = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": metadata["name"],
        "resourceVersion": metadata["resourceVersion"],
    }
    if space := metadata.get("namespace"):
        involved["namespace"] = space
    if uid:
        involved["uid"] = metadata["uid"]
    if field:
        involved["fieldPath"] = f"spec.containers{{{field}}}"
    name = f"{metadata['name']}.18{world.dice.getrandbits(56):014x}"
    told = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": world.meta(name, space or "default", born=first),
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "type": "Warning" if warn else "Normal",
        "reportingComponent": REPORTERS[by],
        **_times(world, about, by, first, last, count),
    }
    return world.add(told)


def _times(world: World, about: Json, by: str, first: float, last: float, count: int) -> Json:
    if by == "scheduler":
        stamp = world.moment(first).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        told: Json = {
            "eventTime": stamp,
            "firstTimestamp": None,
            "lastTimestamp": None,
            "action": "Scheduling",
            "reportingInstance": "default-scheduler-cp-1",
            "source": {},
        }
        if count > 1:
            seen = world.moment(last).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            told["series"] = {"count": count, "lastObservedTime": seen}
        return told
    host = about.get("spec", {}).get("nodeName", "") if by == "kubelet" else ""
    source = {"component": REPORTERS[by], **({"host": host} if host else {})}
    return {
        "count": count,
        "eventTime": None,
        "firstTimestamp": world.ago(first),
        "lastTimestamp": world.ago(last),
        "reportingInstance": host,
        "source": source,
    }


def as_new_api(one: Json) -> Json:
    """The same event as `kubectl get events.events.k8s.io -o yaml` prints it."""
    seen = (
        {"count": one["count"], "lastObservedTime": one["lastTimestamp"]}
        if one["count"] > 1
        else None
    )
    told: Json = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": one["metadata"],
        "eventTime": one["firstTimestamp"].replace("Z", ".000000Z"),
        "note": one["message"],
        "reason": one["reason"],
        "regarding": one["involvedObject"],
        "reportingController": one["reportingComponent"],
        "reportingInstance": one["reportingInstance"] or "x",
        "type": one["type"],
    }
    if seen:
        told["series"] = seen
    return told


def scheduled(world: World, pod: Json, minutes: float) -> None:
    space, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    text = f"Successfully assigned {space}/{name} to {pod['spec']['nodeName']}"
    event(world, pod, "Scheduled", text, by="scheduler", first=minutes)["action"] = "Binding"


def unschedulable(
    world: World, pod: Json, text: str, first: float, last: float, count: int
) -> None:
    event(
        world,
        pod,
        "FailedScheduling",
        text,
        by="scheduler",
        warn=True,
        first=first,
        last=last,
        count=count,
    )


def pull_failed(
    world: World, pod: Json, spec: Json, error: str, first: float, last: float, *, uid: bool = True
) -> None:
    """What the kubelet writes while an image cannot be pulled."""
    image, name = spec["image"], spec["name"]
    tries = max(2, int((first - last) / 3))
    again: Json = {"first": first, "last": last, "field": name, "uid": uid}
    event(world, pod, "Pulling", f'Pulling image "{image}"', count=tries, **again)
    event(
        world,
        pod,
        "Failed",
        f'Failed to pull image "{image}": {error}',
        warn=True,
        count=tries,
        **again,
    )
    event(world, pod, "Failed", "Error: ErrImagePull", warn=True, count=tries, **again)
    text = f'Back-off pulling image "{image}"'
    event(world, pod, "BackOff", text, count=tries * 9, **again)
    event(world, pod, "Failed", "Error: ImagePullBackOff", warn=True, count=tries * 9, **again)


def restarted(
    world: World,
    pod: Json,
    spec: Json,
    first: float,
    last: float,
    *,
    times: int,
    crashing: bool = True,
) -> None:
    """What the kubelet writes while a container starts over and over."""
    name, about = spec["name"], pod["metadata"]
    again: Json = {"first": first, "field": name}
    pulled = f'Container image "{spec["image"]}" already present on machine'
    event(world, pod, "Pulled", pulled, last=last, count=times, **again)
    event(world, pod, "Created", f"Created container: {name}", last=last, count=times, **again)
    event(world, pod, "Started", f"Started container {name}", last=last, count=times, **again)
    if crashing:
        text = (
            f"Back-off restarting failed container {name} in pod "
            f"{about['name']}_{about['namespace']}({about['uid']})"
        )
        event(world, pod, "BackOff", text, warn=True, last=0.3, count=times * 7, **again)


def scaled(world: World, parent: Json, child: str, before: int, after: int, minutes: float) -> None:
    way = "up" if after > before else "down"
    text = f"Scaled {way} replica set {child} from {before} to {after}"
    event(world, parent, "ScalingReplicaSet", text, by="deployment", first=minutes)


def created_pod(world: World, parent: Json, pod: Json, minutes: float) -> None:
    text = f"Created pod: {pod['metadata']['name']}"
    by = {"ReplicaSet": "replicaset", "DaemonSet": "daemonset", "Job": "job"}[parent["kind"]]
    event(world, parent, "SuccessfulCreate", text, by=by, first=minutes)
