"""Jobs that somebody told to wait."""

from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import text
from mcp_servers.engines.settling import is_terminating, suspension_is_meant
from mcp_servers.engines.stamps import condition_since, last_writer
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource

SUSPENDED_TOO_LONG = timedelta(hours=1)
# Who queues Jobs holds them by the same field, and leaves its mark in a label or annotation.
QUEUES = ("kueue.x-k8s.io/", "scheduling.volcano.sh/", "yunikorn.apache.org/", "run.ai/")


def suspended_jobs(cluster: Cluster) -> Iterator[Finding]:
    """`job.suspended`: context, because a suspension may well be meant."""
    for job in cluster.all("Job"):
        if job.spec.get("suspend") is not True or is_terminating(job) or _is_queued(job):
            continue
        if suspension_is_meant(job):
            continue
        written, by = last_writer(job, "f:suspend")
        since = condition_since(job, "Suspended") or written or job.created_at
        if since is None or cluster.now - since <= SUSPENDED_TOO_LONG:
            continue
        yield about_object(
            job,
            "job.suspended",
            Severity.INFO,
            [citing.field(job, ".spec.suspend", f"true since {citing.clock(since)}", since)],
            params={"by": by, "since_at": citing.clock(since)},
            joins={"job": key(job.ref)},
        )


def _is_queued(job: Resource) -> bool:
    """Whether a queue decides when it may begin."""
    marks = [*job.labels, *job.annotations]
    return bool(text(job.spec, "managedBy")) or any(mark.startswith(QUEUES) for mark in marks)
