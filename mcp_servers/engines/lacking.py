"""What the template of a workload does not set, container by container."""

from collections.abc import Callable, Mapping
from typing import Literal

from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.revisions import template_of
from mcp_servers.facts.kubernetes import Resource

Lacking = Literal[
    "", "limits", "requests", "memory_limit", "cpu_limit", "memory_request", "cpu_request",
    "readiness_probe", "liveness_probe",
]  # fmt: skip


# What ends by itself is probed by nobody.
ENDING = frozenset(("Job", "CronJob"))


def lacking(workload: Resource, what: Lacking) -> list[str]:
    """The containers that run as long as the pod and do not set it; in the order of the template.

    Of `limits` and `requests`, those that miss one for CPU or for memory. A limit counts as a
    request, because the API server copies it. What a LimitRange fills in is not in a template.
    """
    if what.endswith("_probe") and workload.kind in ENDING:
        return []
    pod = Resource({"kind": "Pod", **template_of(workload)})
    lasting = [one for one in containers(pod) if one.role in (Role.APP, Role.SIDECAR)]
    return [one.name for one in lasting if not SETS[what](one)]


def _limits(container: Container, *names: str) -> bool:
    return all(container.asks("limits", name) for name in names)


def _requests(container: Container, *names: str) -> bool:
    return all(container.asks("requests", name) or container.asks("limits", name) for name in names)


SETS: Mapping[Lacking, Callable[[Container], bool]] = {
    "limits": lambda one: _limits(one, "cpu", "memory"),
    "requests": lambda one: _requests(one, "cpu", "memory"),
    "memory_limit": lambda one: _limits(one, "memory"),
    "cpu_limit": lambda one: _limits(one, "cpu"),
    "memory_request": lambda one: _requests(one, "memory"),
    "cpu_request": lambda one: _requests(one, "cpu"),
    "readiness_probe": lambda one: bool(one.probe("readiness")),
    "liveness_probe": lambda one: bool(one.probe("liveness")),
}
