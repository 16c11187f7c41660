"""Recent samples of the series that explain workloads and nodes, as OpenMetrics text."""

import re
import urllib.parse
import urllib.request
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Protocol

import orjson

from core.errors import Invalid, UpstreamUnavailable
from sandbox.capture.folder import SnapshotFolder

Json = dict[str, Any]

# File → the names it holds, as a regular expression.
_FAMILIES = {
    "containers": "container_(cpu_usage_seconds_total|memory_working_set_bytes|cpu_cfs_(throttled_)?periods_total|oom_events_total)",
    "kube_state": "kube_(pod_container_(resource_(limits|requests)|status_restarts_total)|deployment_(spec_replicas|status_replicas_(available|unavailable))|node_status_condition)",
    "nodes": "node_(cpu_seconds_total|memory_MemAvailable_bytes|memory_MemTotal_bytes|filesystem_(avail|size)_bytes)|kubelet_volume_stats_(used|capacity|available)_bytes",
    "services": "up|http_requests_total|http_request_duration_seconds_(bucket|sum|count)|http_server_requests_seconds_(sum|count)",
}
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Span(Protocol):
    """The part of the bounds that is about metrics."""

    @property
    def metrics_hours(self) -> float: ...
    @property
    def metrics_step_s(self) -> int: ...
    @property
    def timeout_s(self) -> float: ...


def families() -> tuple[str, ...]:
    """The names of the files that metrics are written to."""
    return tuple(_FAMILIES)


def capture_family(target: SnapshotFolder, url: str, name: str, now: datetime, span: Span) -> int:
    """Write one `metrics/*.om`; how many series there are. Raises `UpstreamUnavailable`."""
    query = {
        "query": f'{{__name__=~"{_FAMILIES[name]}"}}',
        "start": (now - timedelta(hours=span.metrics_hours)).timestamp(),
        "end": now.timestamp(),
        "step": span.metrics_step_s,
    }
    answer = fetch(f"{url.rstrip('/')}/api/v1/query_range", query, span.timeout_s)
    try:
        series: list[Json] = answer["data"]["result"]
    except (KeyError, TypeError) as error:
        raise UpstreamUnavailable(f"{url} is not a Prometheus API.") from error
    if series:
        target.write_text(f"metrics/{name}.om", open_metrics(series))
    return len(series)


def open_metrics(series: list[Json]) -> str:
    """Range query results as OpenMetrics text, families together, times in seconds."""
    families: dict[tuple[str, str], list[str]] = {}
    for one in sorted(series, key=lambda found: sorted(found["metric"].items())):
        labels = dict(one["metric"])
        name = labels.pop("__name__")
        shown = ",".join(
            f'{key}="{text.translate(_LABEL_ESCAPES)}"' for key, text in labels.items()
        )
        lines = families.setdefault(_family(name), [])
        lines += [f"{name}{{{shown}}} {value} {time}" for time, value in one["values"]]
    parts = [
        f"# TYPE {family} {kind}\n" + "\n".join(lines) for (family, kind), lines in families.items()
    ]
    return "\n".join([*parts, "# EOF\n"])


def _family(name: str) -> tuple[str, str]:
    if name.endswith("_total"):
        return name.removesuffix("_total"), "counter"
    return name, "unknown"


def fetch(url: str, query: Json, timeout_s: float) -> Any:
    """GET a JSON document. Raises `UpstreamUnavailable` when there is none to be had."""
    if not re.match(r"https?://", url):
        raise Invalid(f"{url} is not an http address.")
    full = f"{url}?{urllib.parse.urlencode(query)}" if query else url
    try:
        with urllib.request.urlopen(full, timeout=timeout_s) as answer:  # noqa: S310 - http only
            return orjson.loads(answer.read())
    except (OSError, HTTPException, orjson.JSONDecodeError) as error:
        raise UpstreamUnavailable(f"{url} did not answer: {error}.") from error
