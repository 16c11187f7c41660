"""metrics.k8s.io is worked out from the recorded series, or is not there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from sandbox.server import serving_in_thread
from tests.sandbox.small_cluster import named, small_cluster, write, write_snapshot

METRICS = "/apis/metrics.k8s.io/v1beta1"
END_S = 1_795_168_800  # when the small cluster was captured
LABELS = 'namespace="shop",pod="web-a",container="app"'


def growing(name: str, labels: str, per_second: float) -> list[str]:
    return [
        f"{name}{{{labels}}} {1000 + per_second * (300 - ago)} {END_S - ago}"
        for ago in range(300, -1, -60)
    ]


OPEN_METRICS = [
    "# TYPE container_cpu_usage_seconds counter",
    *growing("container_cpu_usage_seconds_total", LABELS, 0.25),
    "# TYPE container_memory_working_set_bytes gauge",
    f"container_memory_working_set_bytes{{{LABELS}}} 104857600 {END_S}",
    "# TYPE node_memory_MemTotal_bytes gauge",
    f'node_memory_MemTotal_bytes{{node="node-a"}} 4096000 {END_S}',
    "# TYPE node_memory_MemAvailable_bytes gauge",
    f'node_memory_MemAvailable_bytes{{node="node-a"}} 1024000 {END_S}',
    "# EOF",
]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder: Path = tmp_path_factory.mktemp("measured")
    objects = [*small_cluster(), named("Node", "node-z", namespace="")]
    write(folder / "metrics/all.om", "\n".join([*OPEN_METRICS, ""]))
    with (
        serving_in_thread(write_snapshot(folder, objects)) as addresses,
        httpx2.Client(base_url=addresses.kubernetes, verify=False) as client,
    ):
        yield client


def test_a_pod_uses_what_its_series_say(measured: httpx2.Client) -> None:
    [pod] = measured.get(f"{METRICS}/namespaces/shop/pods").json()["items"]
    assert pod["metadata"]["name"] == "web-a"
    [container] = pod["containers"]
    assert (container["name"], container["usage"]["memory"]) == ("app", "102400Ki")
    assert int(container["usage"]["cpu"].removesuffix("n")) == pytest.approx(0.25e9, rel=0.01)


def test_a_node_uses_what_its_series_or_its_pods_say(measured: httpx2.Client) -> None:
    [node] = measured.get(f"{METRICS}/nodes").json()["items"]
    assert (node["metadata"]["name"], node["usage"]["memory"]) == ("node-a", "3000Ki")
    assert int(node["usage"]["cpu"].removesuffix("n")) == pytest.approx(0.25e9, rel=0.01)


def test_usage_is_read_by_name_and_selector_and_never_written(measured: httpx2.Client) -> None:
    one = f"{METRICS}/namespaces/shop/pods/web-a"
    assert measured.get(one).json()["kind"] == "PodMetrics"
    assert measured.get(one.replace("web-a", "web-b")).status_code == 404
    query = {"labelSelector": "tier=back"}
    assert measured.get(f"{METRICS}/pods", params=query).json()["items"] == []
    assert measured.delete(one).status_code == 405


def test_a_cluster_without_series_has_no_such_api(http: httpx2.Client) -> None:
    groups = [one["name"] for one in http.get("/apis").json()["groups"]]
    assert "metrics.k8s.io" not in groups
    assert http.get(f"{METRICS}/pods").status_code == 404


@pytest.mark.live
def test_kubectl_top_says_so(kubectl: Callable[..., str]) -> None:
    assert "Metrics API not available" in kubectl("top", "pods", "-n", "shop")
