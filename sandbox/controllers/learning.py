"""What the picture tells of its containers, for whoever starts the same ones again."""

from datetime import datetime
from typing import Any

from sandbox.controllers.behaviour import Behaviour, memory_limit, on_machine
from sandbox.controllers.kubelet.node import Seat, workload_of
from sandbox.controllers.timing import moment
from sandbox.controllers.world import (
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    World,
)
from sandbox.fields import at, entries, number, section, texts
from sandbox.series import Matcher, Series, SeriesStore

Json = dict[str, Any]

_WORKING_SET = "container_memory_working_set_bytes"
_CPU = "container_cpu_usage_seconds_total"
_WINDOW_S, _RECENT_S = 3600.0, 300.0
_NOT_PULLED = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
_JUST_STARTED_S = 60.0
# Killed at its limit: it wanted more, and how much more nobody has seen.
_BEYOND_LIMIT = 1.02
# How a container ends that the kubelet stops: killed, or terminated in time.
_KILLED_BY_KUBELET = (137, 143)


def learn(world: World, series: SeriesStore) -> None:
    """Images that exist, and containers in trouble, from the objects as they were loaded."""
    world.behaviours.images |= _images(world)
    now = world.timing.now()
    peaks = _peaks(series, now)
    world.loads |= _loads(world, series, now)
    well: set[tuple[str, str]] = set()
    troubles: list[tuple[str, str, Behaviour]] = []
    for pod in world.store.list(PODS):
        seat = Seat(world, pod)
        statuses = {one.get("name"): one for one in entries(pod, "status", "containerStatuses")}
        for container in entries(pod, "spec", "containers"):
            status = statuses.get(container.get("name"), {})
            place = (seat.namespace, str(pod["metadata"]["name"]), str(container.get("name")))
            found = _behaviour(container, status, now)
            if place in peaks:
                workload = workload_of(world, pod)
                world.models[place[0], workload, place[2]] = place[1]
            if peaks.get(place, 0.0) > found.working_set_bytes:
                found = _with_working_set(found, container, peaks[place])
            probed = _told_by_a_probe(container, found)
            mark = seat.fingerprint(container, probed=probed)
            if found != Behaviour():
                troubles.append((mark, seat.machine, found))
            elif status.get("ready"):
                well |= {(mark, seat.machine)}
    for mark, machine, found in troubles:
        _remember(world, _where(mark, machine, well), found)


def _where(mark: str, machine: str, well: set[tuple[str, str]]) -> str:
    """The same containers are well on other machines alone: then these are what ails them."""
    fine = {other for same, other in well if same == mark}
    return on_machine(mark, machine) if fine - {machine} and machine not in fine else mark


def _told_by_a_probe(container: Json, found: Behaviour) -> bool:
    """Whether only a probe says that it is in trouble: it is not ready, or was killed for it."""
    killed = found.exit_code in _KILLED_BY_KUBELET and bool(_kills(container))
    return not found.ready or killed


def _kills(container: Json) -> Json:
    return section(container, "livenessProbe") or section(container, "startupProbe")


def _remember(world: World, fingerprint: str, found: Behaviour) -> None:
    """Of several pods with the same containers the worst is what the next one will be."""
    known = world.behaviours.learned.get(fingerprint, Behaviour())
    worse = (found.working_set_bytes, found.exit_code is not None, not found.ready)
    if worse > (known.working_set_bytes, known.exit_code is not None, not known.ready):
        world.behaviours.learned[fingerprint] = found


def _with_working_set(found: Behaviour, container: Json, peak: float) -> Behaviour:
    """A peak at the limit was not killed, so it fits."""
    limit = memory_limit(container)
    fits = min(peak, limit) if limit is not None else peak
    return Behaviour(fits, found.killed_after_s, found.exit_code, found.exit_after_s, found.ready)


def _behaviour(container: Json, status: Json, now: datetime) -> Behaviour:
    ended = section(status, "lastState", "terminated") or section(status, "state", "terminated")
    loops = at(status, "state", "waiting", "reason") == "CrashLoopBackOff"
    lasted = _lasted_s(ended)
    if ended.get("reason") == "OOMKilled" and number(status, "restartCount"):
        limit = memory_limit(container)
        if limit is not None:
            return Behaviour(working_set_bytes=limit * _BEYOND_LIMIT, killed_after_s=lasted)
    if loops and ended:
        return Behaviour(exit_code=number(ended, "exitCode"), exit_after_s=lasted)
    started = moment(at(status, "state", "running", "startedAt"))
    if started and not status.get("ready") and container.get("readinessProbe"):
        return Behaviour(ready=(now - started).total_seconds() < _JUST_STARTED_S)
    return Behaviour()


def _lasted_s(ended: Json) -> float:
    start, end = moment(ended.get("startedAt")), moment(ended.get("finishedAt"))
    return max(1.0, (end - start).total_seconds()) if start and end else 5.0


def _peaks(series: SeriesStore, now: datetime) -> dict[tuple[str, str, str], float]:
    end_s = now.timestamp()
    found: dict[tuple[str, str, str], float] = {}
    wanted = [Matcher("__name__", "=", _WORKING_SET)]
    for one in series.select(wanted, end_s - _WINDOW_S, end_s):
        labels = dict(one.labels)
        place = (labels.get("namespace", ""), labels.get("pod", ""), labels.get("container", ""))
        if len(one.values):
            found[place] = max(found.get(place, 0.0), float(one.values.max()))
    return found


def _loads(world: World, series: SeriesStore, now: datetime) -> dict[tuple[str, str, str], float]:
    """What each workload used in the last minutes, all its pods together."""
    workloads = {
        (pod["metadata"]["namespace"], pod["metadata"]["name"]): workload_of(world, pod)
        for pod in world.store.list(PODS)
    }
    end_s, found = now.timestamp(), dict[tuple[str, str, str], float]()
    for metric, resource in ((_WORKING_SET, "memory"), (_CPU, "cpu")):
        wanted = [Matcher("__name__", "=", metric), Matcher("container", "!=", "")]
        for one in series.select(wanted, end_s - _RECENT_S, end_s):
            labels = dict(one.labels)
            namespace = labels.get("namespace", "")
            workload = workloads.get((namespace, labels.get("pod", "")))
            if workload is None or len(one.values) < 2:
                continue
            place = (namespace, workload, resource)
            found[place] = found.get(place, 0.0) + _amount(one, is_counter=resource == "cpu")
    return found


def _amount(one: Series, *, is_counter: bool) -> float:
    """The last value of a gauge; the growth of a counter in a second."""
    if not is_counter:
        return float(one.values[-1])
    seconds = (int(one.times_ms[-1]) - int(one.times_ms[0])) / 1000
    return max(0.0, float(one.values[-1] - one.values[0])) / seconds


def _images(world: World) -> set[str]:
    """Every image somebody runs or has run; not those a node failed to pull."""
    templates = [
        section(one, *path)
        for resource, path in _TEMPLATES.items()
        for one in world.store.list(resource)
    ]
    containers = [
        container
        for spec in templates
        for part in ("containers", "initContainers")
        for container in entries(spec, part)
    ]
    failed = {
        str(status.get("image"))
        for pod in world.store.list(PODS)
        for part in ("containerStatuses", "initContainerStatuses")
        for status in entries(pod, "status", part)
        if at(status, "state", "waiting", "reason") in _NOT_PULLED
    }
    cached = {
        name
        for node in world.store.list(NODES)
        for image in entries(node, "status", "images")
        for name in texts(image, "names")
    }
    return ({str(one.get("image")) for one in containers} - failed) | cached | _digests(world)


def _digests(world: World) -> set[str]:
    """Images that run, as their registry names them by digest."""
    ids = [
        str(status.get("imageID") or "").partition("://")
        for pod in world.store.list(PODS)
        for status in entries(pod, "status", "containerStatuses")
    ]
    return {after or before for before, _, after in ids if "@" in (after or before)}


_TEMPLATE = ("spec", "template", "spec")
_TEMPLATES: dict[str, tuple[str, ...]] = {
    PODS: ("spec",),
    DEPLOYMENTS: _TEMPLATE,
    REPLICA_SETS: _TEMPLATE,
    STATEFUL_SETS: _TEMPLATE,
    DAEMON_SETS: _TEMPLATE,
    JOBS: _TEMPLATE,
    CRON_JOBS: ("spec", "jobTemplate", *_TEMPLATE),
}
