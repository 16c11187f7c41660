"""Jobs whose work is done while a helper beside it keeps the pod alive."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.containers import Container, Role, Termination, containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# A helper may need this long to send what it holds.
WINDS_UP = timedelta(minutes=5)
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_HELPER = re.compile(
    r"proxy|sidecar|envoy|daprd|fluent|filebeat|vector|shipper|exporter|collector|agent|mesh"
    r"|tunnel|watcher|refresher",
    re.IGNORECASE,
)


def endless_jobs(cluster: Cluster) -> Iterator[Finding]:
    """`job.never_ends`: the main container ended, and an ordinary one beside it runs on.

    Sidecars that Kubernetes knows as such end by themselves and are left out.
    """
    for pod in cluster.all("Pod"):
        job = _job_of(cluster, pod)
        if job is None or text(pod.status, "phase") != "Running" or is_terminating(pod):
            continue
        apps = [one for one in containers(pod) if one.role is Role.APP]
        running = [one for one in apps if one.running]
        ended = [(one, one.terminations[0]) for one in apps if _has_ended(one)]
        if not running or len(running) + len(ended) < len(apps) or not ended:
            continue
        if _is_main_done(pod, running) and _is_over(cluster, ended):
            yield _finding(cluster, pod, job, running, ended)


def _job_of(cluster: Cluster, pod: Resource) -> Ref | None:
    above = owner_chain(cluster, pod)
    return above[0] if above and above[0].kind == "Job" else None


def _has_ended(container: Container) -> bool:
    """Ended for good: a container that will be restarted has its end in `lastState`."""
    ends = container.terminations
    return bool(ends) and ".state.terminated" in ends[0].path


def _is_main_done(pod: Resource, running: Sequence[Container]) -> bool:
    """Whether only helpers run: by what they are called, or because another is the main one."""
    if all(_is_helper(one) for one in running):
        return True
    main = text(pod.annotations, DEFAULT_CONTAINER)
    names = [one.name for one in containers(pod) if one.role is Role.APP]
    first = main or (names[0] if names else "")
    return first not in {one.name for one in running}


def _is_helper(container: Container) -> bool:
    return bool(
        _HELPER.search(container.name) or _HELPER.search(container.image.rpartition("/")[2])
    )


Ended = Sequence[tuple[Container, Termination]]


def _is_over(cluster: Cluster, ended: Ended) -> bool:
    times = [end.finished_at for _, end in ended if end.finished_at]
    return len(times) == len(ended) and cluster.now - max(times) > WINDS_UP


def _finding(
    cluster: Cluster, pod: Resource, job: Ref, running: Sequence[Container], ended: Ended
) -> Finding:
    """Sure where the one that runs on is by its name a helper, else a matter of order."""
    sure = all(_is_helper(one) for one in running)
    last, end = max(ended, key=lambda one: (citing.clock(one[1].finished_at), one[0].name))
    said = f"{end.reason} (exit code {end.exit_code})"
    return about_pod(
        cluster,
        pod,
        "job.never_ends",
        Severity.HIGH if sure else Severity.MEDIUM,
        [
            citing.field(pod, end.path, said, end.finished_at),
            *(
                citing.field(
                    pod,
                    f"{one.path}.state.running.startedAt",
                    citing.clock(one.running_since),
                    one.running_since,
                )
                for one in running
            ),
        ],
        confidence=Confidence.STRONG if sure else Confidence.INFERRED,
        since=end.finished_at,
        cause_key=",".join(sorted(one.name for one in running)),
        params={
            "job": job.name,
            "helpers": ", ".join(one.name for one in running),
            "done": last.name,
            "exit_code": str(end.exit_code),
            "ended_at": citing.clock(end.finished_at),
        },
        joins={"job": key(job)},
    )
