"""A running cluster → a snapshot folder, secrets left out."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kubernetes
import orjson
import urllib3

from core.clock import utc_now
from core.errors import Forbidden, Invalid, Unauthenticated, UpstreamUnavailable
from sandbox.capture.folder import SnapshotFolder
from sandbox.capture.metrics import capture_metrics, fetch

Json = dict[str, Any]

# Kinds that say nothing a snapshot needs: served twice, derived, or never kept.
_LEFT_OUT = frozenset(
    {
        ("events.k8s.io", "events"),
        ("", "componentstatuses"),
        ("metrics.k8s.io", "pods"),
        ("metrics.k8s.io", "nodes"),
    }
)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is fetched at most; what goes over is named among the notes."""

    objects_per_kind: int = 5000
    pods_with_logs: int = 500
    log_lines: int = 500
    log_bytes: int = 262_144
    metrics_hours: float = 6.0
    metrics_step_s: int = 60
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
) -> Captured:
    """Write what a cluster is now into an empty folder. Secrets keep their keys, not their values.

    With `namespaces`, only these and what belongs to no namespace. What may not be read is noted.
    Raises `Invalid` for a folder in use or a kubeconfig that cannot be read, `Unauthenticated` or
    `Forbidden` when nothing may be read at all, `UpstreamUnavailable` when no server answers.
    """
    bounds = bounds or Bounds()
    target = SnapshotFolder.created(folder)
    captured = Captured(folder)
    with _connected(kubeconfig, context, impersonate, bounds.timeout_s) as server:
        captured_at = utc_now()
        objects = list(_objects(server, namespaces, bounds, captured.notes))
        captured.objects = target.write_objects(objects)
        for pod, container, previous in _runs(objects, bounds, captured.notes):
            captured.logs += _capture_log(server, target, pod, container, previous, bounds)
    if prometheus_url:
        captured.series = capture_metrics(
            target, prometheus_url, captured_at, bounds, captured.notes
        )
    if alertmanager_url:
        _capture_alerts(target, alertmanager_url, bounds, captured.notes)
    target.write_about(server.cluster_name, captured_at, captured.notes)
    return captured


def _capture_alerts(target: SnapshotFolder, url: str, bounds: Bounds, notes: list[str]) -> None:
    for name in ("alerts", "silences"):
        try:
            answer = fetch(f"{url.rstrip('/')}/api/v2/{name}", {}, bounds.timeout_s)
        except UpstreamUnavailable as error:
            notes.append(f"{name}: {error}")
        else:
            target.write_json(f"{name}.json", answer)


@dataclass(frozen=True)
class _Server:
    """The API server, asked for raw bodies."""

    client: Any
    cluster_name: str
    timeout_s: float

    def get(self, path: str, **query: Any) -> bytes:
        asked = [(name, str(value)) for name, value in query.items() if value not in {"", None}]
        method, url, headers, *_ = self.client.param_serialize(
            "GET",
            path,
            query_params=asked,
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        try:
            answer = self.client.call_api(method, url, headers, _request_timeout=self.timeout_s)
            body: bytes = answer.read() or b""
        except urllib3.exceptions.HTTPError as error:
            raise UpstreamUnavailable(
                f"The API server of {self.cluster_name} does not answer."
            ) from error
        if answer.status != 200:
            raise _Refused(answer.status, body)
        return body

    def json(self, path: str, **query: Any) -> Json:
        return orjson.loads(self.get(path, **query))


class _Refused(Exception):
    """The API server answered, but not with what was asked."""

    def __init__(self, code: int, body: bytes) -> None:
        super().__init__(code)
        self.code = code
        self.message = _message(body)


def _message(body: bytes) -> str:
    try:
        return str(orjson.loads(body).get("message", ""))
    except (orjson.JSONDecodeError, AttributeError):
        return body[:200].decode(errors="replace")


@contextmanager
def _connected(
    kubeconfig: Path | None, context: str, impersonate: str, timeout_s: float
) -> Generator[_Server]:
    loader: Any = kubernetes.config
    file = str(kubeconfig) if kubeconfig else None
    try:
        client = loader.new_client_from_config(file, context=context or None, persist_config=False)
        contexts, active = loader.list_kube_config_contexts(file)
    except loader.ConfigException as error:
        raise Invalid(f"The kubeconfig {kubeconfig or ''} cannot be used: {error}") from error
    if impersonate:
        client.set_default_header("Impersonate-User", impersonate)
    chosen: Json = [*(one for one in contexts if one["name"] == context), active][0]
    try:
        yield _Server(client, str(chosen["context"].get("cluster", chosen["name"])), timeout_s)
    finally:
        client.close()


def _objects(
    server: _Server, namespaces: Sequence[str], bounds: Bounds, notes: list[str]
) -> Iterator[Json]:
    for path, resource in _listable(server, notes):
        within = namespaces if resource.get("namespaced") and namespaces else [""]
        for namespace in within:
            place = f"namespaces/{namespace}/" if namespace else ""
            yield from _listed(server, f"{path}/{place}{resource['name']}", resource, bounds, notes)


def _listed(
    server: _Server, path: str, resource: Json, bounds: Bounds, notes: list[str]
) -> Iterator[Json]:
    found, token = 0, ""
    while found < bounds.objects_per_kind:
        try:
            page = server.json(path, limit=_PAGE, **{"continue": token})
        except _Refused as refused:
            notes.append(f"{resource['name']}: {refused.message or refused.code}")
            return
        about = {"apiVersion": page.get("apiVersion"), "kind": resource["kind"]}
        items: list[Json] = page.get("items") or []
        yield from ({**about, **item} for item in items)
        found += len(items)
        metadata: Json = page.get("metadata") or {}
        token = str(metadata.get("continue") or "")
        if not token:
            return
    notes.append(f"{resource['name']}: only the first {found} were kept")


def _groups(server: _Server) -> list[Json]:
    try:
        return server.json("/apis").get("groups") or []
    except _Refused as refused:
        kind = Unauthenticated if refused.code == 401 else Forbidden
        message = f"The API server of {server.cluster_name} refuses: {refused.message}."
        raise kind(message) from refused


def _listable(server: _Server, notes: list[str]) -> Iterator[tuple[str, Json]]:
    """Each kind once, in the version its group prefers."""
    preferred = [("", "/api/v1")]
    for group in _groups(server):
        version = group["preferredVersion"]["groupVersion"]
        preferred.append((str(group["name"]), f"/apis/{version}"))
    for group, path in preferred:
        try:
            resources: list[Json] = server.json(path).get("resources") or []
        except _Refused as refused:
            notes.append(f"{path}: {refused.message or refused.code}")
            continue
        for resource in resources:
            listable = "list" in resource.get("verbs", ()) and "/" not in resource["name"]
            if listable and (group, resource["name"]) not in _LEFT_OUT:
                yield path, resource


def _runs(
    objects: list[Json], bounds: Bounds, notes: list[str]
) -> Iterator[tuple[Json, str, bool]]:
    """Each container run whose log is wanted; the pods in trouble first."""
    pods = sorted((one for one in objects if one["kind"] == "Pod"), key=_calm)
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
    server: _Server,
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
        )
    except _Refused:
        return 0
    return target.write_log(metadata["namespace"], metadata["name"], container, previous, content)
