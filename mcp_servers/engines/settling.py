"""What is still on its way and therefore no fault yet: rollouts, new objects, leaving pods."""

import re
from datetime import datetime, timedelta

from mcp_servers.engines.fields import has, remarks, text, whole
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

# How long a new or changed object may take before its state counts.
GRACE = timedelta(seconds=120)
PROGRESS_DEADLINE_S = 600
_OFF = re.compile(
    r"\b(?:suspend|pause|disable|switched off|turned off)|暂停|停用|挂起", re.IGNORECASE
)


def desired_replicas(workload: Resource) -> int:
    """What is asked for; nothing written means one."""
    return whole(workload.spec, "replicas", default=1)


def rolling(cluster: Cluster, deployment: Resource) -> bool:
    """Whether an update is under way and within its deadline."""
    seen = whole(deployment.status, "observedGeneration", default=-1)
    if 0 <= seen < whole(deployment.metadata, "generation", default=0):
        return True
    if whole(deployment.status, "updatedReplicas") >= desired_replicas(deployment):
        return False
    updated_at = moment((deployment.condition("Progressing") or {}).get("lastUpdateTime"))
    deadline_s = whole(deployment.spec, "progressDeadlineSeconds", default=PROGRESS_DEADLINE_S)
    return updated_at is not None and cluster.now - updated_at < timedelta(seconds=deadline_s)


def is_terminating(resource: Resource) -> bool:
    return has(resource.metadata, "deletionTimestamp")


def is_finished(pod: Resource) -> bool:
    return text(pod.status, "phase") in ("Succeeded", "Failed")


def is_superseded(cluster: Cluster, pod: Resource) -> bool:
    """Whether the pod belongs to a revision of which no replica is wanted any more."""
    above = owner_chain(cluster, pod)
    direct = cluster.get(above[0]) if above and above[0].kind == "ReplicaSet" else None
    return direct is not None and len(above) > 1 and desired_replicas(direct) == 0


def live_pods(cluster: Cluster) -> list[Resource]:
    """Pods that are meant to be there: neither leaving nor of a revision that was replaced."""
    return cluster.derived("live pods", lambda: _live_pods(cluster))


def _live_pods(cluster: Cluster) -> list[Resource]:
    return [
        pod
        for pod in cluster.all("Pod")
        if not is_terminating(pod) and not is_superseded(cluster, pod)
    ]


def is_ready(pod: Resource) -> bool:
    return (pod.condition("Ready") or {}).get("status") == "True"


def ready_since(pod: Resource) -> datetime | None:
    condition = pod.condition("Ready") or {}
    ready = condition.get("status") == "True"
    return moment(condition.get("lastTransitionTime")) if ready else None


def is_young(cluster: Cluster, resource: Resource, grace: timedelta = GRACE) -> bool:
    return cluster.age(resource) < grace


def suspension_is_meant(one: Resource) -> bool:
    """Whether somebody noted at the object that it is suspended on purpose."""
    return any(_OFF.search(said) for said in remarks(one.annotations))
