"""The scheduler: a node for a pod, or the reasons why there is none."""

from collections import Counter
from typing import Any

from sandbox.controllers.conditions import condition_of, with_condition
from sandbox.controllers.events import record
from sandbox.controllers.rooms import Amounts, Room, host_ports, requests_of
from sandbox.controllers.world import CLAIMS, CLASSES, NODES, PODS, World, key_of
from sandbox.fields import at, entries, section
from sandbox.labels import expressed, matches_label_selector
from sandbox.store import Key

Json = dict[str, Any]

_ME = "default-scheduler"
_RETRY_S = 300.0
_UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"
_HOSTNAME = "kubernetes.io/hostname"
_HELPLESS = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


def schedule(world: World, pod: Json) -> None:
    """Bind a pod to the node that fits with the most room, or say why none does."""
    if at(pod, "spec", "schedulerName") not in {None, _ME} or entries(
        pod, "spec", "schedulingGates"
    ):
        return
    nodes = _nodes(world)
    if trouble := _claims_trouble(world, pod):
        _refuse(world, pod, f"0/{len(nodes)} nodes are available: {trouble}.", "")
        return
    wanted, rooms = requests_of(section(pod, "spec")), world.rooms.of(world.store, nodes)
    reasons = [_reason(pod, wanted, room) for room in rooms]
    fitting = [room for room, reason in zip(rooms, reasons, strict=True) if not reason]
    if fitting:
        _bind(world, pod, min(fitting, key=lambda room: room.fullness).node)
    else:
        _refuse(world, pod, *_told(reasons))


def _nodes(world: World) -> list[Json]:
    """A picture may lack the kind altogether: what its pods run on is there, and nobody knows how full."""
    if nodes := world.store.list(NODES):
        return nodes
    names = {str(at(pod, "spec", "nodeName") or "") for pod in world.store.list(PODS)} - {""}
    return [{"metadata": {"name": name}} for name in sorted(names)]


def _told(reasons: list[str]) -> tuple[str, str]:
    """The message of a scheduler, and what it adds of preemption."""
    total = f"0/{len(reasons)} nodes are available"
    if not reasons:
        return "no nodes available to schedule pods", ""
    why = ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
    hopes = Counter(
        _NO_VICTIMS if reason.startswith(("Insufficient", "Too many")) else _HELPLESS
        for reason in reasons
    )
    hope = ", ".join(sorted(f"{count} {reason}" for reason, count in hopes.items()))
    return f"{total}: {why}.", f" preemption: {total}: {hope}."


def _refuse(world: World, pod: Json, message: str, preemption: str) -> None:
    message += preemption
    told = condition_of(pod, "PodScheduled")
    if told.get("message") == message:
        return
    conditions = with_condition(
        entries(pod, "status", "conditions"),
        world.timing,
        "PodScheduled",
        "False",
        reason="Unschedulable",
        message=message,
    )
    status = {**section(pod, "status"), "phase": "Pending", "conditions": conditions}
    pod = world.set_status(PODS, pod, status)
    record(world, pod, "FailedScheduling", message, by=_ME, kind="Warning")
    world.timing.look_again(key_of(PODS, pod), world.timing.after(_RETRY_S))


def _bind(world: World, pod: Json, node: Json) -> None:
    name = node["metadata"]["name"]
    conditions = with_condition(
        entries(pod, "status", "conditions"), world.timing, "PodScheduled", "True"
    )
    world.wake(pod)
    _choose_volumes(world, pod, name)
    bound = world.change(
        PODS,
        pod,
        spec={**section(pod, "spec"), "nodeName": name},
        status={**section(pod, "status"), "conditions": conditions},
    )
    namespace = pod["metadata"]["namespace"]
    message = f"Successfully assigned {namespace}/{pod['metadata']['name']} to {name}"
    record(world, bound, "Scheduled", message, by=_ME)


def _reason(pod: Json, wanted: Amounts, room: Room) -> str:
    """Why the pod cannot go there, in the scheduler's words; "" when it can."""
    spec, node = section(pod, "spec"), room.node
    if at(node, "spec", "unschedulable") and not _tolerates(spec, _CORDON):
        return "node(s) were unschedulable"
    if taint := untolerated(spec, node):
        return f"node(s) had untolerated taint {{{taint.get('key')}: {taint.get('value') or ''}}}"
    if not selected(spec, node):
        return "node(s) didn't match Pod's node affinity/selector"
    if room.ports and room.ports & host_ports(spec):
        return "node(s) didn't have free ports for the requested pod ports"
    if short := room.short_of(wanted):
        return short
    if not _keeps_apart(pod, room.pods):
        return "node(s) didn't match pod anti-affinity rules"
    return ""


_CORDON: Json = {"key": _UNSCHEDULABLE_TAINT, "effect": "NoSchedule"}


def untolerated(spec: Json, node: Json, *effects: str) -> Json:
    """The first taint of these effects that the pod does not tolerate, {} when there is none."""
    taints = [
        taint
        for taint in entries(node, "spec", "taints")
        if taint.get("effect") in (effects or ("NoSchedule", "NoExecute"))
        and taint.get("key") != _UNSCHEDULABLE_TAINT
    ]
    return next((taint for taint in taints if not _tolerates(spec, taint)), Json())


def _tolerates(spec: Json, taint: Json) -> bool:
    return any(tolerates(toleration, taint) for toleration in entries(spec, "tolerations"))


def tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in {None, "", taint.get("effect")}:
        return False
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists
    same = toleration.get("key") == taint.get("key")
    return same and (exists or (toleration.get("value") or "") == (taint.get("value") or ""))


def selected(spec: Json, node: Json) -> bool:
    labels = section(node, "metadata", "labels")
    wanted = section(spec, "nodeSelector")
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    required = section(
        spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = entries(required, "nodeSelectorTerms")
    return not terms or any(_term_matches(term, node) for term in terms)


def _term_matches(term: Json, node: Json) -> bool:
    labels, name = section(node, "metadata", "labels"), node["metadata"]["name"]
    by_labels = entries(term, "matchExpressions")
    by_fields = entries(term, "matchFields")
    return (
        bool(by_labels or by_fields)
        and all(expressed(expression, labels) for expression in by_labels)
        and all(expressed(expression, {"metadata.name": name}) for expression in by_fields)
    )


def _keeps_apart(pod: Json, here: list[Json]) -> bool:
    """Required anti-affinity by host name; other topologies are not looked at."""
    required = entries(
        pod, "spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    selectors = [
        section(term, "labelSelector") for term in required if term.get("topologyKey") == _HOSTNAME
    ]
    mine = pod["metadata"]["namespace"]
    return not any(
        matches_label_selector(selector, other)
        for selector in selectors
        for other in here
        if other["metadata"]["namespace"] == mine
    )


def _claims_trouble(world: World, pod: Json) -> str:
    """A claim that is missing, or that must be bound before a node is looked for."""
    namespace = pod["metadata"]["namespace"]
    for name in claims_of(pod):
        claim = world.get(CLAIMS, namespace, name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if at(claim, "status", "phase") != "Bound" and not waits_for_pod(world, claim):
            return "pod has unbound immediate PersistentVolumeClaims"
    return ""


def claims_of(pod: Json) -> list[str]:
    """The claims that a pod's volumes need."""
    found = (
        at(volume, "persistentVolumeClaim", "claimName")
        for volume in entries(pod, "spec", "volumes")
    )
    return [str(name) for name in found if name]


def waits_for_pod(world: World, claim: Json) -> bool:
    name = str(at(claim, "spec", "storageClassName") or "")
    mode = at(world.store.get(Key(CLASSES, "", name)), "volumeBindingMode")
    return mode == "WaitForFirstConsumer"


SELECTED_NODE = "volume.kubernetes.io/selected-node"


def _choose_volumes(world: World, pod: Json, node: str) -> None:
    """Claims that waited for their pod are told where it goes."""
    for name in claims_of(pod):
        claim = world.get(CLAIMS, pod["metadata"]["namespace"], name)
        if claim is None or at(claim, "status", "phase") == "Bound":
            continue
        annotations = {**section(claim, "metadata", "annotations"), SELECTED_NODE: node}
        world.change(CLAIMS, claim, metadata={**claim["metadata"], "annotations": annotations})
