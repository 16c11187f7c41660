"""Requests, errors and alerts follow whether a service serves, and what is done about it."""

import pytest

from tests.sandbox.practising import Practising, practising

CALLS = "sum by (caller, target, code) (rate(http_client_requests_total[5m]))"


def errors(cluster: Practising, service: str) -> float:
    """The share of a service's answers that are errors."""
    all_answers = f'sum(rate(http_requests_total{{service="{service}"}}[5m]))'
    query = f'sum(rate(http_requests_total{{service="{service}",code=~"5.."}}[5m])) / {all_answers}'
    [share] = cluster.metric(query).values()
    return share


def calls(cluster: Practising, caller: str, code: str, target: str) -> float:
    return cluster.metric(CALLS).get((caller, code, target), 0.0)


def test_more_memory_for_checkout_resolves_its_alerts() -> None:
    with practising("shop") as cluster:
        before = cluster.firing()
        assert ("ReplicasMissing", "checkout", "shop") in before
        cluster.set_container("shop", "checkout", resources={"limits": {"memory": "512Mi"}})
        cluster.pass_s(600)
        assert {one[0] for one in cluster.firing()} == {"ContainerRestartsOften", "Watchdog"}
        assert errors(cluster, "storefront") < 0.002
        assert calls(cluster, "storefront", "503", "checkout") == pytest.approx(0, abs=0.01)
        cluster.pass_s(1800)
        assert cluster.firing() == {("Watchdog",)}
        rules = cluster.get("/prometheus/api/v1/alerts")["data"]["alerts"]
        assert {one["labels"]["alertname"] for one in rules} == {"Watchdog"}


def test_as_little_memory_as_before_resolves_none_of_them() -> None:
    with practising("shop") as cluster:
        cluster.set_container("shop", "checkout", resources={"limits": {"memory": "257Mi"}})
        cluster.pass_s(1200)
        assert {"CallsFailing", "ServiceErrorsHigh"} <= {one[0] for one in cluster.firing()}


def test_a_container_out_of_memory_fires_alerts_until_it_is_mended() -> None:
    with practising("healthy") as cluster:
        assert cluster.firing() == {("Watchdog",)}
        cluster.fault("oom", "deployment/checkout", "shop")
        cluster.pass_s(1200)
        firing = {one[0] for one in cluster.firing()}
        assert firing >= {"ContainerRestartsOften", "CallsFailing"}
        assert ("ServiceErrorsHigh", "shop", "storefront") in cluster.firing()
        alerts = cluster.get("/alertmanager/api/v2/alerts", filter='service="storefront"')
        [alert] = alerts
        assert alert["receivers"] == [{"name": "on-call"}]
        assert "http_requests_total" in alert["generatorURL"]
        cluster.fault("oom", "deployment/checkout", "shop", remove=True)
        cluster.pass_s(2400)
        assert cluster.firing() == {("Watchdog",)}


def test_callers_see_errors_of_a_service_that_is_not_ready() -> None:
    with practising("healthy") as cluster:
        usual = calls(cluster, "mobile-api", "200", "checkout")
        cluster.fault("not-ready", "deployment/checkout", "shop")
        cluster.pass_s(900)
        assert ("ReplicasMissing", "checkout", "shop") in cluster.firing()
        assert calls(cluster, "mobile-api", "200", "checkout") == pytest.approx(0, abs=0.05)
        failed = calls(cluster, "mobile-api", "503", "checkout")
        assert failed == pytest.approx(usual, rel=0.1)
        answered = cluster.metric('rate(http_requests_total{service="checkout"}[5m])')
        assert sum(answered.values()) == pytest.approx(0, abs=0.05)
        cluster.fault("not-ready", "deployment/checkout", "shop", remove=True)
        cluster.pass_s(600)
        assert calls(cluster, "mobile-api", "200", "checkout") == pytest.approx(usual, rel=0.1)


def test_a_rollout_that_cannot_start_costs_nobody_an_answer() -> None:
    with practising("healthy") as cluster:
        before = errors(cluster, "storefront")
        cluster.fault("bad-image", "deployment/checkout", "shop")
        cluster.pass_s(900)
        assert errors(cluster, "storefront") == pytest.approx(before, abs=0.001)


def test_a_service_that_finds_its_pods_again_is_called_again() -> None:
    with practising("selector-miss") as cluster:
        assert calls(cluster, "booking", "200", "quotes") == 0
        selector = {"spec": {"selector": {"app.kubernetes.io/component": "quotes-api"}}}
        cluster.patch("/api/v1/namespaces/logistics/services/quotes", selector)
        cluster.pass_s(900)
        assert calls(cluster, "booking", "200", "quotes") > 5
        assert calls(cluster, "booking", "503", "quotes") == pytest.approx(0, abs=0.01)
        assert cluster.firing() == {("Watchdog",)}


def test_to_delete_one_of_three_broken_pods_mends_nothing() -> None:
    with practising("shop") as cluster:
        name = cluster.pods("shop", "checkout")[0]["metadata"]["name"]
        cluster.client.delete(f"/api/v1/namespaces/shop/pods/{name}").raise_for_status()
        cluster.pass_s(900)
        assert errors(cluster, "storefront") > 0.05
