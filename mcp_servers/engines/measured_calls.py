"""Who called whom, as meshes, tracers and clients count it."""

from collections.abc import Iterable
from dataclasses import dataclass

from mcp_servers.engines.topology import Edge, Relation, service_named
from mcp_servers.facts.findings import Evidence, Source
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.metrics import Series

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")


@dataclass(frozen=True, slots=True)
class Convention:
    """A family of counters with a series for each pair; names of namespace labels may be ""."""

    metric: str
    caller: str
    caller_namespace: str
    target: str
    target_namespace: str
    matcher: str = ""

    def query(self, window_s: int) -> str:
        """Requests a second by caller and target, over the window."""
        ends = (self.caller, self.caller_namespace, self.target, self.target_namespace)
        by = ", ".join(label for label in ends if label)
        matchers = ",".join(one for one in (f'{self.target}!=""', self.matcher) if one)
        return f"sum by ({by}) (rate({self.metric}{{{matchers}}}[{window_s}s])) > 0"


CONVENTIONS = (
    Convention("http_client_requests_total", "caller", "namespace", "target", ""),
    # Istio and what speaks its metrics
    Convention(
        "istio_requests_total", "source_workload", "source_workload_namespace",
        "destination_service_name", "destination_service_namespace",
    ),
    # Linkerd's proxies
    Convention(
        "request_total", "deployment", "namespace", "dst_service", "dst_namespace",
        'direction="outbound"',
    ),
    # Cilium's Hubble with workloads as context
    Convention(
        "hubble_http_requests_total", "source_workload", "source_namespace",
        "destination_workload", "destination_namespace",
    ),
    # service graphs made of traces
    Convention("traces_service_graph_request_total", "client", "", "server", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """`calls` between objects in sight; `strangers` counts the pairs with an end that is not."""

    calls: dict[Edge, Evidence]
    strangers: int


def measured_calls(cluster: Cluster, found: Iterable[tuple[Convention, Series]]) -> Measured:
    calls: dict[Edge, Evidence] = {}
    strangers = 0
    for convention, series in found:
        caller, target = _ends(cluster, convention, series)
        if caller is None or target is None:
            strangers += 1
        elif caller != target and series.points:
            edge = Edge(caller, target, Relation.CALLS)
            said = f"{series.points[-1][1]:.3g} requests a second"
            calls.setdefault(edge, Evidence(Source.METRIC, _query(series), said))
    return Measured(calls, strangers)


def _query(series: Series) -> str:
    labels = ", ".join(f'{name}="{value}"' for name, value in series.labels)
    return f"{series.query} {{{labels}}}"


def _ends(
    cluster: Cluster, convention: Convention, series: Series
) -> tuple[Ref | None, Ref | None]:
    home = series.label(convention.caller_namespace)
    caller = _workload(cluster, series.label(convention.caller), home)
    there = (
        series.label(convention.target_namespace) or home or (caller.namespace if caller else "")
    )
    return caller, _service(cluster, series.label(convention.target), there)


def _workload(cluster: Cluster, name: str, namespace: str) -> Ref | None:
    """The workload of that name; without a namespace, the only one."""
    for kind in WORKLOADS:
        named = [one.ref for one in cluster.all(kind, namespace or None) if one.name == name]
        if len(named) == 1:
            return named[0]
    return None


def _service(cluster: Cluster, name: str, namespace: str) -> Ref | None:
    ref = service_named(name, namespace)
    if cluster.get(ref):
        return ref
    return _workload(cluster, ref.name, ref.namespace)
