"""Containers that die: of memory, of themselves, or because they were done."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, Ref
from tests.factories import (
    OLD,
    cluster,
    container,
    deployment,
    ended,
    event,
    found,
    log,
    memory_series,
    pod,
    replica_set,
    rules,
    running,
    thing,
    waiting,
    workload,
)


def killed(*, ago: float = 5, restarts: int = 3, **more: object) -> Json:
    last = {"lastState": ended(137, "OOMKilled", ago=ago), "restartCount": restarts}
    return running("web", since=ago, **last, **more)


def web_with(*statuses: Json, **more: object) -> list[Json]:
    made = deployment(replicas=len(statuses), **more)
    owner = replica_set(made)
    pods = [pod(owner, f"aa{n}bb", status=[status]) for n, status in enumerate(statuses)]
    return [made, owner, *pods]


def test_an_oom_kill_is_told_although_the_pod_is_ready_again() -> None:
    finding = found(cluster(*web_with(killed(), running())), "pod.oom_killed")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.severity is Severity.HIGH
    assert finding.params["limit"] == "256Mi"
    assert finding.fix is not None
    assert finding.fix.id == "fix.memory"


def test_pods_of_one_workload_make_one_finding_and_all_of_them_a_critical_one() -> None:
    finding = found(cluster(*web_with(killed(ago=9), killed(ago=5))), "pod.oom_killed")
    assert finding.severity is Severity.CRITICAL
    assert len(finding.affected) == 2
    assert finding.since is not None
    assert finding.since.minute == 51


def test_the_peak_comes_from_the_series_and_is_cited() -> None:
    objects = web_with(killed(), running())
    series = memory_series(objects[2], [200, 230, 255, 100, 240])
    finding = found(cluster(*objects, series=[series]), "pod.oom_killed")
    assert finding.params["peak"] == "255Mi"
    assert any("255Mi, 100% of the limit 256Mi" in one.text for one in finding.evidence)


def test_a_leak_gets_no_higher_limit() -> None:
    objects = web_with(killed(), running())
    series = memory_series(objects[2], [60 + 2 * n for n in range(100)], hours=8)
    assert found(cluster(*objects, series=[series]), "pod.oom_killed").fix is None


def test_one_old_kill_is_only_context() -> None:
    finding = found(cluster(*web_with(killed(ago=OLD, restarts=1), running())), "pod.oom_killed")
    assert finding.severity is Severity.INFO


def test_old_restarts_are_no_fault_of_today() -> None:
    finding = found(cluster(*web_with(killed(ago=OLD, restarts=47), running())), "pod.oom_killed")
    assert finding.severity is Severity.INFO


def test_exit_137_alone_is_never_called_out_of_memory() -> None:
    status = running("web", lastState=ended(137, "Error"), restartCount=2)
    assert "pod.oom_killed" not in rules(cluster(*web_with(status)))


def test_an_init_container_can_be_out_of_memory_too() -> None:
    made = deployment(replicas=1, pod_spec={"initContainers": [container("load")]})
    owner = replica_set(made)
    init = waiting("load", "CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=4)
    one = pod(owner, status=[waiting("web", "PodInitializing")])
    one["status"]["initContainerStatuses"] = [init]
    assert found(cluster(made, owner, one), "pod.oom_killed").container == "load"


def crashing(code: int = 1, **more: object) -> Json:
    last = {"lastState": ended(code), "restartCount": 6}
    return waiting("web", "CrashLoopBackOff", "back-off 5m0s", **last, **more)


def test_a_crash_loop_quotes_the_last_words_of_the_instance_that_died() -> None:
    objects = web_with(crashing())
    told = ("starting", "error: config is unreadable", "bye")
    said = log(objects[2], *told, previous=True)
    finding = found(cluster(*objects, logs=[said]), "pod.crash_loop")
    assert finding.severity is Severity.CRITICAL
    assert finding.params["log_line"] == " ⏎ ".join(told)
    assert finding.params["exit_code"] == "1"


def test_a_crash_loop_began_with_its_first_back_off() -> None:
    objects = web_with(crashing())
    text = "Back-off restarting failed container web"
    back_off = event(objects[2], "BackOff", text, first=50, count=90, container_name="web")
    finding = found(cluster(*objects, events=[back_off]), "pod.crash_loop")
    assert finding.since == back_off.first_at


def test_the_moment_between_two_crashes_is_a_crash_loop_too() -> None:
    status = running("web", ready=False, since=0.2, lastState=ended(1, ago=1), restartCount=7)
    assert "pod.crash_loop" in rules(cluster(*web_with(status)))


def test_restarts_of_last_week_are_no_crash_loop() -> None:
    status = running("web", lastState=ended(1, ago=OLD), restartCount=47)
    assert rules(cluster(*web_with(status, running()))) == set()


def test_a_helper_that_crashes_is_named_and_the_app_is_not() -> None:
    made = deployment(replicas=1, containers=[container("web"), container("proxy")])
    owner = replica_set(made)
    proxy = waiting("proxy", "CrashLoopBackOff", lastState=ended(1), restartCount=5)
    finding = found(cluster(made, owner, pod(owner, status=[running(), proxy])), "pod.crash_loop")
    assert finding.container == "proxy"


def test_a_process_that_ends_well_again_and_again_is_not_a_server() -> None:
    made = deployment(replicas=1, containers=[container("web", command=["python", "migrate.py"])])
    owner = replica_set(made)
    done = {"lastState": ended(0, "Completed"), "restartCount": 5}
    status = waiting("web", "CrashLoopBackOff", **done)
    told = cluster(made, owner, pod(owner, status=[status]))
    finding = found(told, "pod.exit_zero_loop")
    assert finding.params["command"] == "python migrate.py"
    assert "pod.crash_loop" not in rules(told)


def test_a_container_that_ended_well_once_is_fine() -> None:
    status = running("web", lastState=ended(0, "Completed"), restartCount=1)
    assert rules(cluster(*web_with(status, running()))) == set()


def failed_pod(owner: Json | None = None) -> Json:
    status = running("web", ready=False, state=ended(3))
    spec = {"restartPolicy": "Never"}
    return pod(owner, status=[status], spec=spec, phase="Failed", name="import-1-abcde")


def test_a_pod_that_failed_for_good_is_told() -> None:
    finding = found(cluster(failed_pod()), "pod.exit_nonzero")
    assert finding.params["exit_code"] == "3"
    assert finding.fix is None


@pytest.mark.parametrize("outcome", ["Complete", "Failed"])
def test_a_finished_job_speaks_for_its_pods(outcome: str) -> None:
    status = {"conditions": [{"type": outcome, "status": "True"}]}
    job = thing("Job", "import", spec={"template": {}}, status=status)
    assert "pod.exit_nonzero" not in rules(cluster(job, failed_pod(job)))


def test_a_healthy_workload_is_silent() -> None:
    assert rules(cluster(*workload())) == set()
