"""One look at a cluster: everything gathered, every diagnoser asked, the edges drawn."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.causal_graph import services_called
from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.topology import Topology, topology
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.rca.gather import gather
from mcp_servers.rca.scope import check_namespace, objects_named, standing_for


@dataclass(frozen=True, slots=True)
class Hands:
    """The real systems an investigation asks. Prometheus may be absent."""

    kubernetes: Kubernetes
    prometheus: Prometheus | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about; empty fields mean everything."""

    namespace: str = ""
    kind: str = ""
    name: str = ""
    window: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Study:
    cluster: Cluster
    findings: list[Finding]
    topology: Topology
    focus: frozenset[Ref]
    asked: Asked

    @property
    def checked(self) -> dict[str, int]:
        """How many objects of each kind were looked at, in the namespace asked about."""
        return dict(
            sorted(
                Counter(
                    one.kind
                    for one in self.cluster.resources
                    if not self.asked.namespace or one.namespace in ("", self.asked.namespace)
                ).items()
            )
        )


async def study(hands: Hands, caller: Principal, asked: Asked) -> Study:
    """Look at all the caller may see. Raises `NotFound` for an unknown namespace or object."""
    cluster = await _gathered(hands, caller, asked)
    check_namespace(cluster, asked.namespace)
    findings = diagnose(cluster)
    edges = topology(cluster, calls=_calls_in(findings))
    focus: frozenset[Ref] = frozenset()
    if asked.name:
        objects = objects_named(
            cluster, namespace=asked.namespace, kind=asked.kind, name=asked.name
        )
        focus = standing_for(cluster, edges, objects)
    return Study(cluster, findings, edges, focus, asked)


async def _gathered(hands: Hands, caller: Principal, asked: Asked) -> Cluster:
    """The whole cluster where that is allowed, because causes live in other namespaces too."""
    kubernetes, near = hands.kubernetes.within(caller.namespaces), asked.namespace
    if near and not await kubernetes.may("list", "Pod"):
        return await gather(kubernetes, hands.prometheus, window=asked.window, only=near, near=near)
    return await gather(kubernetes, hands.prometheus, window=asked.window, near=near)


def _calls_in(findings: list[Finding]) -> list[tuple[Ref, Ref]]:
    """(workload, Service) pairs that logs gave away."""
    return [(one.resource, service) for one in findings for service in services_called(one)]
