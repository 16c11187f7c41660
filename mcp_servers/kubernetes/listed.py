"""Objects of any kind, listed as the API server prints them."""

from typing import Annotated

from pydantic import Field

from core.clock import utc_now
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.kubernetes_tables import printed
from mcp_servers.kubernetes.rows import (
    Cursor,
    Namespace,
    ObjectRow,
    Selector,
    examined,
    identity,
    short,
)
from mcp_servers.paging import Page

Kind = Annotated[
    str, Field(max_length=200, description="e.g. svc, Ingress, pvc, certificates.cert-manager.io.")
]


class ListedRow(ObjectRow):
    cells: dict[str, str] = Field(description="By column, as kubectl get prints them.")

    def as_line(self) -> str:
        cells = " ".join(f"{name}={value}" for name, value in self.cells.items() if value)
        return f"{self.place} {cells} age={short(self.age_s)}"


class Listed(Page[ListedRow]):
    kind: str = ""
    examined: str = ""

    def as_text(self) -> str:
        heading = f"{self.examined}: {self.shown}"
        return self.told(heading, (row.as_line() for row in self.rows))


async def kubernetes_list_objects(
    kind: Kind,
    namespace: Namespace = "",
    selector: Selector = "",
    cursor: Cursor = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> Listed:
    """List objects of any kind as kubectl get prints them: Services, Ingresses, claims, custom kinds.

    For pods, workloads, nodes, namespaces and events use their own tools, which tell more.
    """
    now, seen = utc_now(), cluster.seen_by(caller)
    found, rows = await printed(seen, kind, namespace=namespace, label_selector=selector)
    return Listed.shaped(
        rows,
        lambda one: ListedRow(**identity(one.resource, now), cells=one.cells),
        cursor=cursor,
        kind=found.name,
        examined=examined(f"{found.name} objects", namespace, selector, within=caller.namespaces)
        if found.namespaced
        else f"{found.name} objects",
    )
