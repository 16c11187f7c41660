"""rca_dependency_graph: what depends on what around a service or in a namespace, and how we know."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field, computed_field

from core.principal import Principal
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.dependencies import (
    around,
    crosses,
    dependency_edges,
    in_order,
    is_absent,
    of_namespace,
)
from mcp_servers.engines.dependency_evidence import evidence_of, kind_of
from mcp_servers.engines.measured_calls import CONVENTIONS, Convention, Measured, measured_calls
from mcp_servers.engines.topology import Edge
from mcp_servers.facts.kubernetes import NotChecked
from mcp_servers.facts.metrics import Series
from mcp_servers.paging import Page
from mcp_servers.rca.diagnose import Name, Namespace
from mcp_servers.rca.gather import or_missed
from mcp_servers.rca.shapes import EvidenceItem, Numbered, ResourceRef, Skipped
from mcp_servers.rca.study import Asked, Hands, Study, study

Hops = Annotated[int, Field(ge=1, le=5)]
Cursor = Annotated[str, Field(max_length=200)]

EDGES_SHOWN = 60
MEASURED_OVER = timedelta(hours=1)


class GraphEdge(BaseModel):
    """`dependent` needs `dependency`."""

    dependent: ResourceRef
    dependency: ResourceRef
    kind: str = Field(
        description="call | route | selector | network_policy | mount | reference | scale | node | owner"
    )
    cross_namespace: bool
    dangling: bool = Field(description="The dependency does not exist.")
    evidence: list[EvidenceItem]

    def as_line(self) -> str:
        marks = " ".join(f"[{one.id}] {one.text[:100]}" for one in self.evidence[:2])
        gone = " (does not exist)" if self.dangling else ""
        return f"{_short(self.dependent)} -{self.kind}-> {_short(self.dependency)}{gone} {marks}"


class DependencyGraph(Page[GraphEdge]):
    namespace: str
    focus: list[ResourceRef] = Field(description="The objects that the name stands for.")
    skipped: list[Skipped]
    notes: list[str]

    @computed_field
    @property
    def resources(self) -> list[ResourceRef]:
        """Both ends of the edges shown, each once."""
        ends = [end for row in self.rows for end in (row.dependent, row.dependency)]
        told = {(one.kind, one.namespace, one.name): one for one in ends}
        return [told[key] for key in sorted(told)]

    def as_text(self) -> str:
        heading = f"dependencies: {self.shown}. {' '.join(self.notes)}".rstrip()
        skipped = [f"not checked: {one.what}: {one.why}" for one in self.skipped[:4]]
        return self.told(heading, [*(row.as_line() for row in self.rows), *skipped])


@dataclass(frozen=True, slots=True)
class _Graph:
    looked: Study
    measured: Measured


async def rca_dependency_graph(
    namespace: Namespace = "",
    name: Name = "",
    hops: Hops = 2,
    cursor: Cursor = "",
    *,
    hands: Hands,
    caller: Principal,
) -> DependencyGraph:
    """Show what depends on what, with evidence: calls, mounts, references, nodes, policies.

    Use for "who calls X", "what breaks if X goes".
    """
    looked = await study(hands, caller, Asked(namespace, name=name))
    missed = list(looked.cluster.not_checked)
    found = await _calls(hands.prometheus, missed)
    measured = measured_calls(looked.cluster, found)
    edges = dependency_edges(looked.cluster, looked.topology, measured.calls)
    if looked.focus:
        edges = around(edges, looked.focus, hops)
    elif namespace:
        edges = of_namespace(edges, namespace)
    graph, numbered = _Graph(looked, measured), Numbered()
    return DependencyGraph.shaped(
        in_order(edges),
        lambda edge: _row(edge, graph, numbered),
        cursor=cursor,
        size=EDGES_SHOWN,
        namespace=namespace,
        focus=[ResourceRef.of(one) for one in sorted(looked.focus)],
        skipped=[Skipped(what=one.what, why=one.why) for one in dict.fromkeys(missed)],
        notes=_notes(graph, caller),
    )


def _row(edge: Edge, graph: _Graph, numbered: Numbered) -> GraphEdge:
    cluster = graph.looked.cluster
    evidence = evidence_of(
        cluster, edge, findings=graph.looked.findings, measured=graph.measured.calls
    )
    return GraphEdge(
        dependent=ResourceRef.of(edge.dependent),
        dependency=ResourceRef.of(edge.dependency),
        kind=kind_of(edge, evidence),
        cross_namespace=crosses(edge),
        dangling=is_absent(cluster, edge.dependency),
        evidence=numbered.items(evidence, at_most=len(evidence)),
    )


def _notes(graph: _Graph, caller: Principal) -> list[str]:
    """Whoever sees only part is not told how much there is of the rest."""
    strangers = graph.measured.strangers
    if not strangers or caller.namespaces is not None:
        return []
    return [f"Metrics tell of {strangers} further calls from or to what is no object in sight."]


async def _calls(
    prometheus: Prometheus | None, missed: list[NotChecked]
) -> list[tuple[Convention, Series]]:
    """Who calls whom, by every convention; a line in `missed` where that could not be asked."""
    if prometheus is None or not prometheus.configured:
        return []
    window_s = round(MEASURED_OVER.total_seconds())
    asked = (
        or_missed("metrics", prometheus.query(one.query(window_s)), missed) for one in CONVENTIONS
    )
    answers = await asyncio.gather(*asked)
    return [
        (convention, series)
        for convention, answer in zip(CONVENTIONS, answers, strict=True)
        for series in answer
    ]


def _short(one: ResourceRef) -> str:
    return f"{one.kind} {one.namespace}/{one.name}" if one.namespace else f"{one.kind} {one.name}"
