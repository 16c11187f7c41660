from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.cron_schedules import longest_gap
from mcp_servers.engines.fixes.jobs import meant_schedule, meant_zone
from mcp_servers.facts.fixes import Advice, Plan, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.engines.fixes.judging import advice, asked, plan, result
from tests.factories import (
    OLD,
    cluster,
    condition,
    container,
    deployment,
    endpoint_slice,
    event,
    log,
    pod,
    replica_set,
    service,
    stamp,
    thing,
)  # fmt: skip


def cron(**spec: Any) -> Json:
    template = {"spec": {"template": {"spec": {"containers": [container("import")]}}}}
    more = spec.pop("more", {})
    return thing(
        "CronJob",
        "import",
        spec={"schedule": "0 3 * * *", "jobTemplate": template, **spec},
        status={},
        **more,
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("@dialy", "@daily"),
        ("0 */5 * * * *", "*/5 * * * *"),
        ("0 25 * * *", ""),
        ("*/5 * * * *", ""),
        ("soon", ""),
    ],
)
def test_a_schedule_is_what_was_surely_meant_or_nothing(written: str, meant: str) -> None:
    assert meant_schedule(written) == meant


@given(st.text(alphabet="0123456789*/-, @daily", max_size=14))
def test_what_is_meant_can_always_be_read(written: str) -> None:
    meant = meant_schedule(written)
    assert not meant or longest_gap(meant) is not None


def test_a_misspelt_schedule_is_corrected_and_an_unclear_one_told() -> None:
    seen = cluster(cron(schedule="@dialy"))
    assert result(seen, plan(seen, "cron.invalid"))["spec"]["schedule"] == "@daily"
    assert advice(cluster(cron(schedule="0 25 * * *")), "cron.invalid") == "schedule_unclear"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Europe/Zurch", "Europe/Zurich"),
        ("America/New York", "America/New_York"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("Europe/Berlin", ""),
        ("CST", ""),
        ("Moon/Base", ""),
    ],
)
def test_a_time_zone_is_what_was_surely_meant_or_nothing(written: str, meant: str) -> None:
    assert meant_zone(written) == meant


def in_zone(zone: str) -> Cluster:
    """The controller, which has zones of its own, says that it knows no such one."""
    one = cron(timeZone=zone)
    said = event(one, "UnknownTimeZone", f'invalid timeZone: "{zone}"')
    return cluster(one, events=[said])


def test_a_misspelt_time_zone_is_corrected_and_an_unclear_one_told() -> None:
    seen = in_zone("Europe/Zurch")
    mended = result(seen, plan(seen, "cron.invalid"))["spec"]
    assert (mended["timeZone"], mended["schedule"]) == ("Europe/Zurich", "0 3 * * *")
    assert advice(in_zone("CST"), "cron.invalid") == "zone_unclear"


def test_a_deadline_below_nothing_is_taken_away() -> None:
    seen = cluster(cron(startingDeadlineSeconds=-5))
    assert "startingDeadlineSeconds" not in result(seen, plan(seen, "cron.invalid"))["spec"]


def suspended(hours: float, manager: str = "kubectl-patch", **more: Any) -> Cluster:
    held = cron(suspend=True, more=more)
    fields = {"f:spec": {"f:suspend": {}}}
    held["metadata"]["managedFields"] = [
        {"manager": manager, "time": stamp(hours * 60), "fieldsV1": fields}
    ]
    return cluster(held)


def test_what_was_suspended_long_ago_runs_again() -> None:
    seen = suspended(72)
    assert result(seen, plan(seen, "cron.suspended"))["spec"]["suspend"] is False


def test_a_person_who_asks_for_it_has_decided() -> None:
    one = asked(suspended(2), "fix.resume", Ref("CronJob", "shop", "import"))
    assert isinstance(one, Plan)


def failed(
    *more: Json,
    image: str = "registry.example.com/import:1.4.2",
    parent: Json | None = None,
    **parts: Any,
) -> Cluster:
    spec = {
        "template": {"metadata": {"labels": {"job-name": "import-1", "app": "import"}}, "spec": {"containers": [container("import", image=image)]}},
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "x"}},
    }  # fmt: skip
    ended_badly = {
        "failed": 1,
        "conditions": [condition("Failed", "True", reason="BackoffLimitExceeded")],
    }
    job = thing("Job", "import-1", spec=spec, status=ended_badly, owner=parent, **parts)
    return cluster(job, *([parent] if parent else []), *more)


def test_nothing_is_run_again_whose_cause_may_still_be_there() -> None:
    assert advice(failed(), "job.failed") == "cause_may_stand"
    assert advice(failed(parent=cron()), "job.failed") == "cause_may_stand"


def test_a_run_whose_template_was_repaired_since_is_made_again() -> None:
    seen = failed(image="registry.example.com/import:broken", parent=cron())
    [step] = plan(seen, "job.failed").steps
    assert step.write.verb is Verb.CREATE
    assert step.inverse is not None
    assert step.inverse.verb is Verb.DELETE
    assert step.write.body["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.4.2")


def refused_by_a_database(said: str, *, ready_ago: float, is_ready: bool = True) -> Cluster:
    """A run that failed half an hour ago, and the database that it called, ready since then or not."""
    seen = failed(parent=cron())
    [job] = seen.all("Job")
    run = pod(dict(job.raw), "b2x9p")
    held = deployment("db", replicas=1)
    made = replica_set(held)
    behind = pod(made, "aa0bb", ready=is_ready, changed=ready_ago)
    front = service("db", ip="10.96.7.7")
    more = (run, held, made, behind, front, endpoint_slice(front, [behind]))
    logs = [log(run, "importing", said, said, name="import", last=31)]
    return cluster(*(dict(one.raw) for one in seen.resources), *more, logs=logs)


REFUSED = "Error: connect ECONNREFUSED 10.96.7.7:5432"


def test_a_run_is_made_again_once_what_refused_it_has_come_back() -> None:
    seen = refused_by_a_database(REFUSED, ready_ago=12)
    [step] = plan(seen, "job.failed").steps
    assert step.write.verb is Verb.CREATE
    assert (step.action, step.params["services"]) == ("rerun_recovered", "Service shop/db")


@pytest.mark.parametrize(
    ("said", "ready_ago", "is_ready"),
    [
        (REFUSED, OLD, True),  # it was ready all along: something else is in the way
        (REFUSED, 5, False),
        ("Error: connect ECONNREFUSED 172.31.9.9:5432", 12, True),  # not of this cluster
        ("read tcp 10.244.0.9:40112->10.96.7.7:5432: connection reset by peer", 12, True),
        ("could not resolve host: db", 12, True),
        ("duplicate key value violates unique constraint", 12, True),
    ],
)
def test_and_not_where_that_does_not_show(said: str, ready_ago: float, is_ready: bool) -> None:
    seen = refused_by_a_database(said, ready_ago=ready_ago, is_ready=is_ready)
    assert advice(seen, "job.failed") == "cause_may_stand"


def test_nor_where_another_call_failed_too() -> None:
    both = f"{REFUSED} / POST http://ledger.example.com/close: 503 service unavailable"
    assert advice(refused_by_a_database(both, ready_ago=12), "job.failed") == "cause_may_stand"


def test_a_person_may_have_a_job_run_again_without_what_belongs_to_the_old_one() -> None:
    one = asked(failed(), "fix.job_rerun", Ref("Job", "shop", "import-1"))
    assert isinstance(one, Plan)
    body = one.steps[0].write.body
    assert "selector" not in body["spec"]
    assert body["spec"]["template"]["metadata"]["labels"] == {"app": "import"}
    assert body["metadata"]["name"] != "import-1"


def test_what_may_not_run_twice_does_not() -> None:
    seen = failed(annotations={"shop.example/not-idempotent": "true"})
    one = asked(seen, "fix.job_rerun", Ref("Job", "shop", "import-1"))
    assert isinstance(one, Advice)
    assert one.why == "not_idempotent"


def test_finished_runs_to_come_are_removed_and_those_that_exist_stay() -> None:
    seen = cluster(cron())
    one = asked(seen, "fix.ttl", Ref("CronJob", "shop", "import"))
    assert isinstance(one, Plan)
    assert result(seen, one)["spec"]["jobTemplate"]["spec"]["ttlSecondsAfterFinished"] == 86_400
    existing = asked(failed(), "fix.ttl", Ref("Job", "shop", "import-1"))
    assert isinstance(existing, Advice)


def test_a_deployment_is_nothing_to_run_again() -> None:
    one = asked(cluster(deployment()), "fix.job_rerun", Ref("Deployment", "shop", "web"))
    assert isinstance(one, Advice)


def test_a_run_that_is_made_again_stays_one_of_its_cron_jobs() -> None:
    """So that its success makes the failure history, and the plan is seen to have held."""
    parent = cron()
    [step] = plan(failed(image="registry.example.com/import:broken", parent=parent), "job.failed").steps  # fmt: skip
    [owner] = step.write.body["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == (
        "CronJob",
        parent["metadata"]["uid"],
        True,
    )


@pytest.mark.parametrize(("told_s", "waits_s"), [(None, 3600), (120, 120), (90_000, 3600)])
def test_it_is_given_the_time_that_it_may_take(told_s: int | None, waits_s: int) -> None:
    parent = cron()
    spec = parent["spec"]["jobTemplate"]["spec"]
    if told_s is not None:
        spec["activeDeadlineSeconds"] = told_s
    one = plan(failed(image="registry.example.com/import:broken", parent=parent), "job.failed")
    assert one.deadline.total_seconds() == waits_s
