from typing import Any

from mcp_servers.facts.kubernetes import Cluster, Json
from tests.engines.fixes.judging import advice, container_of, plan, result, taken_back
from tests.factories import (
    cluster,
    container,
    deployment,
    ended,
    log,
    node,
    pod,
    replica_set,
    waiting,
)


def dying(
    now: Json,
    before: Json | None = None,
    *,
    code: int = 1,
    said: str = "",
    lines: tuple[str, ...] = (),
    **more: Any,
) -> Cluster:
    """A container that ends at once; `before` is what it was in a revision that serves."""
    owner = deployment(containers=[container(**now)], ready=1 if before else 0)
    made = replica_set(owner, "new1new1n", revision=2, ready=0)
    end = ended(code, "StartError" if said else "Error", message=said) if said else ended(code)
    failing = pod(made, status=[waiting(reason="CrashLoopBackOff", lastState=end, restartCount=5)])
    older: list[Json] = []
    if before is not None:
        old = replica_set(owner, "good1good", revision=1, replicas=1)
        old["spec"]["template"]["spec"]["containers"] = [container(**before)]
        older = [old, pod(old, "aa1bb")]
    logs = [log(failing, *lines, previous=True, last=5)] if lines else []
    return cluster(owner, made, failing, *older, node(), logs=logs, **more)


NOT_FOUND = 'exec: "{}": executable file not found in $PATH: unknown'


def test_a_misspelt_program_gets_the_one_name_that_is_near() -> None:
    seen = dying({"command": ["pyhton", "-m", "web"]}, code=128, said=NOT_FOUND.format("pyhton"))
    one = plan(seen, "pod.start.command_not_found")
    assert one.fix == "fix.command"
    assert container_of(result(seen, one))["command"] == ["python", "-m", "web"]
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_only_the_very_word_is_replaced() -> None:
    command = ["sh", "-c", "wgte http://seed/wgte.tar && ./run-wgte"]
    seen = dying({"command": command}, code=127, lines=("sh: wgte: not found",))
    assert container_of(result(seen, plan(seen, "pod.start.command_not_found")))["command"][2] == (
        "wget http://seed/wgte.tar && ./run-wgte"
    )


def test_a_program_unlike_any_comes_from_the_revision_that_serves() -> None:
    before = {"command": ["/srv/web"], "args": ["--port=8080"]}
    seen = dying(
        {"command": ["/srv/webserver-x"]},
        before,
        code=128,
        said=NOT_FOUND.format("/srv/webserver-x"),
    )
    held = container_of(result(seen, plan(seen, "pod.start.command_not_found")))
    assert held["command"] == ["/srv/web"]
    assert held["args"] == ["--port=8080"]


def test_without_either_there_is_advice() -> None:
    seen = dying(
        {"command": ["/srv/webserver-x"]}, code=128, said=NOT_FOUND.format("/srv/webserver-x")
    )
    assert advice(seen, "pod.start.command_not_found") == "command_unknown"


LACKS = ("INFO starting", "FATAL environment variable QUEUE_URL is not set")
QUEUE = {"name": "QUEUE_URL", "value": "amqp://queue:5672"}
LEVEL = {"name": "LOG_LEVEL", "value": "info"}


def test_a_variable_that_got_lost_is_put_back_where_it_stood() -> None:
    seen = dying({"env": [LEVEL]}, {"env": [QUEUE, LEVEL]}, lines=LACKS)
    one = plan(seen, "app.missing_setting")
    assert one.fix == "fix.env"
    assert container_of(result(seen, one))["env"] == [QUEUE, LEVEL]
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_a_variable_that_was_misspelt_loses_the_misspelling() -> None:
    seen = dying(
        {"env": [{**QUEUE, "name": "QUEUE_ULR"}, LEVEL]}, {"env": [QUEUE, LEVEL]}, lines=LACKS
    )
    assert container_of(result(seen, plan(seen, "app.missing_setting")))["env"] == [QUEUE, LEVEL]


def test_a_reference_to_a_secret_is_put_back_without_its_value() -> None:
    held = {"name": "QUEUE_URL", "valueFrom": {"secretKeyRef": {"name": "queue", "key": "url"}}}
    seen = dying({"env": [LEVEL]}, {"env": [held, LEVEL]}, lines=LACKS)
    one = plan(seen, "app.missing_setting")
    assert one.steps[0].params["value"] == ""
    assert container_of(result(seen, one))["env"][0] == held


def test_a_value_that_looks_like_a_credential_is_not_written() -> None:
    """Going back to the revision that had it remains: its template is what already stood there."""
    held = {"name": "QUEUE_URL", "value": "amqp://svc:h7Gd9sKq2LmX@queue:5672"}
    seen = dying({"env": [LEVEL]}, {"env": [held, LEVEL]}, lines=LACKS)
    assert plan(seen, "app.missing_setting").fix == "fix.rollback"


def test_a_value_that_was_never_seen_is_not_invented() -> None:
    assert advice(dying({"env": [LEVEL]}, lines=LACKS), "app.missing_setting") == "value_never_seen"


def test_a_host_that_nobody_knows_is_what_it_was_before() -> None:
    wrong, right = (
        {"name": "DB", "value": "orders-bd:5432"},
        {"name": "DB", "value": "orders-db:5432"},
    )
    lines = tuple(f"ERROR {n} dial tcp: lookup orders-bd: no such host" for n in range(4))
    seen = dying({"env": [wrong]}, {"env": [right]}, lines=lines)
    assert container_of(result(seen, plan(seen, "app.name_unresolved")))["env"] == [right]
