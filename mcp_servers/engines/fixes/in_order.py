"""StatefulSets take a new template in order, and none of it before the pod that is not ready is."""

from dataclasses import replace

from mcp_servers.engines.fields import section, text
from mcp_servers.engines.fixes.drafting import Case, Draft, Edit
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.settling import is_finished, is_ready, is_terminating
from mcp_servers.facts.fixes import Level, Verb
from mcp_servers.facts.kubernetes import Resource

_TEMPLATE = ("spec", "template")


def unblocked(case: Case, draft: Draft) -> Draft:
    """The draft, and with it the eviction of pods that a changed template would wait for without end.

    The controller replaces no pod while one that it made is not ready, whatever the template says
    by then (kubernetes/kubernetes#67250); with `podManagementPolicy: Parallel` it does not wait.
    """
    stuck = [pod for one in draft.edits for pod in _waited_for(case, one)]
    if not stuck:
        return draft
    evicted = [
        Edit("evict_pod", pod, None, {"pod": pod.name}, Verb.EVICT, reversible=False)
        for pod in stuck
    ]
    edits = [replace(one, waits=False) for one in draft.edits]
    base = draft.base if draft.base is Level.CRITICAL else Level.HIGH
    return replace(draft, edits=(*edits, *evicted), base=base)


def _waited_for(case: Case, one: Edit) -> list[Resource]:
    owner = one.before
    if owner is None or one.after is None or owner.kind != "StatefulSet":
        return []
    if text(owner.spec, "podManagementPolicy") == "Parallel":
        return []
    if section(owner.raw, *_TEMPLATE) == section(one.after, *_TEMPLATE):
        return []
    pods = pods_under(case.cluster, owner.ref)
    return [pod for pod in pods if not (is_finished(pod) or is_terminating(pod) or is_ready(pod))]
