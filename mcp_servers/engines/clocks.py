"""How far the clocks of a cluster are apart, as far as its objects give it away."""

from datetime import timedelta

from mcp_servers.engines.fields import rows
from mcp_servers.facts.kubernetes import Cluster, moment


def ahead_by(cluster: Cluster) -> timedelta:
    """What is stamped later than now was stamped by a clock that is at least so far ahead.

    A clock that is behind cannot be told from a thing of long ago.
    """
    return cluster.derived("clocks ahead", lambda: _ahead_by(cluster))


def _ahead_by(cluster: Cluster) -> timedelta:
    heartbeats = [
        at
        for node in cluster.all("Node")
        for one in rows(node.status, "conditions")
        if (at := moment(one.get("lastHeartbeatTime"))) is not None
    ]
    seen = [event.last_at for event in cluster.events if event.last_at is not None]
    latest = max([*heartbeats, *seen], default=cluster.now)
    return max(latest - cluster.now, timedelta(0))
