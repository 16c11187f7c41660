"""What stands in a pod's way to each node: requests, labels, taints, claims, ports, in numbers."""

import re
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.ownership import workload_of
from mcp_servers.engines.quantities import as_amount, quantity
from mcp_servers.engines.scheduling import Clause, Room, requests, unmet_labels, wanted_labels
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.findings import Evidence
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.facts.nearest import nearest_names

INSUFFICIENT = re.compile(r"[Ii]nsufficient ([\w./-]+\w)")
_TAINT = re.compile(r"taints? ?\{([^}]*)\}")
_CLAIM = re.compile(r'persistentvolumeclaim "([\w.-]+)"')

# Params, evidence and joins of one reason.
Details = tuple[dict[str, str], list[Evidence], dict[str, str]]

# Every text of this family may ask for any of these.
NOTHING_KNOWN = dict.fromkeys(
    (
        "resource_name",
        "request",
        "free",
        "largest",
        "taint",
        "label",
        "near",
        "claim",
        "node",
        "topology",
        "running",
        "port",
        "holder",
    ),
    "",
)


def obstacle_details(
    cluster: Cluster, room: Room, pod: Resource, clause: Clause, freed: Resource | None
) -> Details:
    """What a finding says about one clause; `freed` is the closed node that would fit."""
    match clause.reason:
        case "cpu" | "memory" | "extended":
            return _shortage(cluster, room, pod, clause)
        case "node_selector":
            return _labels(cluster, pod)
        case "taint":
            return _taints(cluster, clause)
        case "volume":
            return _claims(pod, clause)
        case "cordoned" if freed is not None:
            seen = [citing.field(freed, ".spec.unschedulable", "true")]
            return {"node": freed.name}, seen, {"node": freed.name}
        case "pod_affinity" | "topology_spread":
            return _spread(cluster, pod, clause)
        case "host_port":
            return _ports(cluster, room, pod)
        case _:
            return {}, [], {}


def _shortage(cluster: Cluster, room: Room, pod: Resource, clause: Clause) -> Details:
    stated = INSUFFICIENT.search(clause.said)
    name = stated.group(1) if stated else clause.reason
    asked = requests(pod).get(name)
    nodes = cluster.all("Node")
    free = [(room.free_on(node).get(name), node) for node in nodes]
    known = sorted((amount, node.name) for amount, node in free if amount is not None)
    whole = [amount for node in nodes if (amount := allocatable(node, name)) is not None]
    details = {
        "resource_name": name,
        "request": as_amount(name, asked) if asked is not None else "",
        "free": as_amount(name, known[-1][0]) if known else "",
        "node": known[-1][1] if known else "",
        "largest": as_amount(name, max(whole)) if whole else "",
    }
    evidence: list[Evidence] = []
    if details["request"]:
        path = f".spec.containers[].resources.requests[{name}]"
        evidence.append(citing.field(pod, path, details["request"]))
    if known:
        best = next(node for node in nodes if node.name == known[-1][1])
        path = f".status.allocatable[{name}]"
        said = f"{details['largest']} on the largest node, {details['free']} free at most"
        evidence.append(citing.field(best, path, said))
    return details, evidence, {}


def allocatable(node: Resource, name: str) -> Fraction | None:
    return quantity(section(node.status, "allocatable").get(name))


def _labels(cluster: Cluster, pod: Resource) -> Details:
    """The label that no node has, with the nearest that one does."""
    nodes = cluster.all("Node")
    lacking = [
        (name, value)
        for name, value in wanted_labels(pod)
        if not any(node.labels.get(name) == value for node in nodes)
    ]
    wanted = lacking or [one for node in nodes for one in unmet_labels(pod, node)]
    if not wanted:
        return {}, [], {}
    name, value = wanted[0]
    values = {node.labels[name] for node in nodes if name in node.labels}
    near = nearest_names(value, values)
    keys = nearest_names(name, {one for node in nodes for one in node.labels if not values})
    shown = ", ".join(f"{name}={one}" for one in near) or ", ".join(keys)
    seen = [citing.field(pod, ".spec.nodeSelector", f"{name}={value}")]
    if values:
        held = ", ".join(sorted(values))
        seen.append(citing.field(nodes[0], f".metadata.labels[{name}] (all nodes)", held))
    return {"label": f"{name}={value}", "near": shown}, seen, {}


def _taints(cluster: Cluster, clause: Clause) -> Details:
    stated = _TAINT.search(clause.said)
    taint = stated.group(1).strip().rstrip(":").strip() if stated else ""
    name = re.split(r"[:=]", taint)[0].strip()
    bearers = [
        node
        for node in cluster.all("Node")
        if any(text(one, "key") == name for one in rows(node.spec, "taints"))
    ]
    seen = [citing.field(node, f".spec.taints[{name}]", taint) for node in bearers[:2]]
    names = ",".join(node.name for node in bearers)
    return {"taint": taint, "node": names.replace(",", ", ")}, seen, {"node": names}


def _claims(pod: Resource, clause: Clause) -> Details:
    stated = _CLAIM.search(clause.said)
    volumes = rows(pod.spec, "volumes")
    used = [text(one, "persistentVolumeClaim", "claimName") for one in volumes]
    names = [stated.group(1)] if stated else [name for name in used if name]
    keys = [key(Ref("PersistentVolumeClaim", pod.namespace, name)) for name in names]
    seen = [citing.field(pod, ".spec.volumes[].persistentVolumeClaim", ", ".join(names))]
    return {"claim": ", ".join(names)}, seen if names else [], {"claim": ",".join(keys)}


def _spread(cluster: Cluster, pod: Resource, clause: Clause) -> Details:
    owner = workload_of(cluster, pod)
    kind = "podAntiAffinity" if "anti" in clause.said else "podAffinity"
    path = ("affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution")
    terms = rows(pod.spec, *path) or rows(pod.spec, "topologySpreadConstraints")
    topology = text(terms[0], "topologyKey") if terms else ""
    domains = {node.labels[topology] for node in cluster.all("Node") if topology in node.labels}
    wanted = str(desired_replicas(owner)) if owner else ""
    details = {"topology": topology, "running": str(len(domains)) if topology else ""}
    said = f"{topology}; {len(domains)} domains for {wanted} replicas"
    seen = [citing.field(pod, f".spec.affinity.{kind}", said)] if topology else []
    return details, seen, {}


def _ports(cluster: Cluster, room: Room, pod: Resource) -> Details:
    ports = sorted(_host_ports(pod))
    holders = [
        other.ref
        for node in cluster.all("Node")
        for other in room.pods_on(node)
        if set(ports) & _host_ports(other)
    ]
    seen = [citing.field(pod, ".spec.containers[].ports[].hostPort", ", ".join(ports))]
    holder = ", ".join(str(one) for one in holders[:3])
    return {"port": ", ".join(ports), "holder": holder}, seen if ports else [], {}


def _host_ports(pod: Resource) -> set[str]:
    listed = [one for container in rows(pod.spec, "containers") for one in rows(container, "ports")]
    return {text(one, "hostPort") for one in listed if text(one, "hostPort")}
