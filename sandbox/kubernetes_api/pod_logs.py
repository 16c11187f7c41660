"""Container logs, and the refusals a kubelet gives instead of one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.journal import Line
from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.fields import at, entries, section
from sandbox.kubernetes_api.statuses import bad_request
from sandbox.snapshot import LogKey
from sandbox.snapshot.times import parse_time
from sandbox.store import Key

Json = dict[str, Any]
Now = Callable[[], datetime]

# How often it is looked for more.
_FOLLOWED_S = 0.25

_IMAGE_TROUBLE = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"})
_CONTAINER_FIELDS = ("initContainers", "containers", "ephemeralContainers")
_STATUS_FIELDS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def read_log(cluster: Cluster, pod: Json, call: Call, *, now: datetime) -> bytes:
    """What `GET …/pods/<name>/log` answers for this pod."""
    container = _container(pod, call.query.get("container", ""))
    lines = _lines(cluster, pod, container, now, previous=call.flag("previous"))
    if lines is None:
        if not at(pod, "spec", "nodeName"):
            return b""
        _refuse_unstarted(pod, container, previous=call.flag("previous"))
        # An empty log would say that the container wrote nothing.
        raise bad_request(
            f'the snapshot has no log of container "{container}" in pod "{_name(pod)}"'
        )
    lines = _since(lines, call, now)
    tail = call.number("tailLines")
    if tail is not None and tail >= 0:
        lines = lines[len(lines) - min(tail, len(lines)) :]
    text = _text(pod, container, lines, call)
    limit = call.number("limitBytes")
    return text if limit is None else text[:limit]


async def follow_log(
    cluster: Cluster, pod: Json, call: Call, *, now: Now, is_over: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The same, and then what is written from now on, until the container ends or the server does."""
    container, key = _container(pod, call.query.get("container", "")), _key(pod)
    last = now()
    if _lines(cluster, pod, container, last, previous=call.flag("previous")) is not None:
        yield read_log(cluster, pod, call, now=last)
    while not (call.flag("previous") or is_over()):
        await asyncio.sleep(_FOLLOWED_S)
        current, until = cluster.store.get(key), now()
        here = current if current and _uid(current) == _uid(pod) else pod
        written = _lines(cluster, here, container, until, previous=False) or []
        news = [one for one in written if last < (parse_time(one[0]) or last) <= until]
        if news:
            last = max(parse_time(time) or last for time, _ in news)
            yield _text(here, container, news, call)
        if here is not current or "running" not in section(_status(here, container), "state"):
            return


def _text(pod: Json, container: str, lines: list[Line], call: Call) -> bytes:
    if not call.flag("timestamps"):
        return b"".join(line + b"\n" for _, line in lines)
    untimed = _presumed(pod, container, lines, previous=call.flag("previous"))
    return b"".join((time or untimed).encode() + b" " + line + b"\n" for time, line in lines)


def _presumed(pod: Json, container: str, lines: list[Line], *, previous: bool) -> str:
    """The time of lines that have none: the start of the run that wrote them; where no line of a run
    that is over has any, its end, because what is left of such a log is its last words."""
    ended = section(_status(pod, container), "lastState", "terminated")
    finished = str(ended.get("finishedAt") or "")
    of_the_dead = previous or not _started(pod, container)
    if of_the_dead and finished and not any(time for time, _ in lines):
        return finished
    started = str(ended.get("startedAt") or "") if of_the_dead else _started(pod, container)
    return started or str(pod["metadata"]["creationTimestamp"])


def _lines(
    cluster: Cluster, pod: Json, container: str, now: datetime, *, previous: bool
) -> list[Line] | None:
    """A container that waits to be restarted has one last run: it is both current and previous."""
    metadata, status = pod["metadata"], _status(pod, container)
    is_running = "waiting" not in section(status, "state")
    key = LogKey(metadata["namespace"], metadata["name"], container)
    return cluster.journal.lines(key, now, previous=previous, is_running=is_running)


def _key(pod: Json) -> Key:
    return Key("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])


def _name(pod: Json) -> str:
    return str(pod["metadata"]["name"])


def _uid(pod: Json) -> str:
    return str(pod["metadata"].get("uid"))


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


def _refuse_unstarted(pod: Json, container: str, *, previous: bool) -> None:
    status, name = _status(pod, container), pod["metadata"]["name"]
    ran_before = "terminated" in section(status, "lastState")
    if previous and not ran_before:
        message = f'previous terminated container "{container}" in pod "{name}" not found'
        raise bad_request(message)
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
