"""What is asked of Prometheus for the diagnosers, each question under the role they look it up by."""

from dataclasses import dataclass

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

# Requests served, as common libraries count them, with the label that holds the status.
_SERVED = (
    ("http_requests_total", "code"),
    ("http_requests_total", "status"),
    ("http_server_requests_total", "code"),
    ("http_server_requests_total", "status"),
    ("http_server_requests_seconds_count", "status"),
    ("http_server_request_duration_seconds_count", "http_response_status_code"),
)
_TIMED = (
    "http_request_duration_seconds_bucket",
    "http_server_requests_seconds_bucket",
    "http_server_request_duration_seconds_bucket",
)
_BY = "namespace, service, pod"
# Two samples are needed to tell a rate, and some systems are read every five minutes.
_WINDOW = "10m"


@dataclass(frozen=True, slots=True)
class Question:
    role: str
    promql: str


def questions(only: str) -> list[Question]:
    """All of them, of one namespace or of every one."""
    chosen = f',namespace="{only}"' if only else ""
    raw = [Question(role, f"{role}{{{matchers}{chosen}}}") for role, matchers in SERIES]
    return [*raw, *_traffic(chosen)]


def _traffic(chosen: str) -> list[Question]:
    """Requests and failed requests a second, and the time that 95 of 100 stay below, by who serves."""
    served = [f'{name}{{{code}!=""{chosen}}}' for name, code in _SERVED]
    failed = [f'{name}{{{code}=~"5.."{chosen}}}' for name, code in _SERVED]
    timed = [f'{name}{{le!=""{chosen}}}' for name in _TIMED]
    slow = (f"sum by ({_BY}, le) (rate({one}[{_WINDOW}]))" for one in timed)
    return [
        Question("request_rate", _rates(served)),
        Question("request_failures", _rates(failed)),
        Question("request_p95", " or ".join(f"histogram_quantile(0.95, {one})" for one in slow)),
    ]


def _rates(selectors: list[str]) -> str:
    return " or ".join(f"sum by ({_BY}) (rate({one}[{_WINDOW}]))" for one in selectors)
