"""Pure: the calls for questions about systems as wholes: dependencies, unusual metrics, findings, incidents."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound

GRAPH = "rca_dependency_graph"
UNUSUAL = "rca_metric_anomalies"
FINDINGS = "rca_list_findings"
INCIDENTS = "rca_list_incidents"
WORKLOADS = "kubernetes_list_workloads"

# What may be asked about one sort of finding, and how its rules begin.
TOPICS = {"certificates": (re.compile(r"\bcert(?:ificate)?s?\b|\btls\b|证书"), "tls.")}
# Of a namespace or cluster, so many workloads are looked into: those not ready first.
WORKLOADS_LOOKED_INTO = 8
SERVING = frozenset(("Deployment", "StatefulSet", "DaemonSet"))
# What runs the cluster itself is looked at when it is asked for.
OF_THE_CLUSTER = "kube-"


def dependencies(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """One hop is what a person can read; the rest of it is a question about the neighbour."""
    around = {"namespace": asked.namespace, "name": asked.name, "hops": 1 if asked.name else None}
    return _or_as_namespace(asked, results, Step(GRAPH, around))


def findings(asked: Asked, results: Sequence[Result]) -> list[Step]:
    scope = {"namespace": asked.namespace, "kind": asked.kind, "name": asked.name}
    return _or_as_namespace(asked, results, Step(FINDINGS, {**scope, "language": asked.language}))


def topic_of(asked: Asked) -> str:
    """The sort of finding that is asked about alone; "" for all."""
    words = asked.question.lower()
    return next((name for name, (pattern, _) in TOPICS.items() if pattern.search(words)), "")


def incidents(asked: Asked, _: Sequence[Result]) -> list[Step]:
    return [Step(INCIDENTS, {"language": asked.language})]


def unusual(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Metrics belong to services: of a namespace or of everything, those of its workloads."""
    if asked.name:
        return _or_as_namespace(asked, results, _of(asked, asked.namespace, asked.name))
    told = [one for one in results if one.tool == WORKLOADS]
    if not told:
        return [Step(WORKLOADS, {"namespace": asked.namespace})]
    rows = [row for one in told for row in one.data.get("rows") or () if row["kind"] in SERVING]
    if not asked.namespace:
        rows = [row for row in rows if not row["namespace"].startswith(OF_THE_CLUSTER)] or rows
    chosen = sorted(rows, key=_is_ready)[:WORKLOADS_LOOKED_INTO]
    return [_of(asked, row["namespace"], row["name"]) for row in chosen]


def _is_ready(row: Mapping[str, Any]) -> bool:
    return bool((row["ready"] or 0) >= (row["desired"] or 0))


def _of(asked: Asked, namespace: str, name: str) -> Step:
    return Step(UNUSUAL, {"namespace": namespace, "name": name, "window": asked.window})


def _or_as_namespace(asked: Asked, results: Sequence[Result], step: Step) -> list[Step]:
    """What was named; when there is no such thing, the namespace of that name."""
    told = [one for one in results if one.tool == step.tool]
    if not told:
        return [step]
    missing = told[0].status == NotFound.code and len(told) == 1
    if not missing or not asked.name or asked.is_literal or asked.namespace:
        return []
    return [Step(step.tool, {**step.arguments, "namespace": asked.name, "name": ""})]
