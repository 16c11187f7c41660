"""Whether what others complained of has been mended since."""

from datetime import datetime, timedelta

from mcp_servers.engines.containers import containers
from mcp_servers.engines.endpoints import ready_pods, selected_pods
from mcp_servers.engines.settling import ready_since
from mcp_servers.facts.kubernetes import Cluster, Resource

# Pods that fell before must have been ready for so long.
STEADY = timedelta(minutes=5)


def whole_since(cluster: Cluster, service: Resource, after: datetime) -> datetime | None:
    """When the last pod behind a Service became ready, if that was after a moment and holds.

    None while any of its pods is not ready, and for pods that have fallen before and are ready
    for a short time only.
    """
    pods = selected_pods(cluster, service)
    ready, _ = ready_pods(cluster, service)
    since = [moment for pod in pods if (moment := ready_since(pod))]
    if not pods or len(ready) < len(pods) or len(since) < len(pods):
        return None
    newest = max(since)
    if newest < after.replace(microsecond=0):  # conditions know whole seconds only
        return None
    new = not any(container.restarts for pod in pods for container in containers(pod))
    return newest if new or cluster.now - newest >= STEADY else None
