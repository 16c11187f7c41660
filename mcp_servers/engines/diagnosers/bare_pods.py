"""Pods that nobody will make again when they are gone."""

from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.namespaces import is_system
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.settling import is_finished, is_terminating, is_young
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource

MIRROR = "kubernetes.io/config.mirror"
MANAGED_BY = "app.kubernetes.io/managed-by"
# Whoever makes such a pod also takes it away: tests of a chart, `kubectl debug`, `kubectl run --rm`.
DEBUG = ("kubectl-debug", "node-debugger")


def bare_pods(cluster: Cluster) -> Iterator[Finding]:
    """`pod.bare`: a pod without any owner, static and debugging pods aside."""
    for pod in cluster.all("Pod"):
        if is_system(pod.namespace) or is_finished(pod) or is_terminating(pod):
            continue
        if top_owner(cluster, pod) != pod.ref or _is_meant(pod) or is_young(cluster, pod):
            continue
        yield about_pod(
            cluster,
            pod,
            "pod.bare",
            Severity.LOW,
            [citing.field(pod, ".metadata.ownerReferences", "absent", pod.created_at)],
            since=pod.created_at,
        )


def _is_meant(pod: Resource) -> bool:
    if MIRROR in pod.annotations or rows(pod.metadata, "ownerReferences"):
        return True
    by = f"{pod.name} {text(pod.labels, MANAGED_BY)}"
    return "helm.sh/hook" in pod.annotations or any(word in by for word in DEBUG)
