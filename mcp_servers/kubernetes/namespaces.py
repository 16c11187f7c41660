"""Namespaces, with how many of their pods are not well."""

from collections import Counter

from pydantic import Field

from core.clock import utc_now
from core.errors import Forbidden
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.fields import text
from mcp_servers.facts.kubernetes import Resource
from mcp_servers.kubernetes.pods import is_well
from mcp_servers.kubernetes.rows import Cursor, ObjectRow, identity, short
from mcp_servers.paging import Page


class NamespaceRow(ObjectRow):
    phase: str
    pods: int | None = Field(description="Pods in it; null when they may not be listed.")
    unhealthy_pods: int | None

    def as_line(self) -> str:
        pods = "pods unknown" if self.pods is None else f"{self.pods} pods"
        unwell = f", {self.unhealthy_pods} unhealthy" if self.unhealthy_pods else ""
        return f"{self.name} {self.phase} {pods}{unwell} age={short(self.age_s)}"


class Namespaces(Page[NamespaceRow]):
    cluster: str = ""

    def as_text(self) -> str:
        heading = f"namespaces of cluster {self.cluster}: {self.shown}"
        return self.told(heading, (row.as_line() for row in self.rows))


async def kubernetes_list_namespaces(
    cursor: Cursor = "", *, cluster: Kubernetes, caller: Principal
) -> Namespaces:
    """List namespaces with their numbers of pods and unhealthy pods."""
    now, seen = utc_now(), cluster.seen_by(caller)
    namespaces, pods = await seen.list("Namespace"), await _pods(seen)
    every = Counter(pod.namespace for pod in pods or ())
    unwell = Counter(pod.namespace for pod in pods or () if not is_well(pod))
    known = pods is not None
    return Namespaces.of(
        [
            NamespaceRow(
                **identity(one, now),
                phase=text(one.status, "phase") or "Active",
                pods=every[one.name] if known else None,
                unhealthy_pods=unwell[one.name] if known else None,
            )
            for one in namespaces
        ],
        cursor=cursor,
        cluster=cluster.cluster_name,
    )


async def _pods(cluster: Kubernetes) -> list[Resource] | None:
    """None when Midwatch may not list them everywhere; the names alone are still an answer."""
    try:
        return await cluster.list("Pod")
    except Forbidden:
        return None
