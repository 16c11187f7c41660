"""Containers ended by signals, and containers that cannot even begin."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, LogLines
from tests.factories import (
    OLD,
    cluster,
    condition,
    container,
    deployment,
    ended,
    endpoint_slice,
    event,
    found,
    log,
    node,
    pod,
    replica_set,
    roots,
    rules,
    running,
    service,
    thing,
    waiting,
)


def web(status: Json, *, container_spec: Json | None = None, **more: object) -> list[Json]:
    made = deployment(replicas=2, containers=[container_spec or container("web")])
    old = replica_set(made, "5c9f7b8d6c", revision=1, image="web:1", replicas=0)
    owner = replica_set(made)
    return [made, old, owner, pod(owner, status=[status], **more), pod(owner, "ok9ok")]


def looping(code: int, reason: str = "Error", **more: object) -> Json:
    last = {"lastState": ended(code, reason, **more), "restartCount": 5}
    return waiting("web", "CrashLoopBackOff", **last)


def test_exit_137_without_a_word_of_memory_is_told_with_what_came_before() -> None:
    objects = web(running("web", lastState=ended(137), restartCount=2))
    text = "Container web failed liveness probe, will be restarted"
    before = event(objects[3], "Killing", text, container_name="web", kind="Normal")
    told = cluster(*objects, events=[before])
    finding = found(told, "pod.killed_not_oom")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["trigger"] == text
    assert "pod.oom_killed" not in rules(told)


def test_a_node_out_of_memory_is_quoted_and_not_assumed() -> None:
    objects = web(running("web", lastState=ended(137), restartCount=1))
    host = node()
    said = event(host, "SystemOOM", "System OOM encountered, victim process: web, pid: 812")
    finding = found(cluster(*objects, host, events=[said]), "pod.killed_not_oom")
    assert "victim process: web" in finding.params["node_oom"]


def test_a_pod_that_is_told_to_leave_is_killed_in_order() -> None:
    objects = web(running("web", lastState=ended(137), restartCount=1))
    objects[3]["metadata"]["deletionTimestamp"] = "2026-03-10T11:59:40Z"
    assert found(cluster(*objects), "pod.killed_not_oom").severity is Severity.LOW


@pytest.mark.parametrize(
    "status",
    [
        running("web", lastState=ended(143, "Completed"), restartCount=1),
        running("web", lastState=ended(137, ago=OLD), restartCount=1),
    ],
    ids=["asked to stop", "long ago"],
)
def test_an_orderly_or_old_end_is_silent(status: Json) -> None:
    assert rules(cluster(*web(status))) == set()


@pytest.mark.parametrize(("code", "signal"), [(139, "SIGSEGV"), (134, "SIGABRT")])
def test_a_crash_in_native_code_is_rolled_back_when_the_revision_is_new(
    code: int, signal: str
) -> None:
    finding = found(cluster(*web(looping(code))), "pod.native_crash")
    assert finding.params["signal"] == signal
    assert finding.params["previous_image"] == "web:1"
    assert finding.fix is not None
    assert finding.fix.id == "fix.rollback"


def test_many_restarts_of_a_young_pod_that_is_ready_are_a_storm() -> None:
    status = running("web", lastState=ended(1), restartCount=4)
    finding = found(cluster(*web(status, age=50)), "pod.restart_storm")
    assert finding.params["recent"] == "4"


def test_starts_that_events_tell_of_are_counted_for_an_old_pod() -> None:
    objects = web(running("web", lastState=ended(1), restartCount=40))
    starts = [
        event(objects[3], "Started", f"Started container web {n}", ago=n, container_name="web")
        for n in (5, 15, 25)
    ]
    finding = found(cluster(*objects, events=starts), "pod.restart_storm")
    assert finding.params["recent"] == "3"


def test_forty_restarts_with_one_of_today_are_no_storm() -> None:
    status = running("web", lastState=ended(1), restartCount=40)
    assert "pod.restart_storm" not in rules(cluster(*web(status)))


NO_FILE = 'runc create failed: unable to start container process: exec: "{}": executable file not found in $PATH'


def failing_start(message: str, command: list[str]) -> Cluster:
    status = waiting("web", "CrashLoopBackOff", restartCount=3)
    status["lastState"] = ended(128, "StartError", message=message)
    return cluster(*web(status, container_spec=container("web", command=command)))


def test_a_misspelt_tool_is_named_with_its_neighbour() -> None:
    finding = found(
        failing_start(NO_FILE.format("pythn"), ["pythn"]), "pod.start.command_not_found"
    )
    assert (finding.params["missing"], finding.params["near"]) == ("pythn", "python")
    assert finding.fix is not None
    assert finding.fix.id == "fix.command"


def test_an_unknown_program_is_rolled_back() -> None:
    told = failing_start(NO_FILE.format("/app/serve"), ["/app/serve"])
    finding = found(told, "pod.start.command_not_found")
    assert finding.fix is not None
    assert finding.fix.id == "fix.rollback"


def said_by_a_shell(objects: list[Json], line: str) -> list[LogLines]:
    return [log(objects[3], line, previous=True, last=5)]


def test_a_shell_that_finds_no_command_says_which() -> None:
    spec = container("web", command=["sh", "-c", "wgt http://x && serve"])
    objects = web(looping(127), container_spec=spec)
    told = cluster(*objects, logs=said_by_a_shell(objects, "sh: 1: wgt: not found"))
    assert found(told, "pod.start.command_not_found").params["near"] == "wget"
    without_log = found(cluster(*objects), "pod.start.command_not_found")
    assert without_log.params["missing"] == "wgt"


def test_a_script_from_a_config_map_may_not_be_executed() -> None:
    mount = [{"name": "scripts", "mountPath": "/scripts"}]
    spec = container("web", command=["/scripts/run.sh"], volumeMounts=mount)
    message = 'exec: "/scripts/run.sh": permission denied'
    status = waiting("web", "RunContainerError", message)
    objects = web(
        status,
        container_spec=spec,
        spec={"volumes": [{"name": "scripts", "configMap": {"name": "s"}}]},
    )
    finding = found(cluster(*objects), "pod.start.not_executable")
    assert finding.params["mode"] == "0644"


def test_a_root_image_is_refused_where_root_is_forbidden() -> None:
    message = "container has runAsNonRoot and image will run as root (pod: web, container: web)"
    finding = found(
        cluster(*web(waiting("web", "CreateContainerConfigError", message))),
        "pod.start.non_root_refused",
    )
    assert finding.fix is None


def test_a_failed_mount_is_no_missing_command() -> None:
    message = 'error mounting "/x" to rootfs at "/y": no such file or directory: exec failed'
    told = cluster(*web(waiting("web", "CreateContainerError", message)))
    assert "pod.start.command_not_found" not in rules(told)
    assert found(told, "pod.start.create_error").params["reason"] == "CreateContainerError"


def test_a_hook_that_failed_before_the_container_got_ready_is_over() -> None:
    objects = web(running("web"))
    failed = event(objects[3], "FailedPostStartHook", "exit 1", container_name="web")
    assert rules(cluster(*objects, events=[failed])) == set()


def initialising(init: Json, **more: object) -> list[Json]:
    first = container("wait", readinessProbe=None)
    made = deployment(replicas=2, pod_spec={"initContainers": [first]})
    owner = replica_set(made)
    status = [waiting("web", "PodInitializing")]
    blocked = condition("Initialized", "False", reason="ContainersNotInitialized", ago=40)
    one = pod(owner, status=status, phase="Pending", conditions=[blocked], age=40, **more)
    one["status"]["initContainerStatuses"] = [init]
    return [made, owner, one, pod(owner, "ok9ok")]


def test_an_init_container_that_runs_on_and_on_blocks_its_pod() -> None:
    objects = initialising(running("wait", ready=False, since=40))
    said = log(objects[2], "waiting for db:5432", name="wait")
    finding = found(cluster(*objects, logs=[said]), "pod.init_blocked")
    assert (finding.params["init"], finding.params["minutes"]) == ("wait", "40")
    assert finding.params["log_line"] == "waiting for db:5432"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ([], "waiting for db:8080"),
        (["sh", "-c", "until nslookup db; do sleep 2; done"], "server can't find it"),
        (["wait-for-it", "db.shop.svc.cluster.local:8080"], ""),
    ],
    ids=["log", "script", "arguments"],
)
def test_an_init_container_waits_for_a_service_that_leads_nowhere(
    command: list[str], line: str
) -> None:
    objects = initialising(running("wait", ready=False, since=40))
    objects[2]["spec"]["initContainers"][0]["command"] = command
    said = log(objects[2], line, name="wait")
    front = service("db")
    told = cluster(*objects, front, endpoint_slice(front, []), logs=[said])
    assert roots(told) == ["service.no_pods"]


def test_an_init_container_waits_for_a_job_that_failed() -> None:
    objects = initialising(running("wait", ready=False, since=40))
    command = ["kubectl", "wait", "--for=condition=complete", "job/web-migrate"]
    objects[2]["spec"]["initContainers"][0]["command"] = command
    failed = condition("Failed", "True", reason="BackoffLimitExceeded", ago=38)
    job = thing("Job", "web-migrate", age=45, spec={}, status={"conditions": [failed], "failed": 3})
    assert roots(cluster(*objects, job)) == ["job.failed"]


@pytest.mark.parametrize(
    ("since", "restarts", "told"), [(5, 0, False), (15, 0, True), (5, 2, True)]
)
def test_a_first_start_takes_its_time_before_its_service_misses_it(
    since: float, restarts: int, told: bool
) -> None:
    status = running("wait", ready=False, since=since, restartCount=restarts)
    objects = initialising(status)
    front = service("web")
    seen = cluster(*objects, front, endpoint_slice(front, [objects[3]]))
    assert ("service.endpoints_partial" in rules(seen)) is told


def test_an_init_container_with_a_typo_has_a_sharper_rule_too() -> None:
    status = waiting("wait", "CrashLoopBackOff", lastState=ended(127), restartCount=3)
    told = rules(cluster(*initialising(status)))
    assert {"pod.init_blocked", "pod.start.command_not_found", "pod.crash_loop"} <= told


def test_an_init_container_that_began_a_moment_ago_is_silent() -> None:
    assert rules(cluster(*initialising(running("wait", ready=False, since=3)))) == set()


def test_a_sidecar_among_the_init_containers_may_run_on() -> None:
    objects = initialising(running("wait", since=40))
    objects[2]["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    assert "pod.init_blocked" not in rules(cluster(*objects))
