"""Claims for storage and who uses them."""

import re

from mcp_servers.engines.fields import rows, strings, text, words
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.kubernetes import Cluster, Resource

NO_PROVISIONER = "kubernetes.io/no-provisioner"

# How the kubelet says that a node lacks the driver of a volume.
NO_DRIVER = re.compile(
    r"driver name ([\w.-]+) not found in the list of registered CSI drivers"
    r"|CSINode \S+ does not contain driver ([\w.-]+)",
    re.IGNORECASE,
)


def pods_using(cluster: Cluster, claim: Resource) -> list[Resource]:
    """The pods that mount a claim, those included that wait for it."""
    return pods_by_claim(cluster).get((claim.namespace, claim.name), [])


def pods_by_claim(cluster: Cluster) -> dict[tuple[str, str], list[Resource]]:
    """All pods under the namespace and name of each claim they mount."""
    return cluster.derived("pods by claim", lambda: _by_claim(cluster))


def _by_claim(cluster: Cluster) -> dict[tuple[str, str], list[Resource]]:
    found: dict[tuple[str, str], list[Resource]] = {}
    for pod in cluster.all("Pod"):
        for name in sorted(claims_of(pod)):
            found.setdefault((pod.namespace, name), []).append(pod)
    return found


def claims_of(pod: Resource) -> set[str]:
    """The names of the claims a pod mounts; one made for the pod alone has the pod's name before."""
    named = {
        text(one, "persistentVolumeClaim", "claimName")
        or (f"{pod.name}-{text(one, 'name')}" if "ephemeral" in one else "")
        for one in rows(pod.spec, "volumes")
    }
    return named - {""}


def misfit(claim: Resource, volume: Resource, class_name: str) -> str:
    """Why a volume cannot be bound to a claim, in the terms of the two objects; "" when it can."""
    holder = text(volume.spec, "claimRef", "name")
    own = (text(volume.spec, "claimRef", "namespace"), holder) == (claim.namespace, claim.name)
    if text(volume.status, "phase") not in ("", "Available") and not own:
        return f"{text(volume.status, 'phase')}{f' ({holder})' if holder else ''}"
    if holder and not own:
        return f"claimRef {holder}"
    if text(volume.spec, "storageClassName") != class_name:
        return f"storageClassName {text(volume.spec, 'storageClassName') or 'empty'}"
    missing = set(words(claim.spec, "accessModes")) - set(words(volume.spec, "accessModes"))
    if missing:
        return f"accessModes {','.join(words(volume.spec, 'accessModes'))}"
    size = text(volume.spec, "capacity", "storage")
    asked = text(claim.spec, "resources", "requests", "storage")
    if (quantity(size) or 0) < (quantity(asked) or 0):
        return f"{size} < {asked}"
    wanted = strings(claim.spec, "selector", "matchLabels")
    if any(volume.labels.get(name) != value for name, value in wanted.items()):
        return "labels"
    return ""
