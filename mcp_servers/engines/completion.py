"""Whether a workload has become what its spec asks for."""

from mcp_servers.engines.fields import whole
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.kubernetes import Resource


def complete(live: Resource | None) -> bool:
    """Every replica is of the newest template and available. Other kinds are done when written."""
    if live is None:
        return True
    match live.kind:
        case "Deployment" | "StatefulSet":
            wanted = desired_replicas(live)
            return _seen(live) and _all(live, wanted, "updatedReplicas", "readyReplicas")
        case "DaemonSet":
            wanted = whole(live.status, "desiredNumberScheduled")
            return _seen(live) and _all(live, wanted, "updatedNumberScheduled", "numberReady")
        case _:
            return True


def _seen(live: Resource) -> bool:
    generation = whole(live.metadata, "generation")
    return whole(live.status, "observedGeneration", default=generation) >= generation


def _all(live: Resource, wanted: int, updated: str, ready: str) -> bool:
    """No pod of an older template is left either, where the status tells how many there are."""
    fresh = whole(live.status, updated)
    total = whole(live.status, "replicas", default=fresh)
    return fresh >= wanted and whole(live.status, ready) >= wanted and total <= max(wanted, fresh)
