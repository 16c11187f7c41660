"""The API server that is captured: raw bodies, kinds and pages.

The official client itself gets over a reset connection or a 429 that names a wait, three times.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes
import orjson
import urllib3

from core.errors import Forbidden, Invalid, Unauthenticated, UpstreamUnavailable

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

# A later run may fare better; every other refusal is noted, and the rest goes on.
_PASSING = frozenset({429, 500, 502, 503, 504})
_EXPIRED = 410
GO_ON = "Run the same command again: it goes on after what is written."


@dataclass(frozen=True)
class Server:
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
                f"The API server of {self.cluster_name} does not answer.", hint=GO_ON
            ) from error
        if answer.status in _PASSING:
            raise Unwell(self.cluster_name, answer.status, body)
        if answer.status != 200:
            raise Refused(answer.status, body)
        return body

    def json(self, path: str, **query: Any) -> Json:
        try:
            return orjson.loads(self.get(path, **query))
        except orjson.JSONDecodeError as error:
            raise UpstreamUnavailable(
                f"What answers for {self.cluster_name} is not a Kubernetes API.", hint=GO_ON
            ) from error


class Unwell(UpstreamUnavailable):
    """The API server, or a kubelet behind it, cannot answer now."""

    def __init__(self, cluster_name: str, code: int, body: bytes) -> None:
        super().__init__(f"The API server of {cluster_name} answered {code}.", hint=GO_ON)
        self.reason = _message(body) or str(code)


class Refused(Exception):
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
def connected(
    kubeconfig: Path | None, context: str, impersonate: str, timeout_s: float
) -> Generator[Server]:
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
        yield Server(client, str(chosen["context"].get("cluster", chosen["name"])), timeout_s)
    finally:
        client.close()


def objects(
    server: Server,
    path: str,
    resource: Json,
    namespaces: Sequence[str],
    most: int,
    notes: list[str],
) -> list[Json]:
    """All objects of one kind, here or in these namespaces. What may not be read is noted."""
    within = namespaces if resource.get("namespaced") and namespaces else [""]
    found: list[Json] = []
    for namespace in within:
        place = f"namespaces/{namespace}/" if namespace else ""
        try:
            found += _listed(server, f"{path}/{place}{resource['name']}", resource, most, notes)
        except Refused as refused:
            notes.append(f"{resource['name']}: {refused.message or refused.code}")
    return found


def _listed(server: Server, path: str, resource: Json, most: int, notes: list[str]) -> list[Json]:
    """A list whose continue token expires is read once more from its beginning."""
    try:
        items, whole = _pages(server, path, resource, most)
    except Refused as refused:
        if refused.code != _EXPIRED:
            raise
        items, whole = _pages(server, path, resource, most)
    if not whole:
        notes.append(f"{resource['name']}: only the first {len(items)} were kept")
    return items


def _pages(server: Server, path: str, resource: Json, most: int) -> tuple[list[Json], bool]:
    found: list[Json] = []
    token = ""
    while len(found) < most:
        page = server.json(path, limit=min(_PAGE, most - len(found)), **{"continue": token})
        about = {"apiVersion": page.get("apiVersion"), "kind": resource["kind"]}
        items: list[Json] = page.get("items") or []
        metadata: Json = page.get("metadata") or {}
        found += ({**about, **item} for item in items)
        token = str(metadata.get("continue") or "")
        if not token:
            return found, True
    return found, False


def _groups(server: Server) -> list[Json]:
    try:
        return server.json("/apis").get("groups") or []
    except Refused as refused:
        kind = Unauthenticated if refused.code == 401 else Forbidden
        message = f"The API server of {server.cluster_name} refuses: {refused.message}."
        raise kind(message) from refused


def listable(server: Server, notes: list[str]) -> Iterator[tuple[str, Json]]:
    """Each kind once, in the version its group prefers: the path of that, and the resource."""
    preferred = [("", "/api/v1")]
    for group in _groups(server):
        version = group["preferredVersion"]["groupVersion"]
        preferred.append((str(group["name"]), f"/apis/{version}"))
    for group, path in preferred:
        try:
            resources: list[Json] = server.json(path).get("resources") or []
        except Refused as refused:
            notes.append(f"{path}: {refused.message or refused.code}")
            continue
        for resource in resources:
            wanted = "list" in resource.get("verbs", ()) and "/" not in resource["name"]
            if wanted and (group, resource["name"]) not in _LEFT_OUT:
                yield path, resource
