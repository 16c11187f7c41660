"""What stands in a pod's way to each node: requests, labels, taints, claims, ports, in numbers."""

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.ownership import pods_by_owner, workload_of
from mcp_servers.engines.quantities import as_amount, quantity
from mcp_servers.engines.scheduling import Clause, Room, requests, unmet_labels, wanted_labels
from mcp_servers.engines.settling import desired_replicas, is_finished
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
        "skew",
    ),
    "",
)


def obstacle_details(
    cluster: Cluster, room: Room, pod: Resource, clause: Clause, freed: Resource | None
) -> Details:
    """What a finding says about one clause; `freed` is the closed node that would fit."""
    if clause.reason == "cordoned" and freed is not None:
        seen = [citing.field(freed, ".spec.unschedulable", "true")]
        return {"node": freed.name}, seen, {"node": freed.name}
    tell = _TELLERS.get(clause.reason)
    return tell(cluster, room, pod, clause) if tell else ({}, [], {})


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
    elif nodes:
        offered = sorted({one for node in nodes for one in section(node.status, "allocatable")})
        details["near"] = ", ".join(nearest_names(name, offered))
        path = ".status.allocatable (all nodes)"
        evidence.append(citing.field(nodes[0], path, ", ".join(offered)))
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


def _claims(cluster: Cluster, pod: Resource, clause: Clause) -> Details:
    """The claims of the pod, and where the volume of one is that no node is near to."""
    stated = _CLAIM.search(clause.said)
    volumes = rows(pod.spec, "volumes")
    used = [text(one, "persistentVolumeClaim", "claimName") for one in volumes]
    names = [stated.group(1)] if stated else [name for name in used if name]
    keys = [key(Ref("PersistentVolumeClaim", pod.namespace, name)) for name in names]
    seen = [citing.field(pod, ".spec.volumes[].persistentVolumeClaim", ", ".join(names))]
    bound, place = _held_at(
        cluster, [Ref("PersistentVolumeClaim", pod.namespace, one) for one in names]
    )
    details = {"claim": ", ".join(names), **bound}
    return details, [*(seen if names else []), *place], {"claim": ",".join(keys)}


def _held_at(cluster: Cluster, claims: list[Ref]) -> tuple[dict[str, str], list[Evidence]]:
    """The label that a bound volume asks of its node and no node has."""
    nodes = cluster.all("Node")
    for volume in filter(None, (_volume(cluster, ref) for ref in claims)):
        for name, wanted in _asked_of_nodes(volume):
            held = sorted({node.labels[name] for node in nodes if name in node.labels})
            if not wanted or set(wanted) & set(held):
                continue
            seen = [citing.field(volume, f".spec.nodeAffinity[{name}]", ", ".join(wanted))]
            if nodes:
                path = f".metadata.labels[{name}] (all nodes)"
                seen.append(citing.field(nodes[0], path, ", ".join(held) or "-"))
            return {"label": f"{name}={', '.join(wanted)}", "near": ", ".join(held)}, seen
    return {}, []


def _volume(cluster: Cluster, claim: Ref) -> Resource | None:
    found = cluster.get(claim)
    name = text(found.spec, "volumeName") if found else ""
    return cluster.get(Ref("PersistentVolume", "", name)) if name else None


def _asked_of_nodes(volume: Resource) -> Iterator[tuple[str, list[str]]]:
    for term in rows(volume.spec, "nodeAffinity", "required", "nodeSelectorTerms"):
        for one in rows(term, "matchExpressions"):
            if text(one, "operator") == "In":
                yield text(one, "key"), [str(value) for value in one.get("values") or ()]


def _affinity(cluster: Cluster, pod: Resource, clause: Clause) -> Details:
    """The rule between pods, and how many places it can tell apart."""
    kind = "podAntiAffinity" if "anti" in clause.said else "podAffinity"
    path = ("affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution")
    topology = next((text(one, "topologyKey") for one in rows(pod.spec, *path)), "")
    return _over_domains(cluster, pod, topology, f".spec.affinity.{kind}")


def _spread(cluster: Cluster, pod: Resource) -> Details:
    """The constraint that refuses, and how many pods of the workload each domain has."""
    listed = rows(pod.spec, "topologySpreadConstraints")
    hard = [one for one in listed if text(one, "whenUnsatisfiable") != "ScheduleAnyway"]
    topology = text(hard[0], "topologyKey") if hard else ""
    path = ".spec.topologySpreadConstraints[]"
    details, seen, joins = _over_domains(cluster, pod, topology, path)
    return {**details, "skew": text(hard[0], "maxSkew") if hard else ""}, seen, joins


def _over_domains(cluster: Cluster, pod: Resource, topology: str, path: str) -> Details:
    if not topology:
        return {}, [], {}
    owner = workload_of(cluster, pod)
    nodes = [node for node in cluster.all("Node") if topology in node.labels]
    domains = {node.name: node.labels[topology] for node in nodes}
    held = dict.fromkeys(sorted(domains.values()), 0)
    for other in pods_by_owner(cluster).get(owner.ref, []) if owner else []:
        if (domain := domains.get(text(other.spec, "nodeName"))) and not is_finished(other):
            held[domain] += 1
    wanted = f" for {desired_replicas(owner)} replicas" if owner else ""
    counts = ", ".join(f"{domain}: {count}" for domain, count in held.items())
    said = f"{topology}; {len(held)} domains{wanted}" + (f" ({counts})" if counts else "")
    return {"topology": topology, "running": str(len(held))}, [citing.field(pod, path, said)], {}


def _full(cluster: Cluster, room: Room) -> Details:
    """The nodes that hold as many pods as they may, with both numbers."""
    counts = [(len(room.pods_on(node)), node) for node in cluster.all("Node")]
    full = [
        (count, node) for count, node in counts if count >= (allocatable(node, "pods") or count + 1)
    ]
    seen = [
        citing.field(node, ".status.allocatable.pods", f"{most:g} ({count} run there)")
        for count, node in full[:2]
        if (most := float(allocatable(node, "pods") or 0))
    ]
    return {"node": ", ".join(node.name for _, node in full[:5])}, seen, {}


def _ports(cluster: Cluster, room: Room, pod: Resource) -> Details:
    ports = sorted(_host_ports(pod))
    held = cluster.derived("host ports", lambda: _holders(cluster, room))
    holders = sorted({ref for port in ports for ref in held.get(port, [])})
    seen = [citing.field(pod, ".spec.containers[].ports[].hostPort", ", ".join(ports))]
    for holder in holders[:2]:
        taken = ", ".join(one for one in ports if holder in held.get(one, []))
        other = cluster.get(holder)
        if other is not None:
            path = ".spec.containers[].ports[].hostPort"
            seen.append(citing.field(other, path, f"{taken} (on {text(other.spec, 'nodeName')})"))
    names = ", ".join(str(one) for one in holders[:3])
    return {"port": ", ".join(ports), "holder": names}, seen if ports else [], {}


def _holders(cluster: Cluster, room: Room) -> dict[str, list[Ref]]:
    """Which pods hold each host port, on any node."""
    held: dict[str, list[Ref]] = {}
    for node in cluster.all("Node"):
        for pod in room.pods_on(node):
            for port in _host_ports(pod):
                held.setdefault(port, []).append(pod.ref)
    return held


def _host_ports(pod: Resource) -> set[str]:
    listed = [one for container in rows(pod.spec, "containers") for one in rows(container, "ports")]
    return {text(one, "hostPort") for one in listed if text(one, "hostPort")}


_TELLERS: Mapping[str, Callable[[Cluster, Room, Resource, Clause], Details]] = {
    "cpu": _shortage,
    "memory": _shortage,
    "extended": _shortage,
    "node_selector": lambda cluster, room, pod, clause: _labels(cluster, pod),
    "taint": lambda cluster, room, pod, clause: _taints(cluster, clause),
    "volume": lambda cluster, room, pod, clause: _claims(cluster, pod, clause),
    "pod_affinity": lambda cluster, room, pod, clause: _affinity(cluster, pod, clause),
    "topology_spread": lambda cluster, room, pod, clause: _spread(cluster, pod),
    "host_port": lambda cluster, room, pod, clause: _ports(cluster, room, pod),
    "node_full": lambda cluster, room, pod, clause: _full(cluster, room),
}
