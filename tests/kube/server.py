"""The server under test, and one namespace of it to write in."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

Json = dict[str, Any]

VERSIONS = {
    "": "api/v1",
    "apps": "apis/apps/v1",
    "autoscaling": "apis/autoscaling/v2",
    "batch": "apis/batch/v1",
    "coordination.k8s.io": "apis/coordination.k8s.io/v1",
    "discovery.k8s.io": "apis/discovery.k8s.io/v1",
    "networking.k8s.io": "apis/networking.k8s.io/v1",
    "policy": "apis/policy/v1",
    "rbac.authorization.k8s.io": "apis/rbac.authorization.k8s.io/v1",
}


@dataclass(frozen=True)
class Server:
    """A Kubernetes API: the practice cluster's, or a real one."""

    name: str
    url: str
    token: str
    ca: Path | None
    kubeconfig: Path

    def client(self) -> httpx2.Client:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        trusted = ssl.create_default_context(cafile=str(self.ca)) if self.ca else False
        return httpx2.Client(base_url=self.url, headers=headers, verify=trusted, timeout=120)


@dataclass(frozen=True)
class Kube:
    """A namespace that belongs to one check, asked over plain HTTP."""

    server: Server
    http: httpx2.Client
    namespace: str

    def path(self, resource: str, name: str = "", subresource: str = "") -> str:
        """`deployments.apps` and its like, in this namespace."""
        plural, _, group = resource.partition(".")
        root = VERSIONS.get(group) or f"apis/{group}/v1"
        parts = [root, "namespaces", self.namespace, plural, name, subresource]
        return "/" + "/".join(part for part in parts if part)

    def create(self, resource: str, told: Json, **query: Any) -> httpx2.Response:
        return self.http.post(self.path(resource), json=told, params=query)

    def made(self, resource: str, told: Json) -> Json:
        """The object as the server keeps it. It must be accepted."""
        answer = self.create(resource, told)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def get(self, resource: str, name: str = "", **query: Any) -> httpx2.Response:
        return self.http.get(self.path(resource, name), params=query)

    def names(self, resource: str, **query: Any) -> list[str]:
        answer = self.get(resource, **query)
        assert answer.status_code == 200, answer.text
        return [one["metadata"]["name"] for one in answer.json()["items"]]

    def patch(
        self, resource: str, name: str, told: Any, kind: str = "merge-patch", **query: Any
    ) -> httpx2.Response:
        headers = {"content-type": f"application/{kind}+json"}
        return self.http.patch(self.path(resource, name), json=told, headers=headers, params=query)

    def put(self, resource: str, name: str, told: Json, **query: Any) -> httpx2.Response:
        return self.http.put(self.path(resource, name), json=told, params=query)

    def delete(
        self, resource: str, name: str = "", told: Any = None, **query: Any
    ) -> httpx2.Response:
        return self.http.request("DELETE", self.path(resource, name), json=told, params=query)

    def let_go(self, resource: str, name: str) -> None:
        """Take the finalizers off."""
        self.patch(resource, name, {"metadata": {"finalizers": None}}).raise_for_status()

    def is_gone(self, resource: str, name: str) -> bool:
        return self.get(resource, name).status_code == 404

    def apply(self, resource: str, told: Any, manager: str = "me", **query: Any) -> httpx2.Response:
        """Server-side apply, at the name that `told` has."""
        path = self.path(resource, told["metadata"]["name"])
        return self.apply_at(path, told, manager, **query)

    def apply_at(self, path: str, told: Any, manager: str = "me", **query: Any) -> httpx2.Response:
        headers = {"content-type": "application/apply-patch+yaml"}
        asked = {"fieldManager": manager, **query} if manager else query
        return self.http.patch(path, json=told, headers=headers, params=asked)


def refused(answer: httpx2.Response, code: int, reason: str, *words: str) -> Json:
    """The Status of a refusal, checked as clients read it: code, reason and words of its message."""
    status: Json = answer.json()
    assert (answer.status_code, status.get("kind"), status.get("reason")) == (
        code,
        "Status",
        reason,
    ), answer.text
    assert (status["status"], status["code"]) == ("Failure", code)
    for one in words:
        assert one in status["message"]
    return status
