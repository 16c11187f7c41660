"""What is asked of Prometheus for the diagnosers, each question under the role they look it up by."""

from collections.abc import Collection, Mapping
from datetime import datetime

from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.request_metrics import Question, apart_query, candidates, told_apart
from mcp_servers.engines.request_metrics import questions as of_requests

# Raw series, with the matchers that keep the answer small.
SERIES = (
    ("container_memory_working_set_bytes", 'container!="",container!="POD"'),
    ("container_cpu_cfs_periods_total", 'container!=""'),
    ("container_cpu_cfs_throttled_periods_total", 'container!=""'),
    ("kube_pod_container_status_last_terminated_reason", 'reason="OOMKilled"'),
    ("kube_pod_container_status_restarts_total", 'container!=""'),
    ("coredns_dns_responses_total", 'rcode!=""'),
    ("apiserver_requested_deprecated_apis", 'removed_release!=""'),
    ("kubelet_volume_stats_used_bytes", 'persistentvolumeclaim!=""'),
    ("kubelet_volume_stats_capacity_bytes", 'persistentvolumeclaim!=""'),
    ("kubelet_volume_stats_inodes_used", 'persistentvolumeclaim!=""'),
    ("kubelet_volume_stats_inodes", 'persistentvolumeclaim!=""'),
)


def of_objects(only: str) -> list[Question]:
    """What exporters of the cluster itself tell, of one namespace or of every one."""
    chosen = _chosen(only)
    return [
        Question(role, f"{role}{{{','.join(one for one in (matchers, chosen) if one)}}}")
        for role, matchers in SERIES
    ]


def _chosen(only: str) -> str:
    return f'namespace="{only}"' if only else ""


async def of_programs(
    prometheus: Prometheus, only: str, *, start: datetime, end: datetime
) -> list[Question]:
    """What programs tell of their requests, under whatever names they do. Two requests."""
    match = [f'{{{_chosen(only)},__name__!=""}}'] if only else []
    names = await prometheus.label_values("__name__", match, start=start, end=end)
    return of_requests(names, await _told_apart(prometheus, candidates(names), only), _chosen(only))


async def _told_apart(
    prometheus: Prometheus, names: Collection[str], only: str
) -> Mapping[str, Mapping[str, Collection[str]]]:
    return told_apart(await prometheus.query(apart_query(names, _chosen(only)))) if names else {}
