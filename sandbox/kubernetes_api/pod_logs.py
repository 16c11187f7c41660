"""Container logs, and the refusals a kubelet gives instead of one."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.fields import at, entries, section
from sandbox.kubernetes_api.statuses import bad_request
from sandbox.snapshot import Log, LogKey
from sandbox.snapshot.times import parse_time

Json = dict[str, Any]

_IMAGE_TROUBLE = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"})
_CONTAINER_FIELDS = ("initContainers", "containers", "ephemeralContainers")
_STATUS_FIELDS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def read_log(cluster: Cluster, pod: Json, call: Call, *, now: datetime) -> bytes:
    """What `GET …/pods/<name>/log` answers for this pod."""
    container = _container(pod, call.query.get("container", ""))
    previous = call.flag("previous")
    log = _log(cluster, pod, container, previous=previous)
    if log is None:
        _refuse_unstarted(pod, container, previous=previous)
        return b""
    lines = _since(log.lines, call, now)
    tail = call.number("tailLines")
    if tail is not None and tail >= 0:
        lines = lines[len(lines) - min(tail, len(lines)) :]
    if call.flag("timestamps"):
        started = _started(pod, container) or pod["metadata"]["creationTimestamp"]
        text = b"".join((time or started).encode() + b" " + line + b"\n" for time, line in lines)
    else:
        text = b"".join(line + b"\n" for _, line in lines)
    limit = call.number("limitBytes")
    return text if limit is None else text[:limit]


def _container(pod: Json, asked: str) -> str:
    names = {
        part: [str(one.get("name")) for one in entries(pod, "spec", part)]
        for part in _CONTAINER_FIELDS
    }
    name = pod["metadata"]["name"]
    if asked:
        if not any(asked in known for known in names.values()):
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(names["containers"]) == 1:
        return names["containers"][0]
    message = f"a container name must be specified for pod {name}, choose one of: "
    message += f"[{' '.join(names['containers'])}]"
    if names["initContainers"]:
        message += f" or one of the init containers: [{' '.join(names['initContainers'])}]"
    raise bad_request(message)


def _log(cluster: Cluster, pod: Json, container: str, *, previous: bool) -> Log | None:
    """A container that waits to be restarted has one last run: it is both current and previous."""
    metadata = pod["metadata"]
    asked = LogKey(metadata["namespace"], metadata["name"], container, previous)
    other = LogKey(metadata["namespace"], metadata["name"], container, not previous)
    waits = "waiting" in section(_status(pod, container), "state")
    return cluster.logs.get(asked) or (cluster.logs.get(other) if waits else None)


def _refuse_unstarted(pod: Json, container: str, *, previous: bool) -> None:
    status, name = _status(pod, container), pod["metadata"]["name"]
    ran_before = "terminated" in section(status, "lastState")
    if previous and not ran_before:
        message = f'previous terminated container "{container}" in pod "{name}" not found'
        raise bad_request(message)
    if not at(pod, "spec", "nodeName"):
        raise bad_request(f"pod {name} does not have a host assigned")
    if "waiting" in section(status, "state") and not ran_before:
        reason = str(at(status, "state", "waiting", "reason") or "ContainerCreating")
        why = "trying and failing to pull image" if reason in _IMAGE_TROUBLE else reason
        message = f'container "{container}" in pod "{name}" is waiting to start: {why}'
        raise bad_request(message)


def _since(lines: list[tuple[str, bytes]], call: Call, now: datetime) -> list[tuple[str, bytes]]:
    seconds = call.number("sinceSeconds")
    since = now - timedelta(seconds=seconds) if seconds is not None else None
    if text := call.query.get("sinceTime", ""):
        since = parse_time(text)
        if since is None:
            raise bad_request(f"invalid sinceTime: {text}")
    if since is None:
        return lines
    moments = [parse_time(time) for time, _ in lines]
    if not any(moments):
        return lines
    first = next((n for n, moment in enumerate(moments) if moment and moment >= since), len(lines))
    return lines[first:]


def _started(pod: Json, container: str) -> str:
    state = section(_status(pod, container), "state")
    return next((str(run["startedAt"]) for run in state.values() if at(run, "startedAt")), "")


def _status(pod: Json, container: str) -> Json:
    statuses = [one for part in _STATUS_FIELDS for one in entries(pod, "status", part)]
    named = [one for one in statuses if one.get("name") == container]
    return named[0] if named else {}
