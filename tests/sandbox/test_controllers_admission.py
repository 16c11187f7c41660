"""Controllers make no pod that the rules of its namespace forbid, and say why."""

import httpx2

from tests.kube.deadline import eventually

SHOP = "/api/v1/namespaces/shop"


def events(http: httpx2.Client) -> list[str]:
    return [one["message"] for one in http.get(f"{SHOP}/events").json()["items"]]


def test_a_quota_stops_a_deployment_and_an_event_says_why(http: httpx2.Client) -> None:
    running = len(http.get(f"{SHOP}/pods").json()["items"])
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": str(running + 1)}}}
    told = {"apiVersion": "v1", "kind": "ResourceQuota", **quota}
    http.post(f"{SHOP}/resourcequotas", json=told).raise_for_status()
    scale = {"spec": {"replicas": running + 5}}
    http.patch(
        "/apis/apps/v1/namespaces/shop/deployments/web",
        json=scale,
        headers={"content-type": "application/merge-patch+json"},
    ).raise_for_status()
    eventually(lambda: any("exceeded quota: few" in one for one in events(http)))
    assert len(http.get(f"{SHOP}/pods").json()["items"]) == running + 1
