"""`fix.restart` and `fix.evict_pod`: pods made anew from the same template."""

from mcp_servers.engines.budgets_of_pods import headroom
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.fixes.drafting import Case, Draft, Edit, Outcome, edit
from mcp_servers.engines.fixes.earlier import missing_references
from mcp_servers.engines.fixes.editing import (
    pods_of,
    subsection,
    template_in,
    workload,
)
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.room import is_bound_to
from mcp_servers.engines.settling import desired_replicas, is_finished, is_ready, is_terminating
from mcp_servers.facts.fixes import Advice, Level, Verb
from mcp_servers.facts.kubernetes import Ref, Resource

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
RESTARTABLE = ("Deployment", "StatefulSet", "DaemonSet")


def restart(case: Case) -> Outcome:
    """A new annotation in the template, as `kubectl rollout restart` writes it.

    Refused while something the pods need is absent: new pods would fail where old ones still run.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    if owner.kind not in RESTARTABLE:
        return case.advice("nothing_to_restart")
    if owner.spec.get("paused") is True:
        return case.advice("rollout_paused")
    if gone := missing_references(case.cluster, owner.namespace, template_of(owner)):
        return case.advice("root_still_there", missing=", ".join(gone))
    at = case.cluster.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def change(raw: dict[str, object]) -> None:
        subsection(template_in(raw), "metadata", "annotations")[RESTARTED_AT] = at

    step = edit("restart", owner, change, pods=len(pods_of(case)))
    alone = owner.kind != "DaemonSet" and desired_replicas(owner) <= 1
    level = Level.HIGH if alone or _leaves_none(case, owner) else Level.MEDIUM
    return Draft(
        (Edit(step.action, owner, step.after, step.params, reversible=False),), level, lasting=False
    )


def _leaves_none(case: Case, owner: Resource) -> bool:
    pods = pods_of(case)
    return bool(pods) and headroom(case.cluster, pods[0]) == 0


def evict_pod(case: Case) -> Outcome:
    """One pod is asked to leave by the Eviction API, and its controller makes another.

    Not one on a lost node, not the last that serves, and not where a disruption budget forbids it.
    """
    pod = case.cluster.get(_pod(case))
    if pod is None:
        return case.advice("not_in_sight")
    if is_terminating(pod) or is_finished(pod):
        return case.advice("being_deleted", object_named=pod.ref)
    if top_owner(case.cluster, pod) == pod.ref:
        return case.advice("nobody_recreates", pod=pod.name)
    node = case.cluster.get(Ref("Node", "", text(pod.spec, "nodeName")))
    if node is not None and not is_ready(node):
        return case.advice("node_lost", pod=pod.name, node=node.name)
    if node is not None and node.spec.get("unschedulable") and is_bound_to(case.cluster, pod, node):
        return case.advice("pod_bound_to_node", node=node.name, pods=pod.name)
    if is_ready(pod) and _is_last(case, pod):
        return case.advice("last_ready_replica", pod=pod.name)
    if headroom(case.cluster, pod) == 0:
        return case.advice("no_headroom", pod=pod.name)
    step = Edit("evict_pod", pod, None, {"pod": pod.name}, Verb.EVICT, reversible=False)
    return Draft((step,), Level.HIGH, lasting=False)


def _pod(case: Case) -> Ref:
    """The pod that the finding means, where its target is the workload above."""
    if case.target.kind == "Pod":
        return case.target
    named = case.told("pod")
    affected = [one for one in (case.finding.affected if case.finding else ()) if one.kind == "Pod"]
    return Ref("Pod", case.target.namespace, named) if named else next(iter(affected), case.target)


def _is_last(case: Case, pod: Resource) -> bool:
    owner = case.cluster.get(top_owner(case.cluster, pod))
    return owner is None or whole(owner.status, "readyReplicas") <= 1
