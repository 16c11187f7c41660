"""What was asked for and is not there: where it may be instead, and what was perhaps meant."""

from collections.abc import Iterable

from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.nearest import nearest_names

PLACES_NAMED = 3


def not_found(cluster: Cluster, asked: Ref, candidates: Iterable[str]) -> Finding:
    """`lookup.not_found`: an object of this name elsewhere, else the nearest of `candidates`.

    It answers a question and is no diagnoser: of a cluster alone it cannot be said. The caller
    has made sure that nothing is called exactly so.
    """
    elsewhere = sorted({str(one.ref) for one in cluster.resources if one.name == asked.name})
    near = [] if elsewhere else nearest_names(asked.name, candidates)
    what = asked.kind or "object"
    place = f" in namespace {asked.namespace}" if asked.namespace else ""
    searched = f"{len(cluster.resources)} objects were looked at"
    return Finding(
        rule="lookup.not_found",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        resource=Ref(what, asked.namespace, asked.name),
        since=None,
        evidence=(Evidence(Source.OBJECT, f"{what} {asked.name}{place}", searched),),
        params={
            "what": what,
            "asked": asked.name,
            "place": asked.namespace,
            "near": " or ".join(near),
            "elsewhere": ", ".join(elsewhere[:PLACES_NAMED]),
        },
    )
