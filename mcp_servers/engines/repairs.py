"""Whether what others complained of has been mended since."""

from datetime import datetime, timedelta

from mcp_servers.engines.containers import containers
from mcp_servers.engines.endpoints import ready_pods, selected_pods
from mcp_servers.engines.settling import ready_since
from mcp_servers.engines.stamps import last_writer
from mcp_servers.facts.kubernetes import Cluster, Resource

# Pods that fell before must have been ready for so long, and a Service must have led elsewhere.
STEADY = timedelta(minutes=5)


def whole_since(cluster: Cluster, service: Resource, after: datetime) -> datetime | None:
    """When a Service came to serve with all its pods, if that was after a moment and holds.

    That is when the last of them became ready, or when the Service was led to them by another
    selector or other ports. None while any of its pods is not ready; pods that have fallen before
    and Services that were altered must have been well for some time.
    """
    pods = selected_pods(cluster, service)
    ready, _ = ready_pods(cluster, service)
    since = [moment for pod in pods if (moment := ready_since(pod))]
    if not pods or len(ready) < len(pods) or len(since) < len(pods):
        return None
    altered = _altered_at(service)
    newest = max([*since, *altered])
    if newest < after.replace(microsecond=0):  # stamps know whole seconds only
        return None
    new = newest not in altered and not any(
        container.restarts for pod in pods for container in containers(pod)
    )
    return newest if new or cluster.now - newest >= STEADY else None


def _altered_at(service: Resource) -> list[datetime]:
    """When it was said anew which pods it leads to, as far as managed fields remember."""
    written = [last_writer(service, path)[0] for path in ("f:selector", "f:ports")]
    return [at for at in written if at is not None]
