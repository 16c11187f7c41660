"""Jobs that gave up, and Jobs that try again."""

from collections.abc import Iterable, Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.containers import Container, Termination, containers
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.log_signals import final_words
from mcp_servers.engines.ownership import pods_under, top_owner
from mcp_servers.engines.runs import later_success
from mcp_servers.engines.settling import is_ready, is_terminating
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource, moment

FAILED = frozenset(
    {"BackoffLimitExceeded", "PodFailurePolicy", "MaxFailedIndexesExceeded", "FailedIndexes"}
)


def failed_jobs(cluster: Cluster) -> Iterator[Finding]:
    """`job.failed` and `job.deadline_exceeded`; told as history when a later run succeeded."""
    for job in cluster.all("Job"):
        condition = job.condition("Failed") or {}
        if condition.get("status") == "True":
            yield _finding(cluster, job, condition)


def _finding(cluster: Cluster, job: Resource, condition: Json) -> Finding:
    owner = top_owner(cluster, job)
    since, reason = moment(condition.get("lastTransitionTime")), text(condition, "reason")
    repaired = later_success(cluster, job)
    late = reason == "DeadlineExceeded"
    ends, evidence = _last_end(cluster, job)
    said = f"True ({reason}: {text(condition, 'message')})"
    line = evidence[-1].text if evidence and evidence[-1].source == "log" else ""
    return Finding(
        rule="job.deadline_exceeded" if late else "job.failed",
        severity=Severity.INFO if repaired else Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=owner,
        since=since,
        evidence=(citing.field(job, ".status.conditions[Failed]", said, since), *evidence),
        params={
            "job": job.name,
            "reason": reason,
            "message": citing.quoted(text(condition, "message")),
            "attempts": str(whole(job.status, "failed")) if whole(job.status, "failed") else "",
            "exit_code": str(ends.exit_code) if ends and ends.exit_code >= 0 else "",
            "log_line": line,
            "deadline_s": text(job.spec, "activeDeadlineSeconds"),
            "indexes": text(job.status, "failedIndexes"),
            "repaired_by": repaired.name if repaired else "",
        },
        affected=(job.ref,),
        cause_key=job.name if owner == job.ref else reason,
        joins={"job": key(job.ref)},
    )


def retrying_jobs(cluster: Cluster) -> Iterator[Finding]:
    """`job.retrying`: pods of it failed, and the Job itself has not ended one way or the other."""
    for job in cluster.all("Job"):
        over = any(
            (job.condition(kind) or {}).get("status") == "True"
            for kind in ("Complete", "SuccessCriteriaMet", "FailureTarget", "Failed", "Suspended")
        )
        if over or is_terminating(job) or not whole(job.status, "failed"):
            continue
        if not _has_recovered(cluster, job):
            yield _retrying(cluster, job)


def _has_recovered(cluster: Cluster, job: Resource) -> bool:
    """Whether an attempt after the last failure got through, or runs since before the window."""
    pods = pods_under(cluster, job.ref)
    ends = [end for _, end in _failures(pods)]
    last = max((end.finished_at for end in ends if end.finished_at), default=None)
    after = [pod for pod in pods if last and pod.created_at and pod.created_at >= last]
    return any(
        text(pod.status, "phase") == "Succeeded"
        or (is_ready(pod) and cluster.age(pod) > cluster.window)
        for pod in after
    )


def _retrying(cluster: Cluster, job: Resource) -> Finding:
    ends, evidence = _last_end(cluster, job)
    attempts, limit = whole(job.status, "failed"), whole(job.spec, "backoffLimit", default=6)
    first = min(
        (end.finished_at for _, end in _failures(pods_under(cluster, job.ref)) if end.finished_at),
        default=moment(job.status.get("startTime")),
    )
    line = evidence[-1].text if evidence and evidence[-1].source == "log" else ""
    return Finding(
        rule="job.retrying",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=top_owner(cluster, job),
        since=first,
        evidence=(citing.field(job, ".status.failed", attempts), *evidence),
        params={
            "job": job.name,
            "attempts": str(attempts),
            "limit": str(limit),
            "exit_code": str(ends.exit_code) if ends and ends.exit_code >= 0 else "",
            "log_line": line,
        },
        affected=(job.ref,),
        cause_key=job.name,
        joins={"job": key(job.ref)},
    )


def _last_end(cluster: Cluster, job: Resource) -> tuple[Termination | None, list[Evidence]]:
    """How the Job's last pod ended, with the line that tells most; pods may be gone by now."""
    ends = _failures(pods_under(cluster, job.ref))
    if not ends:
        return None, citing.events(cluster.events_about(job, *FAILED), at_most=1)
    container, end = max(ends, key=lambda one: (citing.clock(one[1].finished_at), one[0].pod.name))
    return end, _cited(cluster, container, end)


def _failures(pods: Iterable[Resource]) -> list[tuple[Container, Termination]]:
    return [
        (container, end)
        for pod in pods
        for container in containers(pod)
        for end in container.terminations
        if end.exit_code != 0
    ]


def _cited(cluster: Cluster, container: Container, end: Termination) -> list[Evidence]:
    said = f"{end.reason} (exit code {end.exit_code})"
    line = final_words(cluster, container)
    ended = citing.field(container.pod, end.path, said, end.finished_at)
    return [ended, *([line.cited] if line else [])]
