"""Whether new pods wait for a place or a permission that an earlier revision would want as well."""

from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import rows, section
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.pull_failures import class_of
from mcp_servers.engines.revisions import container_in, newest, template_of
from mcp_servers.engines.settling import desired_replicas, is_ready
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

# What decides whether a pod may be made and where it is placed.
_OF_POD = (
    "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "volumes",
    "serviceAccountName", "priorityClassName", "securityContext", "hostNetwork", "runtimeClassName",
)  # fmt: skip
NOT_PULLED = ("ErrImagePull", "ImagePullBackOff")
_OF_CONTAINER = ("resources", "securityContext", "ports")


def waits_elsewhere(cluster: Cluster, owner: Resource, earlier: Json) -> bool:
    """Whether all that is missing of the newest revision is places, permission or a registry, and
    the earlier one would fare alike."""
    made = newest(cluster, owner.ref)
    if made is None or not desired_replicas(owner):
        return False
    pods = pods_under(cluster, made.ref)
    failing = [pod for pod in pods if not is_ready(pod)]
    refused = bool(cluster.events_about(made, "FailedCreate")) and not pods
    if refused or (failing and all(map(_is_unplaced, failing))):
        return _wants(template_of(owner)) == _wants(earlier)
    return bool(failing) and all(_is_kept_by_registry(cluster, pod) for pod in failing)


def _is_unplaced(pod: Resource) -> bool:
    return (pod.condition("PodScheduled") or {}).get("status") == "False"


def _is_kept_by_registry(cluster: Cluster, pod: Resource) -> bool:
    """Whether a registry gives nothing to anybody now: it is busy, or does not answer."""
    held = [one for one in containers(pod) if one.waiting_reason in NOT_PULLED]
    said = [
        class_of(message, one.image)
        for one in held
        for message in (one.waiting_message, *_told_of(cluster, pod))
    ]
    return next(filter(None, said), "") in ("rate_limited", "network")


def _told_of(cluster: Cluster, pod: Resource) -> list[str]:
    return [one.message for one in reversed(list(cluster.events_about(pod, "Failed", "BackOff")))]


def is_same_for(container: str, now: Json, then: Json) -> bool:
    """Whether a container, and all of the pod that is not another container, is alike in both."""
    if not container or not container_in(now, container):
        return False
    if container_in(now, container) != container_in(then, container):
        return False
    return _around(now) == _around(then)


def _around(template: Json) -> Json:
    """A pod without its containers; of those that come first it depends, whatever its name."""
    spec = section(template, "spec")
    rest = {name: told for name, told in spec.items() if name != "containers"}
    marks = section(template, "metadata", "annotations")
    return {"spec": rest, "annotations": {k: v for k, v in marks.items() if "checksum" in k}}


def _wants(template: Json) -> list[object]:
    spec = section(template, "spec")
    of_containers = [
        [one.get(field) for field in _OF_CONTAINER]
        for part in ("initContainers", "containers")
        for one in rows(spec, part)
    ]
    return [*(spec.get(field) for field in _OF_POD), of_containers]
