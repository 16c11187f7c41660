"""Pods as a person reads them."""

from typing import Annotated

from pydantic import BaseModel, Field

from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.facts.kubernetes import Json, Resource
from mcp_servers.paging import Page

Selector = Annotated[str, Field(description="Label selector, e.g. app=web.")]


class PodRow(BaseModel):
    namespace: str
    name: str
    status: str
    restarts: int
    node: str

    @classmethod
    def of(cls, pod: Resource) -> "PodRow":
        statuses: list[Json] = pod.status.get("containerStatuses") or []
        return cls(
            namespace=pod.namespace,
            name=pod.name,
            status=str(pod.status.get("phase", "")),
            restarts=sum(int(one.get("restartCount", 0)) for one in statuses),
            node=str(pod.spec.get("nodeName", "")),
        )


async def kubernetes_list_pods(
    namespace: str = "",
    selector: Selector = "",
    cursor: str = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> Page[PodRow]:
    """List pods with status, restarts and node."""
    seen = cluster.within(caller.namespaces)
    pods = await seen.list("Pod", namespace=namespace, label_selector=selector)
    return Page[PodRow].of([PodRow.of(pod) for pod in pods], cursor=cursor)
