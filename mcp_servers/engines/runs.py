"""Jobs and their attempts: what failed once and has got through since."""

from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import owner_chain, top_owner
from mcp_servers.facts.kubernetes import Cluster, Resource


def was_made_good(cluster: Cluster, pod: Resource) -> bool:
    """Whether a pod failed whose Job, or a later run of the same CronJob, got through."""
    if text(pod.status, "phase") != "Failed":
        return False
    above = owner_chain(cluster, pod)
    job = cluster.get(above[0]) if above and above[0].kind == "Job" else None
    return job is not None and (got_through(job) or later_success(cluster, job) is not None)


def got_through(job: Resource) -> bool:
    return (job.condition("Complete") or {}).get("status") == "True"


def later_success(cluster: Cluster, job: Resource) -> Resource | None:
    """A run of the same CronJob that began after this one and got through."""
    owner = top_owner(cluster, job)
    if owner == job.ref:
        return None
    for other in cluster.all("Job", job.namespace):
        later = (other.created_at or cluster.now) > (job.created_at or cluster.now)
        if later and got_through(other) and top_owner(cluster, other) == owner:
            return other
    return None
