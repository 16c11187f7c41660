"""The rows that `kubectl get` prints."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes_api.tables.durations import human
from sandbox.kubernetes_api.tables.pods import row, status_of
from tests.sandbox.small_cluster import named, pod

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (330, "5m30s"),
        (600, "10m"), (10_799, "179m"), (10_800, "3h"), (11_520, "3h12m"), (28_800, "8h"),
        (172_799, "47h"), (172_800, "2d"), (266_400, "3d2h"), (691_200, "8d"),
        (31_536_000 * 2, "2y"), (31_536_000 * 3 + 86_400, "3y1d"), (31_536_000 * 9, "9y"),
    ],
)  # fmt: skip
def test_ages_are_told_as_kubectl_tells_them(seconds: int, expected: str) -> None:
    assert human(timedelta(seconds=seconds)) == expected


@given(st.integers(0, 10**9))
def test_an_age_has_at_most_two_units(seconds: int) -> None:
    told = human(timedelta(seconds=seconds))
    assert 1 <= sum(letter.isalpha() for letter in told) <= 2


def table(http: httpx2.Client, path: str) -> tuple[list[str], list[list[Any]]]:
    answer = http.get(path, headers=TABLE).json()
    assert answer["kind"] == "Table"
    columns = [one["name"] for one in answer["columnDefinitions"] if not one["priority"]]
    return columns, [one["cells"] for one in answer["rows"]]


def test_every_kind_has_rows_that_fit_its_columns(http: httpx2.Client) -> None:
    groups = http.get("/apis").json()["groups"]
    paths = ["/api/v1", *(f"/apis/{v['groupVersion']}" for g in groups for v in g["versions"])]
    for path in paths:
        for resource in http.get(path).json()["resources"]:
            if "list" in resource["verbs"] and "/" not in resource["name"]:
                answer = http.get(f"{path}/{resource['name']}", headers=TABLE).json()
                width = len(answer["columnDefinitions"])
                assert all(len(one["cells"]) == width for one in answer["rows"])


def test_pods_and_deployments(http: httpx2.Client) -> None:
    columns, [first, second] = table(http, "/api/v1/pods")
    assert columns == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert first[:4] == ["web-a", "1/1", "Running", "0"]
    assert second[:3] == ["web-b", "0/1", "CrashLoopBackOff"]
    assert re.fullmatch(r"6 \(\d+s ago\)", second[3])
    columns, [[*cells]] = table(http, "/apis/apps/v1/deployments")
    assert columns == ["Name", "Ready", "Up-to-date", "Available", "Age"]
    assert cells[:4] == ["web", "1/2", 2, 0]


def test_a_definition_chooses_its_columns(http: httpx2.Client) -> None:
    assert table(http, "/apis/example.com/v1/widgets") == (["Name", "Ready"], [["one", "True"]])


def test_events_and_nodes(http: httpx2.Client) -> None:
    columns, rows = table(http, "/api/v1/events")
    assert columns == ["Last Seen", "Type", "Reason", "Object", "Message"]
    assert [cells[1:4] for cells in rows] == [
        ["Normal", "Scheduled", "pod/web-a"],
        ["Warning", "BackOff", "pod/web-b"],
    ]
    assert table(http, "/api/v1/nodes")[1][0][:3] == ["node-a", "Ready", "<none>"]


def test_rows_carry_what_is_asked(http: httpx2.Client) -> None:
    def carried(include: str) -> Any:
        query = {"includeObject": include}
        return http.get("/api/v1/pods", headers=TABLE, params=query).json()["rows"][0].get("object")

    assert carried("None") is None
    assert set(carried("Metadata")) == {"kind", "apiVersion", "metadata"}
    assert carried("Object")["spec"]["nodeName"] == "node-a"


def with_status(**status: Any) -> dict[str, Any]:
    return {**pod("p"), "status": {"phase": "Pending", **status}}


def container(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "app", "ready": False, "restartCount": 0, "state": state, **more}


INIT = {"initContainerStatuses": [container({"terminated": {"exitCode": 1, "reason": "Error"}})]}
PULLING = {"containerStatuses": [container({"waiting": {"reason": "ErrImagePull"}})]}
DONE = {
    "phase": "Succeeded",
    "containerStatuses": [container({"terminated": {"reason": "Completed", "exitCode": 0}})],
}
GATED = {"conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, "Pending"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        (INIT, "Init:Error"),
        (
            {"initContainerStatuses": [container({"waiting": {"reason": "PodInitializing"}})]},
            "Init:0/1",
        ),
        (PULLING, "ErrImagePull"),
        (DONE, "Completed"),
        ({"containerStatuses": [container({"terminated": {"signal": 9}})]}, "Signal:9"),
        ({"containerStatuses": [container({"terminated": {"exitCode": 3}})]}, "ExitCode:3"),
        (GATED, "SchedulingGated"),
    ],
)
def test_a_pods_status_is_one_word(status: dict[str, Any], expected: str) -> None:
    told = with_status(**status)
    told["spec"]["initContainers"] = [{"name": "app"}] if "initContainerStatuses" in status else []
    assert status_of(told) == expected


def test_a_pod_being_deleted_terminates() -> None:
    told = pod("p")
    told["metadata"]["deletionTimestamp"] = "2026-11-20T09:00:00Z"
    assert row(told, NOW)[2] == "Terminating"


@pytest.mark.parametrize(
    ("path", "objects", "cells"),
    [
        (
            "/api/v1/namespaces/shop/services",
            named(
                "Service",
                "lb",
                spec={
                    "type": "LoadBalancer",
                    "clusterIP": "10.96.0.7",
                    "ports": [{"port": 80, "nodePort": 30_080}],
                },
            ),
            ["lb", "LoadBalancer", "10.96.0.7", "<pending>", "80:30080/TCP"],
        ),
        (
            "/api/v1/namespaces/shop/persistentvolumeclaims",
            named("PersistentVolumeClaim", "data", spec={"storageClassName": "fast"}),
            ["data", "Pending", "", "", "", "fast"],
        ),
        (
            "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
            named(
                "Ingress",
                "web",
                api="networking.k8s.io/v1",
                spec={"ingressClassName": "nginx", "rules": [{"host": "a.io"}], "tls": [{}]},
            ),
            ["web", "nginx", "a.io", "", "80, 443"],
        ),
        (
            "/apis/batch/v1/namespaces/shop/cronjobs",
            named(
                "CronJob", "night", api="batch/v1", spec={"schedule": "0 2 * * *", "suspend": True}
            ),
            ["night", "0 2 * * *", "<none>", "True", 0, "<none>"],
        ),
        (
            "/apis/autoscaling/v1/namespaces/shop/horizontalpodautoscalers",
            named(
                "HorizontalPodAutoscaler",
                "web",
                api="autoscaling/v1",
                spec={
                    "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                    "maxReplicas": 5,
                    "targetCPUUtilizationPercentage": 70,
                },
            ),
            ["web", "Deployment/web", "cpu: <unknown>/70%", "1", 5],
        ),
    ],
)
def test_usual_columns(http: httpx2.Client, path: str, objects: Any, cells: list[Any]) -> None:
    http.post(path, json=objects).raise_for_status()
    name = objects["metadata"]["name"]
    [shown] = [one for one in table(http, path)[1] if one[0] == name]
    assert shown[: len(cells)] == cells


def test_an_autoscaler_is_the_same_in_both_versions(http: httpx2.Client) -> None:
    spec = {
        "scaleTargetRef": {},
        "minReplicas": 2,
        "maxReplicas": 5,
        "targetCPUUtilizationPercentage": 70,
    }
    told = named("HorizontalPodAutoscaler", "web", api="autoscaling/v1", spec=spec)
    path = "/apis/autoscaling/{}/namespaces/shop/horizontalpodautoscalers"
    made = http.post(path.format("v1"), json=told).json()
    assert made["spec"] == spec
    newer = http.get(f"{path.format('v2')}/web").json()
    assert newer["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    assert http.get(f"{path.format('v1')}/web").json()["spec"] == spec
