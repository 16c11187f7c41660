"""Metrics of objects follow what happens to them, as Prometheus tells it."""

from pathlib import Path

from sandbox.quantities import quantity
from tests.sandbox.practising import START, practising
from tests.sandbox.small_cluster import small_cluster, write, write_snapshot

RESTARTS = 'sum(kube_pod_container_status_restarts_total{namespace="shop",pod=~"catalog-.*"})'
SAMPLED_S = START.timestamp()


def recorded(folder: Path, *series: str) -> Path:
    """The small cluster with these gauges, once a minute up to the moment of the picture."""
    write_snapshot(folder, small_cluster())
    lines = [f"{one} 1 {SAMPLED_S - 60 * ago:.0f}" for one in series for ago in range(10, -1, -1)]
    write(folder / "metrics" / "all.om", "\n".join([*lines, "# EOF", ""]))
    return folder


def test_a_changed_limit_and_its_new_pods_are_measured() -> None:
    limits = 'kube_pod_container_resource_limits{pod=~"checkout-.*",resource="memory"}'
    with practising("shop") as cluster:
        old = {key[2] for key in cluster.metric(limits)}
        resources = {"limits": {"memory": "512Mi"}}
        cluster.set_container("shop", "checkout", resources=resources)
        cluster.pass_s(300)
        now = cluster.metric(limits)
        assert set(now.values()) == {512 * 2**20}
        pods = {pod["metadata"]["name"] for pod in cluster.pods("shop", "checkout")}
        assert {key[2] for key in now} == pods
        assert not pods & old


def test_what_was_told_before_the_change_stays() -> None:
    limits = 'kube_pod_container_resource_limits{pod=~"checkout-.*",resource="memory"}'
    with practising("shop") as cluster:
        before = cluster.metric(limits)
        cluster.set_container("shop", "checkout", resources={"limits": {"memory": "512Mi"}})
        cluster.pass_s(600)
        assert cluster.metric(f"{limits} @ {SAMPLED_S - 1:.0f}") == before


def test_available_replicas_follow_the_deployment() -> None:
    available = 'kube_deployment_status_replicas_available{deployment="catalog"}'
    wanted = 'kube_deployment_spec_replicas{deployment="catalog"}'
    with practising("healthy") as cluster:
        cluster.fault("not-ready", "deployment/catalog", "shop")
        cluster.pass_s(120)
        assert set(cluster.metric(available).values()) == {0}
        cluster.fault("not-ready", "deployment/catalog", "shop", remove=True)
        cluster.pass_s(120)
        assert cluster.metric(available).values() != {0}
        assert list(cluster.metric(available).values()) == list(cluster.metric(wanted).values())


def test_restarts_and_reasons_follow_a_crashing_container() -> None:
    waiting = 'kube_pod_container_status_waiting_reason{namespace="shop"}'
    with practising("healthy") as cluster:
        cluster.fault("crash", "deployment/catalog", "shop")
        cluster.pass_s(600)
        [restarts] = cluster.metric(RESTARTS).values()
        told = [
            status["restartCount"]
            for pod in cluster.pods("shop", "catalog")
            for status in pod["status"]["containerStatuses"]
        ]
        assert restarts == sum(told) > 5
        assert {key[3] for key in cluster.metric(waiting)} == {"CrashLoopBackOff"}
        cluster.fault("crash", "deployment/catalog", "shop", remove=True)
        cluster.pass_s(600)
        assert cluster.metric(waiting) == {}
        ended = 'kube_pod_container_status_last_terminated_reason{namespace="shop"}'
        assert {key[3] for key in cluster.metric(ended)} == {"Error"}


def test_phases_of_a_pod_that_cannot_start() -> None:
    pending = 'kube_pod_status_phase{namespace="shop",phase="Pending"} == 1'
    with practising("healthy") as cluster:
        cluster.fault("bad-image", "deployment/catalog", "shop")
        cluster.pass_s(120)
        [pod] = {key[2] for key in cluster.metric(pending)}
        assert pod.startswith("catalog-")
        reasons = 'kube_pod_container_status_waiting_reason{reason="ImagePullBackOff"}'
        assert [key[2] for key in cluster.metric(reasons)] == [pod]


def test_a_picture_nobody_touched_has_the_families_it_came_with() -> None:
    with practising("shop") as cluster:
        names = cluster.get("/prometheus/api/v1/label/__name__/values")["data"]
        cluster.pass_s(600)
        assert cluster.get("/prometheus/api/v1/label/__name__/values")["data"] == names


def test_a_cluster_without_such_metrics_gets_none(tmp_path: Path) -> None:
    with practising(recorded(tmp_path / "small", 'up{job="web"}')) as cluster:
        cluster.patch("/api/v1/nodes/node-a", {"spec": {"unschedulable": True}})
        cluster.pass_s(120)
        assert cluster.metric('{__name__=~"kube_.*"}') == {}


def test_labels_are_those_that_the_scraper_of_the_picture_gave(tmp_path: Path) -> None:
    one = (
        'kube_node_spec_unschedulable{job="ksm",instance="ksm:8080",namespace="monitoring",'
        'exported_namespace="x",node="node-a"}'
    )
    with practising(recorded(tmp_path / "small", one)) as cluster:
        cluster.patch("/api/v1/nodes/node-a", {"spec": {"unschedulable": True}})
        cluster.pass_s(120)
        data = cluster.get(
            "/prometheus/api/v1/query", query='kube_pod_status_phase{pod="web-a"} == 1'
        )
        labels = data["data"]["result"][0]["metric"]
        assert (labels["namespace"], labels["exported_namespace"]) == ("monitoring", "shop")
        assert (labels["job"], labels["pod"]) == ("ksm", "web-a")


def test_a_node_is_told_of_under_the_labels_of_its_picture(tmp_path: Path) -> None:
    one = 'kube_node_spec_unschedulable{job="ksm",node="node-a"}'
    with practising(recorded(tmp_path / "small", one)) as cluster:
        cluster.patch("/api/v1/nodes/node-a", {"spec": {"unschedulable": True}})
        cluster.pass_s(120)
        assert cluster.metric("kube_node_spec_unschedulable") == {("ksm", "node-a"): 1}


def test_memory_climbs_to_the_limit_and_falls_with_the_restart() -> None:
    used = 'container_memory_working_set_bytes{{namespace="shop",pod="{}",container="checkout"}}'
    with practising("shop") as cluster:
        old = {pod["metadata"]["name"] for pod in cluster.pods("shop", "checkout")}
        for name in old:
            cluster.client.delete(f"/api/v1/namespaces/shop/pods/{name}").raise_for_status()
        cluster.pass_s(3600)
        [pod, *_] = cluster.pods("shop", "checkout")
        assert pod["metadata"]["name"] not in old
        assert pod["status"]["containerStatuses"][0]["restartCount"] > 0
        limit = float(quantity(pod["spec"]["containers"][0]["resources"]["limits"]["memory"]) or 0)
        samples = used.format(pod["metadata"]["name"])
        [most] = cluster.metric(f"max_over_time({samples}[1h])").values()
        [least] = cluster.metric(f"min_over_time({samples}[1h])").values()
        assert 0.9 * limit < most <= limit
        assert least < 0.6 * limit
        assert cluster.metric(f"resets({samples}[1h]) > 0")
