from typing import Any

import pytest

from mcp_servers.facts.kubernetes import Cluster, Json
from tests.engines.fixes.judging import advice, container_of, plan, result
from tests.factories import (
    cluster,
    container,
    deployment,
    ended,
    event,
    log,
    node,
    pod,
    replica_set,
    running,
    waiting,
)


def http(path: str = "/healthz", port: int | str = 8080, **more: Any) -> Json:
    return {"httpGet": {"path": path, "port": port}, **more}


def unready(
    probe: Json, said: str, *lines: str, before: Json | None = None, **parts: Any
) -> Cluster:
    """A readiness probe that fails; `before` is the probe of a revision that still serves."""
    owner = deployment(containers=[container(readinessProbe=probe, **parts)], ready=1)
    made = replica_set(owner, ready=0)
    failing = pod(made, status=[running(ready=False, since=20)])
    told = [
        event(
            failing,
            "Unhealthy",
            f"Readiness probe failed: {said}",
            count=40,
            first=18,
            container_name="web",
        )
    ]
    logs = [log(failing, *lines)] if lines else []
    older: list[Json] = []
    if before:
        old = replica_set(owner, "good1good", revision=1, replicas=1)
        old["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = before
        older = [old, pod(old, "aa1bb")]
    return cluster(owner, made, failing, *older, node(), events=told, logs=logs)


REFUSED = (
    'Get "http://10.244.0.9:9090/healthz": dial tcp 10.244.0.9:9090: connect: connection refused'
)


def test_the_port_is_the_one_the_program_says_it_listens_on() -> None:
    seen = unready(http(port=9090), REFUSED, "INFO listening on port 8081")
    assert container_of(result(seen, plan(seen, "pod.probe.port_mismatch")))[
        "readinessProbe"
    ] == http(port=8081)


def test_without_such_a_line_it_is_the_only_one_declared() -> None:
    seen = unready(http(port=9090), REFUSED)
    [step] = plan(seen, "pod.probe.port_mismatch").steps
    assert step.params["old"] == "9090"
    assert step.params["new"] == "8080"
    assert (
        container_of(result(seen, plan(seen, "pod.probe.port_mismatch")))["readinessProbe"]
        == http()
    )


def test_an_unknown_name_of_a_port_becomes_the_one_there_is() -> None:
    seen = unready(http(port="htpp"), 'couldn\'t find port: "htpp"')
    assert container_of(result(seen, plan(seen, "pod.probe.port_mismatch")))[
        "readinessProbe"
    ] == http(port="http")


def test_between_several_ports_nobody_chooses() -> None:
    ports = [{"name": "http", "containerPort": 8080}, {"name": "admin", "containerPort": 8081}]
    assert (
        advice(unready(http(port=9090), REFUSED, ports=ports), "pod.probe.port_mismatch")
        == "port_unclear"
    )


def test_a_path_that_is_not_known_becomes_that_of_the_revision_that_serves() -> None:
    said = "HTTP probe failed with statuscode: 404"
    seen = unready(http("/helthz"), said, before=http("/ready"))
    assert container_of(result(seen, plan(seen, "pod.probe.http_status")))[
        "readinessProbe"
    ] == http("/ready")


def test_or_that_of_another_probe_of_the_container() -> None:
    said = "HTTP probe failed with statuscode: 404"
    seen = unready(http("/helthz"), said, livenessProbe=http("/live"))
    assert container_of(result(seen, plan(seen, "pod.probe.http_status")))[
        "readinessProbe"
    ] == http("/live")


@pytest.mark.parametrize(("status", "why"), [("404", "path_unknown"), ("500", "app_fails_probe")])
def test_without_a_path_that_is_right_and_for_other_answers_there_is_advice(
    status: str, why: str
) -> None:
    seen = unready(http("/helthz"), f"HTTP probe failed with statuscode: {status}")
    assert advice(seen, "pod.probe.http_status") == why


TIMED_OUT = 'Get "http://10.244.0.9:8080/healthz": context deadline exceeded'


def test_an_answer_that_comes_too_late_gets_more_time_up_to_ten_seconds() -> None:
    seen = unready(http(timeoutSeconds=2), TIMED_OUT)
    assert (
        container_of(result(seen, plan(seen, "pod.probe.timeout")))["readinessProbe"][
            "timeoutSeconds"
        ]
        == 4
    )
    assert (
        advice(unready(http(timeoutSeconds=10), TIMED_OUT), "pod.probe.timeout")
        == "app_answers_too_late"
    )


def test_as_much_as_the_revision_that_serves_had() -> None:
    seen = unready(http(), TIMED_OUT, before=http(timeoutSeconds=8))
    assert (
        container_of(result(seen, plan(seen, "pod.probe.timeout")))["readinessProbe"][
            "timeoutSeconds"
        ]
        == 8
    )


def killed(
    kind: str, probe: Json, said: str, *, lived: float = 1, ready_before: bool = False
) -> Cluster:
    owner = deployment(containers=[container(**{f"{kind}Probe": probe})], ready=0)
    made = replica_set(owner)
    state = waiting(reason="CrashLoopBackOff", lastState=ended(137, ran=lived), restartCount=6)
    failing = pod(made, status=[state])
    fails = event(
        failing,
        "Unhealthy",
        f"{kind.capitalize()} probe failed: {said}",
        count=18,
        container_name="web",
    )
    kill = event(
        failing, "Killing", f"Container web failed {kind} probe, will be restarted", count=6, kind="Normal",
        container_name="web",
    )  # fmt: skip
    return cluster(owner, made, failing, node(), events=[fails, kill])


def test_a_program_that_is_slow_to_start_gets_twice_the_time() -> None:
    seen = killed(
        "startup", http(failureThreshold=6, periodSeconds=10), REFUSED.replace("9090", "8080")
    )
    probe = container_of(result(seen, plan(seen, "pod.probe.startup_budget")))["startupProbe"]
    assert probe == http(failureThreshold=12, periodSeconds=10)


def test_half_an_hour_to_start_is_enough() -> None:
    seen = killed(
        "startup",
        http(failureThreshold=180, periodSeconds=10),
        REFUSED.replace("9090", "8080"),
        lived=30,
    )
    assert advice(seen, "pod.probe.startup_budget") == "starts_too_slowly"


def test_without_a_startup_probe_the_liveness_probe_begins_later() -> None:
    seen = killed("liveness", http(periodSeconds=10), REFUSED.replace("9090", "8080"), lived=0.5)
    probe = container_of(result(seen, plan(seen, "pod.probe.startup_budget")))["livenessProbe"]
    assert probe == http(periodSeconds=10, initialDelaySeconds=60)


def test_a_program_that_answers_with_an_error_is_not_helped_by_its_probe() -> None:
    seen = killed("liveness", http(), "HTTP probe failed with statuscode: 500", lived=30)
    assert advice(seen, "pod.probe.liveness_kills") == "app_fails_probe"
