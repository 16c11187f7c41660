"""Pods that no node takes, and the one reason that decides it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.nearest import nearest_names
from mcp_servers.engines.ownership import workload_of
from mcp_servers.engines.quantities import as_amount, quantity
from mcp_servers.engines.scheduling import (
    Clause,
    Room,
    blocking_taints,
    clauses,
    leading,
    requests,
    selects,
    unmet_labels,
    wanted_labels,
)
from mcp_servers.engines.settling import desired_replicas, is_young, live_pods, rolling
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment

SCALING_UP = timedelta(minutes=10)
JUST_CORDONED = timedelta(minutes=30)
SURGE_FITS_LATER = frozenset({"pod_affinity", "topology_spread", "host_port"})

_INSUFFICIENT = re.compile(r"[Ii]nsufficient ([\w./-]+\w)")
_TAINT = re.compile(r"taints? ?\{([^}]*)\}")
_CLAIM = re.compile(r'persistentvolumeclaim "([\w.-]+)"')

FIXES = {
    "cpu": "fix.resources",
    "memory": "fix.resources",
    "node_selector": "fix.node_selector",
    "pod_affinity": "fix.soften_affinity",
}


def unschedulable(cluster: Cluster) -> Iterator[Finding]:
    """`pod.unschedulable.*`: for each Pending pod the reason that holds for most nodes."""
    room = Room(cluster)
    for pod in live_pods(cluster):
        condition = pod.condition("PodScheduled") or {}
        if condition.get("status") != "False" or condition.get("reason") == "SchedulingGated":
            continue
        if text(pod.spec, "nodeName") or is_young(cluster, pod):
            continue
        yield from _told(cluster, room, pod, _messages(cluster, pod))


def _messages(cluster: Cluster, pod: Resource) -> list[str]:
    """What the scheduler said, the condition first: it is the present state."""
    stated = text(pod.condition("PodScheduled"), "message")
    events = cluster.events_about(pod, "FailedScheduling")
    return [stated, *(event.message for event in reversed(events))]


def _told(
    cluster: Cluster, room: Room, pod: Resource, messages: Sequence[str]
) -> Iterator[Finding]:
    found = next((parts for said in messages if (parts := clauses(said))), list[Clause]())
    if not found or _fits_after_the_surge(cluster, pod, found):
        return
    freed = _held_back_by_a_cordon(cluster, room, pod, found)
    decisive = (
        [one for one in found if one.reason == "cordoned"]
        if freed
        else _decisive(cluster, pod, found)
    )
    severity = Severity.INFO if _scaling_up(cluster, pod) else Severity.HIGH
    for clause in decisive:
        yield _finding(cluster, room, pod, clause, severity, freed)


def _decisive(cluster: Cluster, pod: Resource, found: list[Clause]) -> list[Clause]:
    """The clauses to tell: what no node can ever meet, else what holds for most nodes.

    Without a node that would fit, a cordon is not the reason.
    """
    others = [one for one in found if one.reason != "cordoned"] or found
    if hopeless := [one for one in others if _holds_everywhere(cluster, pod, one)]:
        return hopeless[:1]
    others = [one for one in others if one.reason != "node_selector"] or others
    lead = leading(others)
    short = [one for one in lead if one.reason in ("cpu", "memory", "extended")]
    return list({one.reason: one for one in (short or lead[:1])}.values())


def _holds_everywhere(cluster: Cluster, pod: Resource, clause: Clause) -> bool:
    """Whether no node at all has the label, or the device, that the pod asks for."""
    nodes = cluster.all("Node")
    if not nodes:
        return False
    if clause.reason == "node_selector":
        return not any(selects(pod, node) for node in nodes)
    stated = _INSUFFICIENT.search(clause.said) if clause.reason == "extended" else None
    return stated is not None and not any(_allocatable(node, stated.group(1)) for node in nodes)


def _fits_after_the_surge(cluster: Cluster, pod: Resource, found: list[Clause]) -> bool:
    """A pod of a rolling update that waits for the place of the one it replaces."""
    owner = workload_of(cluster, pod)
    surging = owner is not None and owner.kind == "Deployment" and rolling(cluster, owner)
    return surging and any(one.reason in SURGE_FITS_LATER for one in leading(found))


def _held_back_by_a_cordon(
    cluster: Cluster, room: Room, pod: Resource, found: list[Clause]
) -> Resource | None:
    """A cordoned node that would take the pod if it were not."""
    if not any(one.reason == "cordoned" for one in found):
        return None
    cordoned = [one for one in cluster.all("Node") if one.spec.get("unschedulable") is True]
    fitting = [
        node
        for node in cordoned
        if selects(pod, node) and not blocking_taints(pod, node) and room.fits(node, pod)
    ]
    return fitting[0] if fitting else None


def _scaling_up(cluster: Cluster, pod: Resource) -> bool:
    triggered = cluster.events_about(pod, "TriggeredScaleUp")
    return any(one.last_at and cluster.now - one.last_at < SCALING_UP for one in triggered)


def _finding(
    cluster: Cluster,
    room: Room,
    pod: Resource,
    clause: Clause,
    severity: Severity,
    freed: Resource | None,
) -> Finding:
    details, evidence, joins = _details(cluster, room, pod, clause, freed)
    young_cordon = freed is not None and _cordoned_lately(cluster, freed)
    told = about_pod(
        cluster,
        pod,
        f"pod.unschedulable.{clause.reason}",
        Severity.INFO if young_cordon else severity,
        [*_said(cluster, pod), *evidence],
        confidence=Confidence.CERTAIN,
        since=_since(cluster, pod),
        cause_key=details.get("label", "") or details.get("claim", ""),
        fix=_fix(clause, details),
        params={**NOTHING_KNOWN, **details, "clause": clause.said, "nodes": str(clause.nodes)},
        joins=joins,
    )
    if freed is not None and clause.reason == "cordoned":
        return replace(told, fix=Fix("fix.uncordon", freed.ref))
    return told


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
Details = tuple[dict[str, str], list[Evidence], dict[str, str]]


def _said(cluster: Cluster, pod: Resource) -> list[Evidence]:
    condition = pod.condition("PodScheduled") or {}
    since = moment(condition.get("lastTransitionTime"))
    message = text(condition, "message")
    path = ".status.conditions[PodScheduled].message"
    stated = [citing.field(pod, path, message, since)] if message else []
    events = cluster.events_about(pod, "FailedScheduling")
    return [*stated, *citing.events(events, at_most=1)]


def _since(cluster: Cluster, pod: Resource) -> datetime | None:
    stated = moment((pod.condition("PodScheduled") or {}).get("lastTransitionTime"))
    return stated or pod.created_at


def _cordoned_lately(cluster: Cluster, node: Resource) -> bool:
    taints = [one for one in rows(node.spec, "taints") if "unschedulable" in text(one, "key")]
    times = [moment(one.get("timeAdded")) for one in taints]
    times += [event.first_at for event in cluster.events_about(node, "NodeNotSchedulable")]
    known = [at for at in times if at is not None]
    return bool(known) and cluster.now - max(known) < JUST_CORDONED


def _fix(clause: Clause, details: dict[str, str]) -> str:
    if clause.reason == "node_selector" and not details.get("near"):
        return ""
    return FIXES.get(clause.reason, "")


def _details(
    cluster: Cluster, room: Room, pod: Resource, clause: Clause, freed: Resource | None
) -> Details:
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
    stated = _INSUFFICIENT.search(clause.said)
    name = stated.group(1) if stated else clause.reason
    asked = requests(pod).get(name)
    nodes = cluster.all("Node")
    free = [(room.free_on(node).get(name), node) for node in nodes]
    known = sorted((amount, node.name) for amount, node in free if amount is not None)
    whole = [amount for node in nodes if (amount := _allocatable(node, name)) is not None]
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


def _allocatable(node: Resource, name: str) -> Fraction | None:
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


def no_scale_up(cluster: Cluster) -> Iterator[Finding]:
    """`autoscaler.no_scale_up`: the cluster autoscaler looked at a waiting pod and adds no node."""
    for pod in live_pods(cluster):
        waits = (pod.condition("PodScheduled") or {}).get("status") == "False"
        refused = cluster.events_about(pod, "NotTriggerScaleUp")
        if not waits or not refused or is_young(cluster, pod) or _scaling_up(cluster, pod):
            continue
        reasons = refused[-1].message.partition("scale-up:")[2] or refused[-1].message
        yield about_pod(
            cluster,
            pod,
            "autoscaler.no_scale_up",
            Severity.HIGH,
            [*citing.events(refused, at_most=1), *_said(cluster, pod)],
            params={
                "why": citing.quoted(reasons),
                "at_limit": "true" if "max node group size" in refused[-1].message else "",
                "count": str(sum(one.count for one in refused)),
            },
        )


def scheduler_absent(cluster: Cluster) -> Iterator[Finding]:
    """`pod.scheduler_absent`: nobody has as much as looked at a Pending pod."""
    for pod in live_pods(cluster):
        if text(pod.status, "phase") != "Pending" or text(pod.spec, "nodeName"):
            continue
        if pod.condition("PodScheduled") or cluster.events_about(pod) or is_young(cluster, pod):
            continue
        if rows(pod.spec, "schedulingGates"):
            continue
        name = text(pod.spec, "schedulerName") or "default-scheduler"
        yield about_pod(
            cluster,
            pod,
            "pod.scheduler_absent",
            Severity.HIGH,
            [
                citing.field(pod, ".spec.schedulerName", name, pod.created_at),
                citing.field(pod, ".status.phase", "Pending (no condition, no event)"),
            ],
            confidence=Confidence.STRONG,
            cause_key=name,
            params={
                "scheduler": name,
                "near": ", ".join(nearest_names(name, ["default-scheduler"])),
                "since_at": citing.clock(pod.created_at),
            },
        )
