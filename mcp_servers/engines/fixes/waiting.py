"""Whether new pods wait for a place or a permission that an earlier revision would want as well."""

from mcp_servers.engines.fields import rows, section
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.revisions import newest, template_of
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

# What decides whether a pod may be made and where it is placed.
_OF_POD = (
    "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "volumes",
    "serviceAccountName", "priorityClassName", "securityContext", "hostNetwork", "runtimeClassName",
)  # fmt: skip
_OF_CONTAINER = ("resources", "securityContext", "ports")


def waits_elsewhere(cluster: Cluster, owner: Resource, earlier: Json) -> bool:
    """Whether the newest revision got no pod placed, and the earlier one would fare alike."""
    made = newest(cluster, owner.ref)
    if made is None or not desired_replicas(owner):
        return False
    pods = pods_under(cluster, made.ref)
    unplaced = all((pod.condition("PodScheduled") or {}).get("status") == "False" for pod in pods)
    refused = bool(cluster.events_about(made, "FailedCreate")) and not pods
    waits = bool(pods) and unplaced
    return (waits or refused) and _wants(template_of(owner)) == _wants(earlier)


def _wants(template: Json) -> list[object]:
    spec = section(template, "spec")
    of_containers = [
        [one.get(field) for field in _OF_CONTAINER]
        for part in ("initContainers", "containers")
        for one in rows(spec, part)
    ]
    return [*(spec.get(field) for field in _OF_POD), of_containers]
