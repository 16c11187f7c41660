"""Nodes: ready or not, under which pressure, tainted, and how full."""

from collections import Counter
from datetime import datetime

from pydantic import Field

from core.clock import utc_now
from core.errors import Forbidden
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.settling import is_finished
from mcp_servers.facts.kubernetes import Resource, moment
from mcp_servers.kubernetes.rows import Cursor, ObjectRow, identity, seconds_since, short
from mcp_servers.paging import Page

ROLE = "node-role.kubernetes.io/"


class NodeRow(ObjectRow):
    state: str = Field(description="Ready or NotReady, with what is wrong and since when.")
    healthy: bool
    roles: list[str]
    taints: list[str]
    cpu_cores: float = Field(description="Allocatable CPU, cores.")
    memory_bytes: int = Field(description="Allocatable memory, bytes.")
    pods: int | None = Field(default=None, description="Pods on it that have not finished.")
    kubelet: str

    @classmethod
    def of(cls, node: Resource, now: datetime, pods: int | None) -> "NodeRow":
        state, healthy = _state(node, now)
        size = section(node.status, "allocatable")
        return cls(
            **identity(node, now),
            state=state,
            healthy=healthy,
            roles=sorted(one.removeprefix(ROLE) for one in node.labels if one.startswith(ROLE)),
            taints=[_taint(one) for one in rows(node.spec, "taints")],
            cpu_cores=float(quantity(size.get("cpu")) or 0),
            memory_bytes=int(quantity(size.get("memory")) or 0),
            pods=pods,
            kubelet=text(node.status, "nodeInfo", "kubeletVersion"),
        )

    def as_line(self) -> str:
        size = f"{self.cpu_cores:g} cores {self.memory_bytes / 2**30:.1f} GiB"
        taints = f" taints={','.join(self.taints)}" if self.taints else ""
        roles = ",".join(self.roles) or "worker"
        return (
            f"{self.name} {self.state} {roles} {size} pods={self.pods}{taints}"
            f" {self.kubelet} age={short(self.age_s)}"
        )


class Nodes(Page[NodeRow]):
    def as_text(self) -> str:
        heading = f"nodes: {self.shown}"
        return self.told(heading, (row.as_line() for row in self.rows))


async def kubernetes_list_nodes(
    cursor: Cursor = "", *, cluster: Kubernetes, caller: Principal
) -> Nodes:
    """List nodes: readiness, pressure, taints, size, number of pods."""
    now, seen = utc_now(), cluster.seen_by(caller)
    nodes, pods = await seen.list("Node"), await _pods_by_node(seen)
    listed = [NodeRow.of(one, now, None if pods is None else pods[one.name]) for one in nodes]
    listed.sort(key=lambda row: (row.healthy, row.name))
    return Nodes.of(listed, cursor=cursor)


async def _pods_by_node(cluster: Kubernetes) -> Counter[str] | None:
    """None when not all pods are in sight: a part would be taken for the whole."""
    if cluster.sight.namespaces is not None:
        return None
    try:
        pods = await cluster.list("Pod")
    except Forbidden:
        return None
    return Counter(text(one.spec, "nodeName") for one in pods if not is_finished(one))


def _state(node: Resource, now: datetime) -> tuple[str, bool]:
    conditions = rows(node.status, "conditions")
    ready = node.condition("Ready") or {}
    words = ["Ready" if ready.get("status") == "True" else "NotReady"]
    if words == ["NotReady"]:
        words.append(f"({ready.get('reason') or 'no condition'}, {_since(ready, now)})")
    pressed = [
        one for one in conditions if one.get("type") != "Ready" and one.get("status") == "True"
    ]
    words += [f"{one.get('type')} ({_since(one, now)})" for one in pressed]
    if node.spec.get("unschedulable"):
        words.append("cordoned")
    return " ".join(words), words == ["Ready"]


def _since(condition: dict[str, object], now: datetime) -> str:
    return f"for {short(seconds_since(moment(condition.get('lastTransitionTime')), now))}"


def _taint(taint: dict[str, object]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"
