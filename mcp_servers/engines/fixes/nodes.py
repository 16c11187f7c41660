"""`fix.uncordon`, `fix.cordon` and `fix.drain`: nodes opened, closed and emptied."""

from dataclasses import replace
from datetime import timedelta

from mcp_servers.engines.budgets_of_pods import blocking
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.fixes.drafting import Case, Draft, Edit, Outcome, edit, named, single
from mcp_servers.engines.fixes.editing import subsection
from mcp_servers.engines.fixes.purposes import closed_at, is_closed_on_purpose
from mcp_servers.engines.fixes.standing import JUST_NOW
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.engines.placement import pods_by_node
from mcp_servers.engines.protection import is_protected
from mcp_servers.engines.room import is_bound_to, places, unplaced
from mcp_servers.engines.settling import is_ready, is_terminating
from mcp_servers.facts.fixes import Advice, Level, Verb
from mcp_servers.facts.kubernetes import Json, Ref, Resource

CORDONED = "node.kubernetes.io/unschedulable"
# Taints of what a node is, not of what is done to it.
OF_ROLE = (
    "node-role.kubernetes.io/",
    "nvidia.com/",
    "kubernetes.azure.com/",
    "dedicated",
    "workload",
)
MIRROR = "kubernetes.io/config.mirror"
# Evictions go one by one, each until its successor is ready.
PER_POD = timedelta(minutes=3)


def _node(case: Case) -> Resource | Advice:
    found = case.cluster.get(Ref("Node", "", case.target.name))
    return found or case.advice("not_in_sight")


def uncordon(case: Case) -> Outcome:
    """The node takes pods again. A node that is not ready, or tainted by its maintainers, stays."""
    node = _node(case)
    if isinstance(node, Advice):
        return node
    if node.spec.get("unschedulable") is not True:
        return case.advice("node_is_open", node=node.name)
    if not is_ready(node):
        return case.advice("node_not_ready", node=node.name)
    if case.request is None and (why := _closed_on_purpose(case, node)):
        return case.advice(why)
    return single(_opened(node, "uncordon", closed=False), Level.LOW)


def _closed_on_purpose(case: Case, node: Resource) -> str:
    """An annotation, another taint than the cordon's own, or a closing within the last day."""
    taints = [text(one, "key") for one in rows(node.spec, "taints")]
    others = [one for one in taints if one and one != CORDONED and not one.startswith(OF_ROLE)]
    if is_closed_on_purpose(node) or others:
        return "suspended_on_purpose"
    at = closed_at(case.cluster, node)
    return "suspended_lately" if at is not None and case.cluster.now - at < JUST_NOW else ""


def cordon(case: Case) -> Outcome:
    """The node takes no new pods; those on it stay."""
    node = _node(case)
    if isinstance(node, Advice):
        return node
    if node.spec.get("unschedulable") is True:
        return case.advice("already_so")
    return single(_opened(node, "cordon", closed=True), Level.HIGH)


def _opened(node: Resource, action: str, *, closed: bool) -> Edit:
    def change(raw: Json) -> None:
        spec = subsection(raw, "spec")
        if closed:
            spec["unschedulable"] = True
        else:
            spec.pop("unschedulable", None)

    return edit(action, node, change, node=node.name)


def drain(case: Case) -> Outcome:
    """The node is closed, then its pods are evicted one by one, as far as all of them may go.

    Stopped before the first eviction by a disruption budget that allows none, by pods that nobody
    would make anew, and by pods of protected namespaces; DaemonSets and static pods stay.
    """
    node = _node(case)
    if isinstance(node, Advice):
        return node
    pods = [pod for pod in pods_by_node(case.cluster).get(node.name, []) if _leaves(case, pod)]
    if why := _stopped(case, node, pods):
        return why
    closing = (
        [] if node.spec.get("unschedulable") is True else [_opened(node, "cordon", closed=True)]
    )
    evicted = [
        Edit("evict_pod", pod, None, {"pod": pod.name}, Verb.EVICT, reversible=False)
        for pod in pods
    ]
    steps = (*closing, *evicted)
    deadline = PER_POD * max(1, len(pods))
    return Draft(steps, Level.HIGH, lasting=False, deadline=deadline)


def _homeless(case: Case, node: Resource, pods: list[Resource]) -> list[str]:
    """Pods that no other node has a place for now, each judged by itself."""
    if len(case.cluster.all("Node")) < 2:
        return [pod.name for pod in pods]
    others = replace(
        case.cluster, resources=[one for one in case.cluster.resources if one.ref != node.ref]
    )
    return [pod.name for pod in pods if not places(others, unplaced(pod))]


def _leaves(case: Case, pod: Resource) -> bool:
    chain = owner_chain(case.cluster, pod)
    stays = MIRROR in pod.annotations or any(ref.kind in ("DaemonSet", "Node") for ref in chain)
    return not stays and not is_terminating(pod)


def _stopped(case: Case, node: Resource, pods: list[Resource]) -> Advice | None:
    bare = [pod.name for pod in pods if not owner_chain(case.cluster, pod)]
    if bare:
        return case.advice("drain_bare_pods", node=node.name, pods=named(bare))
    system = sorted({pod.namespace for pod in pods if is_protected(pod.namespace)})
    if system:
        return case.advice("drain_protected", node=node.name, namespaces=named(system))
    if held := blocking(case.cluster, pods):
        pairs = named(f"{pod.namespace}/{pod.name} ({budget.name})" for pod, budget in held)
        return case.advice("drain_blocked", node=node.name, pods=pairs)
    if bound := [pod.name for pod in pods if is_bound_to(case.cluster, pod, node)]:
        return case.advice("pod_bound_to_node", node=node.name, pods=named(bound))
    if homeless := _homeless(case, node, pods):
        return case.advice("no_place_elsewhere", node=node.name, pods=named(homeless))
    local = [
        pod.name for pod in pods if any("emptyDir" in one for one in rows(pod.spec, "volumes"))
    ]
    if local and case.request is None:
        return case.advice("drain_local_data", node=node.name, pods=named(local))
    if not pods and text(node.spec, "unschedulable") == "True":
        return case.advice("already_so")
    return None
