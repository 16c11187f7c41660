"""What waits, is closed or is scaled away on purpose, as far as somebody or something says so."""

from datetime import datetime

from mcp_servers.engines.fields import remarks, rows, text
from mcp_servers.engines.settling import suspension_is_meant
from mcp_servers.engines.stamps import last_writer
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

CORDON_TAINT = "node.kubernetes.io/unschedulable"
CLOSING = (
    "maintenance",
    "cordon",
    "drain",
    "reboot",
    "upgrade",
    "decommission",
    "retire",
    "repair",
    "quarantine",
)
ASLEEP = (
    "downscal", "sleep", "suspend", "paused", "maintenance", "scale-to-zero", "hibernat", "kube-green",
    "snorlax", "retire", "decommission", "freeze", "frozen",
)  # fmt: skip


def is_closed_on_purpose(node: Resource) -> bool:
    """Whether an annotation or a label speaks of work on the node."""
    marks = [
        *remarks(node.annotations),
        *(f"{name}: {told}".lower() for name, told in node.labels.items()),
    ]
    return suspension_is_meant(node) or any(word in mark for mark in marks for word in CLOSING)


def closed_at(cluster: Cluster, node: Resource) -> datetime | None:
    """When it was closed, as its taint, its fields or an event have it; the latest of them."""
    taints = [one for one in rows(node.spec, "taints") if text(one, "key") == CORDON_TAINT]
    times = [moment(one.get("timeAdded")) for one in taints]
    times.append(last_writer(node, "f:unschedulable")[0])
    times += [one.first_at for one in cluster.events_about(node, "NodeNotSchedulable")]
    return max((at for at in times if at is not None), default=None)


def is_asleep_on_purpose(workload: Resource) -> bool:
    """Whether a mark says that nobody is wanted for now."""
    marks = [
        *remarks(workload.annotations),
        *(f"{a}: {b}".lower() for a, b in workload.labels.items()),
    ]
    return suspension_is_meant(workload) or any(word in mark for mark in marks for word in ASLEEP)
