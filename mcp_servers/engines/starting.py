"""Pods on their first start, as long as it may take."""

from datetime import timedelta

from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.probing import budget
from mcp_servers.facts.kubernetes import Cluster, Resource

# An init container may do its work for so long before anybody wonders.
PATIENCE = timedelta(minutes=10)


def may_still_start(cluster: Cluster, pod: Resource) -> bool:
    """Whether something of a pod runs for the first time, not longer than it may, and all else that
    was started runs or is done."""
    every = containers(pod)
    fell = any(one.restarts or any(end.exit_code for end in one.terminations) for one in every)
    return not fell and any(_begins(cluster, one) for one in every)


def _begins(cluster: Cluster, container: Container) -> bool:
    since = container.running_since
    if since is None:
        return False
    if container.role is Role.INIT:
        return cluster.now - since <= PATIENCE
    probe = container.probe("startup")
    return bool(probe) and not container.ready and cluster.now - since <= budget(probe)
