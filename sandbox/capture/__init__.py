"""A running cluster → a snapshot folder, secrets left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.clock import utc_now
from core.errors import UpstreamUnavailable
from sandbox.capture.folder import SnapshotFolder
from sandbox.capture.metrics import capture_family, families, fetch
from sandbox.capture.progress import Part, Progress, Tell
from sandbox.capture.reading import Refused, Server, Unwell, connected, listable, objects
from sandbox.capture.rules import capture_rules
from sandbox.capture.secrecy import scrubbed_tree

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is fetched at most; what goes over is named among the notes."""

    objects_per_kind: int = 5000
    pods_with_logs: int = 500
    log_lines: int = 500
    log_bytes: int = 262_144
    metrics_hours: float = 6.0
    metrics_step_s: int = 60
    since_s: int = 0  # logs no older than this; 0: however old
    timeout_s: float = 20.0


@dataclass
class Captured:
    """What was written, and what was not and why."""

    folder: Path
    objects: int = 0
    logs: int = 0
    series: int = 0
    notes: list[str] = field(default_factory=list[str])


def capture(
    folder: Path,
    *,
    kubeconfig: Path | None = None,
    context: str = "",
    impersonate: str = "",
    namespaces: Sequence[str] = (),
    prometheus_url: str = "",
    alertmanager_url: str = "",
    bounds: Bounds | None = None,
    fresh: bool = False,
    tell: Tell = lambda _: None,
) -> Captured:
    """Write what a cluster is now into a folder. Secrets keep their keys, not their values.

    With `namespaces`, only these and what belongs to no namespace. What may not be read is noted.
    A run that broke off is gone on with by calling again with the same folder: what is written is
    not asked for again, unless `fresh`. `tell` is given a sentence for each part that is done.
    Raises `Invalid` for a folder in use or a kubeconfig that cannot be read, `Unauthenticated` or
    `Forbidden` when nothing may be read at all, `UpstreamUnavailable` when no server answers.
    """
    bounds = bounds or Bounds()
    target = SnapshotFolder.opened(folder, fresh=fresh)
    with connected(kubeconfig, context, impersonate, bounds.timeout_s) as server:
        progress = Progress.of(folder, server.cluster_name, utc_now())
        notes = _capture_kinds(server, target, progress, namespaces, bounds, tell)
        notes += _capture_logs(server, target, progress, bounds, tell)
    if prometheus_url:
        notes += _capture_metrics(target, progress, prometheus_url, bounds, tell)
    if alertmanager_url:
        notes += _capture_alerts(target, alertmanager_url, bounds)
    notes = [*progress.notes, *notes]
    target.write_about(progress.cluster, progress.began_at, notes)
    counts = {what: progress.count(f"{what} ") for what in ("objects", "logs", "series")}
    return Captured(folder, notes=notes, **counts)


def _capture_kinds(
    server: Server,
    target: SnapshotFolder,
    progress: Progress,
    namespaces: Sequence[str],
    bounds: Bounds,
    tell: Tell,
) -> list[str]:
    """One kind after the other, each written whole before the next is asked for."""
    notes: list[str] = []
    kinds = list(listable(server, notes))
    for number, (path, resource) in enumerate(kinds, start=1):
        name = f"objects {path}/{resource['name']}"
        if name in progress.parts:
            continue
        part = Part()
        found = objects(server, path, resource, namespaces, bounds.objects_per_kind, part.notes)
        part.count = target.write_objects(found)
        progress.done(name, part)
        total = progress.count("objects ")
        told = f"{resource['name']}: {part.count}"
        tell(f"{told} (kind {number} of {len(kinds)}, {total} objects so far)")
    return notes


def _capture_logs(
    server: Server, target: SnapshotFolder, progress: Progress, bounds: Bounds, tell: Tell
) -> list[str]:
    """The log of each pod's containers; a pod whose logs are written is not asked again.

    Logs come from the node of a pod: one that cannot give one is noted and not asked for more,
    for each question may take as long as the time limit. The next run asks it again.
    """
    notes: list[str] = []
    silent: dict[str, str] = {}
    chosen: dict[str, list[tuple[Json, str, bool]]] = {}
    for pod, container, previous in _runs(target.pods(), bounds, notes):
        place = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        chosen.setdefault(f"logs {place}", []).append((pod, container, previous))
    for name, runs in chosen.items():
        node = str(runs[0][0]["spec"].get("nodeName", ""))
        if name in progress.parts or node in silent:
            continue
        try:
            written = sum(_capture_log(server, target, *run, bounds) for run in runs)
        except Unwell as error:
            silent[node] = error.reason
        else:
            progress.done(name, Part(written))
    notes += (f"logs of node {node}: {reason}" for node, reason in silent.items())
    if chosen:
        tell(f"logs: {progress.count('logs ')} of {len(chosen)} pods")
    return notes


def _capture_metrics(
    target: SnapshotFolder, progress: Progress, url: str, bounds: Bounds, tell: Tell
) -> list[str]:
    """A Prometheus that is away is only noted, and asked again by the next run."""
    notes: list[str] = []
    for family in families():
        name = f"series {family}"
        if name in progress.parts:
            continue
        try:
            count = capture_family(target, url, family, progress.began_at, bounds)
        except UpstreamUnavailable as error:
            notes.append(f"metrics/{family}: {error}")
        else:
            progress.done(name, Part(count))
            tell(f"metrics/{family}: {count} series")
    try:
        tell(f"rules: {capture_rules(target, url, bounds.timeout_s)} groups")
    except UpstreamUnavailable as error:
        notes.append(f"rules: {error}")
    return notes


def _capture_alerts(target: SnapshotFolder, url: str, bounds: Bounds) -> list[str]:
    notes: list[str] = []
    for name in ("alerts", "silences"):
        try:
            answer = fetch(f"{url.rstrip('/')}/api/v2/{name}", {}, bounds.timeout_s)
        except UpstreamUnavailable as error:
            notes.append(f"{name}: {error}")
        else:
            target.write_json(f"{name}.json", scrubbed_tree(answer))
    return notes


def _runs(found: list[Json], bounds: Bounds, notes: list[str]) -> Iterator[tuple[Json, str, bool]]:
    """Each container run whose log is wanted; the pods in trouble first."""
    pods = sorted(found, key=_calm)
    if len(pods) > bounds.pods_with_logs:
        notes.append(f"logs: only of {bounds.pods_with_logs} of {len(pods)} pods")
    for pod in pods[: bounds.pods_with_logs]:
        for status in _statuses(pod):
            state: Mapping[str, Any] = status.get("state") or {}
            ended_before = "terminated" in (status.get("lastState") or {})
            if "waiting" not in state or ended_before:
                yield pod, str(status["name"]), False
            if ended_before:
                yield pod, str(status["name"]), True


def _statuses(pod: Json) -> list[Json]:
    status: Json = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _calm(pod: Json) -> tuple[bool, int]:
    statuses = _statuses(pod)
    ready = bool(statuses) and all(one.get("ready") for one in statuses)
    return ready, -sum(int(one.get("restartCount") or 0) for one in statuses)


def _capture_log(
    server: Server,
    target: SnapshotFolder,
    pod: Json,
    container: str,
    previous: bool,
    bounds: Bounds,
) -> int:
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
    try:
        content = server.get(
            path,
            container=container,
            previous="true" if previous else "",
            timestamps="true",
            tailLines=bounds.log_lines,
            limitBytes=bounds.log_bytes,
            sinceSeconds=bounds.since_s or "",
        )
    except Refused:
        return 0
    return target.write_log(metadata["namespace"], metadata["name"], container, previous, content)
