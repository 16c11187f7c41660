"""Probes that fail, and what their failures say."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Event, Json
from tests.factories import (
    cluster,
    container,
    deployment,
    ended,
    event,
    found,
    log,
    pod,
    replica_set,
    rules,
    running,
    waiting,
)

REFUSED = 'Readiness probe failed: Get "http://10.244.0.9:8081/healthz": dial tcp 10.244.0.9:8081: connect: connection refused'


def http(path: str = "/healthz", port: int | str = 8080, **more: object) -> Json:
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 10, **more}


def probed(status: Json | None = None, *, since: float = 40, **probes: object) -> list[Json]:
    made = deployment(replicas=2, containers=[container("web", **probes)])
    owner = replica_set(made)
    one = pod(owner, status=[status or running(ready=False, since=since)], age=since)
    return [made, owner, one, pod(owner, "ok9ok")]


def unhealthy(objects: list[Json], message: str, count: int = 20) -> Event:
    return event(
        objects[2], "Unhealthy", message, first=30, ago=1, count=count, container_name="web"
    )


def test_a_readiness_probe_that_keeps_failing_is_told_with_its_words() -> None:
    objects = probed(readinessProbe=http())
    said = unhealthy(objects, "Readiness probe failed: exec: not ready yet")
    finding = found(cluster(*objects, events=[said]), "pod.probe.readiness_failing")
    assert finding.params["count"] == "20"
    assert finding.params["spec"] == "GET :8080/healthz every 10s, timeout 1s, 3 failures"


def test_unready_pods_of_a_new_revision_offer_the_way_back_to_one_that_serves() -> None:
    objects = probed(readinessProbe=http(), since=400)
    alone = found(cluster(*objects), "pod.probe.readiness_failing")
    serving = replica_set(objects[0], "old77", revision=1, replicas=2)
    beside = found(cluster(*objects, serving), "pod.probe.readiness_failing")
    assert alone.fix is None
    assert beside.fix is not None
    assert beside.fix.id == "fix.rollback"


def test_a_container_long_unready_is_told_though_its_events_expired() -> None:
    assert "pod.probe.readiness_failing" in rules(
        cluster(*probed(readinessProbe=http(), since=400))
    )


def test_failures_that_ended_or_a_start_still_going_are_silent() -> None:
    over = probed(running("web"), readinessProbe=http())
    said = unhealthy(over, "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert rules(cluster(*over, events=[said])) == set()
    starting = probed(running("web", ready=False, since=1), readinessProbe=http(), since=1)
    assert "pod.probe.readiness_failing" not in rules(cluster(*starting))


@pytest.mark.parametrize(("allowed", "told"), [(60, False), (3, True)])
def test_a_first_start_within_its_time_is_no_failure(allowed: int, told: bool) -> None:
    status = running("web", ready=False, since=5, started=False)
    objects = probed(status, startupProbe=http(failureThreshold=allowed), since=5)
    said = unhealthy(objects, "Startup probe failed: HTTP probe failed with statuscode: 503")
    assert ("pod.probe.http_status" in rules(cluster(*objects, events=[said]))) is told


def test_a_startup_probe_has_the_first_word() -> None:
    status = running("web", ready=False, since=30, started=False)
    objects = probed(status, readinessProbe=http(), startupProbe=http(failureThreshold=300))
    assert "pod.probe.readiness_failing" not in rules(cluster(*objects))


def test_a_probe_of_an_undeclared_port_that_is_refused_is_a_mismatch() -> None:
    objects = probed(readinessProbe=http(port=8081))
    heard = log(objects[2], "INFO server listening on :8080")
    finding = found(
        cluster(*objects, events=[unhealthy(objects, REFUSED)], logs=[heard]),
        "pod.probe.port_mismatch",
    )
    assert finding.params["port"] == "8081"
    assert (finding.params["declared"], finding.params["listening"]) == ("8080", "8080")
    assert finding.fix is not None
    assert finding.fix.id == "fix.probe"


def test_a_probe_of_a_port_name_that_is_not_there_is_a_mismatch() -> None:
    objects = probed(readinessProbe=http(port="admin"))
    said = unhealthy(objects, "Readiness probe errored: couldn't find port: admin")
    assert (
        found(cluster(*objects, events=[said]), "pod.probe.port_mismatch").params["port"] == "admin"
    )


def test_an_undeclared_port_that_answers_is_fine() -> None:
    objects = probed(running("web"), readinessProbe=http(port=8081))
    assert rules(cluster(*objects)) == set()


def test_a_refused_probe_of_the_right_port_is_no_mismatch() -> None:
    objects = probed(readinessProbe=http(port=8080))
    said = unhealthy(objects, REFUSED.replace("8081", "8080"))
    assert "pod.probe.port_mismatch" not in rules(cluster(*objects, events=[said]))


def test_a_wrong_path_is_told_with_one_that_works() -> None:
    objects = probed(readinessProbe=http("/ready"), livenessProbe=http("/healthz"))
    said = unhealthy(objects, "Readiness probe failed: HTTP probe failed with statuscode: 404")
    finding = found(cluster(*objects, events=[said]), "pod.probe.http_status")
    assert (finding.params["status"], finding.params["known_good"]) == ("404", "/healthz")
    assert finding.fix is not None


def test_an_answer_of_the_program_itself_gets_no_fix_of_the_probe() -> None:
    objects = probed(readinessProbe=http())
    said = unhealthy(objects, "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert found(cluster(*objects, events=[said]), "pod.probe.http_status").fix is None


def test_a_probe_without_an_answer_in_time_is_a_timeout() -> None:
    objects = probed(readinessProbe=http(timeoutSeconds=2))
    text = 'Readiness probe failed: Get "http://10.1.1.1:8080/": context deadline exceeded (Client.Timeout exceeded)'
    finding = found(cluster(*objects, events=[unhealthy(objects, text)]), "pod.probe.timeout")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["timeout_s"] == "2"
    assert "pod.probe.timeout" not in rules(cluster(*objects, events=[unhealthy(objects, text, 2)]))


def killed(objects: list[Json], count: int = 4, kind: str = "liveness") -> Event:
    text = f"Container web failed {kind} probe, will be restarted"
    return event(
        objects[2],
        "Killing",
        text,
        first=30,
        ago=2,
        count=count,
        container_name="web",
        kind="Normal",
    )


LIVENESS = 'Liveness probe failed: Get "http://10.1.1.1:8080/": context deadline exceeded'


def test_a_liveness_probe_that_kills_a_running_program_is_the_cause() -> None:
    status = running("web", since=2, lastState=ended(137, ago=2, ran=25), restartCount=4)
    objects = probed(status, livenessProbe=http())
    told = cluster(*objects, events=[unhealthy(objects, LIVENESS), killed(objects)])
    finding = found(told, "pod.probe.liveness_kills")
    assert (finding.params["kills"], finding.params["exit_code"]) == ("4", "137")
    assert {"pod.killed_not_oom"} < rules(told)
    assert "pod.oom_killed" not in rules(told)


def slow_start(**more: object) -> list[Json]:
    last = ended(137, ago=1, ran=0.8)
    status = waiting("web", "CrashLoopBackOff", lastState=last, restartCount=6)
    return probed(status, livenessProbe=http(failureThreshold=3), **more)


def test_a_slow_start_killed_by_its_liveness_probe_lacks_a_startup_budget() -> None:
    objects = slow_start()
    said = unhealthy(
        objects, "Liveness probe failed: dial tcp 10.1.1.1:8080: connect: connection refused"
    )
    loading = log(objects[2], "loading 4 million rows", previous=True, last=1)
    told = cluster(*objects, events=[said, killed(objects)], logs=[loading])
    finding = found(told, "pod.probe.startup_budget")
    assert (finding.params["budget_s"], finding.params["lived_s"]) == ("30", "48")
    assert finding.params["has_startup_probe"] == ""
    assert "pod.probe.liveness_kills" not in rules(told)


def test_a_startup_probe_that_kills_tells_its_budget() -> None:
    status = waiting("web", "CrashLoopBackOff", lastState=ended(137, ago=1, ran=2), restartCount=6)
    objects = probed(status, startupProbe=http(failureThreshold=6))
    said = unhealthy(
        objects, "Startup probe failed: dial tcp 10.1.1.1:8080: connect: connection refused"
    )
    told = cluster(*objects, events=[said, killed(objects, kind="startup")])
    assert found(told, "pod.probe.startup_budget").params["budget_s"] == "60"


def test_one_blip_while_starting_is_silent() -> None:
    objects = probed(running("web", since=5), readinessProbe=http(), livenessProbe=http())
    assert rules(cluster(*objects, events=[unhealthy(objects, REFUSED, 2)])) == set()
