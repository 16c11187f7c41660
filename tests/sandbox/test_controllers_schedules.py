"""CronJobs start Jobs at their times, and autoscalers follow the load."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.controllers.schedules import Schedule
from tests.sandbox.small_cluster import named
from tests.sandbox.stepped import Stepped, condition, container, deployment, node, template

Json = dict[str, Any]
FRIDAY = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("*/15 * * * *", "2026-11-20T10:15"),
        ("0 2 * * *", "2026-11-21T02:00"),
        ("30 9-17/2 * * mon-fri", "2026-11-20T11:30"),
        ("0 0 1,15 * sun", "2026-11-22T00:00"),
        ("@monthly", "2026-12-01T00:00"),
        ("0 0 29 feb *", "2028-02-29T00:00"),
    ],
)
def test_the_next_time_of_a_schedule(text: str, following: str) -> None:
    schedule = Schedule.of(text)
    assert schedule
    found = schedule.next_after(FRIDAY)
    assert found == datetime.fromisoformat(following).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "* * * *", "61 * * * *", "5-1 * * * *", "x * * * *"])
def test_what_is_no_schedule(text: str) -> None:
    assert Schedule.of(text) is None


def cron(schedule: str, **spec: Any) -> Json:
    pod_spec = {"containers": [container()], "restartPolicy": "Never"}
    told = {"spec": {"template": {"metadata": {}, "spec": pod_spec}}}
    fields = {"schedule": schedule, "jobTemplate": told, **spec}
    return named("CronJob", "report", api="batch/v1", spec=fields)


def test_a_cron_job_starts_its_jobs_and_forgets_the_oldest() -> None:
    cluster = Stepped(node("a"))
    cluster.put(cron("*/5 * * * *", successfulJobsHistoryLimit=2))
    assert cluster.all("Job") == []
    cluster.pass_s(21 * 60)
    jobs = cluster.all("Job")
    assert len(jobs) == 2
    assert {condition(job, "Complete")["status"] for job in jobs} == {"True"}
    assert len(cluster.events("SuccessfulCreate")) >= 4
    assert cluster.get("CronJob", "report")["status"]["lastSuccessfulTime"]


def test_a_suspended_cron_job_and_one_of_the_picture_start_nothing() -> None:
    loaded = cron("* * * * *")
    loaded["metadata"]["name"] = "loaded"
    cluster = Stepped(node("a"), loaded)
    cluster.put(cron("* * * * *", suspend=True))
    cluster.pass_s(600)
    assert cluster.all("Job") == []


def scaler(**spec: Any) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    goal = {"type": "Utilization", "averageUtilization": 50}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": goal}}]
    fields = {"scaleTargetRef": target, "metrics": metrics, "maxReplicas": 5, **spec}
    return named("HorizontalPodAutoscaler", "web", api="autoscaling/v2", spec=fields)


def scaled(load_cores: float, **spec: Any) -> Stepped:
    cluster = Stepped(node("a"))
    cluster.put(deployment(2, told=template(resources={"requests": {"cpu": "100m"}})))
    cluster.pass_s(30)
    cluster.controllers.world.loads["shop", "deployment/web", "cpu"] = load_cores
    cluster.put(scaler(**spec))
    cluster.pass_s(120)
    return cluster


def test_an_autoscaler_follows_the_load() -> None:
    cluster = scaled(0.2)
    assert cluster.get("Deployment", "web")["spec"]["replicas"] == 4
    assert cluster.events("SuccessfulRescale") == [
        "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    ]
    one = cluster.get("HorizontalPodAutoscaler", "web")
    current = one["status"]["currentMetrics"][0]["resource"]["current"]
    assert current["averageUtilization"] == 50


def test_an_autoscaler_stops_at_its_maximum_and_says_so() -> None:
    cluster = scaled(2.0)
    assert cluster.get("Deployment", "web")["spec"]["replicas"] == 5
    one = cluster.get("HorizontalPodAutoscaler", "web")
    assert condition(one, "ScalingLimited")["reason"] == "TooManyReplicas"


def test_without_metrics_it_only_keeps_within_its_bounds() -> None:
    cluster = Stepped(node("a"))
    cluster.put(deployment(2))
    cluster.put(scaler(minReplicas=3))
    cluster.pass_s(30)
    assert cluster.get("Deployment", "web")["spec"]["replicas"] == 3
    one = cluster.get("HorizontalPodAutoscaler", "web")
    assert condition(one, "ScalingActive")["reason"] == "FailedGetResourceMetric"
