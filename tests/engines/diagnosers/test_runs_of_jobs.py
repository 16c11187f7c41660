"""Jobs that never end, and CronJobs whose runs are missed or pile up."""

from datetime import timedelta

import pytest

from mcp_servers.engines.cron_schedules import longest_gap
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, Ref
from tests.factories import (
    cluster,
    container,
    ended,
    event,
    found,
    notes,
    pod,
    roots,
    rules,
    running,
    stamp,
    thing,
    waiting,
)


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("*/15 * * * *", 0.25),
        ("0 * * * *", 1),
        ("@hourly", 1),
        ("0 3 * * *", 24),
        ("TZ=Asia/Tokyo 5 4 * * *", 24),
        ("0 9-17 * * MON-FRI", 64),
        ("0 0 * * 7", 168),
        ("0 0 1 * *", 24 * 31),
        ("0 0 1,15 * 1", 24 * 7),
        ("@yearly", 24 * 366),
        ("@every 1h30m", 1.5),
        ("0 0 31 2 *", None),
        ("daily", None),
        ("0 3 * *", None),
    ],
)
def test_the_longest_gap_of_a_schedule(schedule: str, hours: float | None) -> None:
    assert longest_gap(schedule) == (None if hours is None else timedelta(hours=hours))


def cron(schedule: str = "0 * * * *", *, last: float | None = 30, **spec: object) -> Json:
    status = {"lastScheduleTime": stamp(last)} if last is not None else {}
    age = spec.pop("age", 60 * 24 * 9)
    return thing("CronJob", "report", spec={"schedule": schedule, **spec}, status=status, age=age)


def run(of: Json, number: int = 1, *, ago: float = 30, **status: object) -> Json:
    body = {"active": 1, "startTime": stamp(ago), **status}
    template = {"spec": {"containers": [container("main"), container("helper")]}}
    spec = {"template": template}
    return thing("Job", f"report-{number}", owner=of, age=ago, spec=spec, status=body)


def test_runs_that_do_not_come_are_counted() -> None:
    late = cron(last=60 * 5)
    said = event(late, "TooManyMissedTimes", "too many missed start times", count=3)
    finding = found(cluster(late, events=[said]), "cron.missed")
    assert finding.severity is Severity.HIGH
    assert (finding.params["count"], finding.params["last_run"]) == ("5", stamp(60 * 5))
    assert any("too many missed" in one.text for one in finding.evidence)


def test_a_cron_job_that_never_ran_is_counted_from_its_making() -> None:
    assert found(cluster(cron(last=None)), "cron.missed").params["last_run"] == ""


def edited(minutes: float) -> Json:
    late = cron(last=60 * 24)
    fields = {"f:spec": {"f:suspend": {}}}
    entry = {"manager": "ann", "time": stamp(minutes), "fieldsV1": fields}
    late["metadata"]["managedFields"] = [entry]
    return late


@pytest.mark.parametrize(
    "objects",
    [
        [cron(last=100)],
        [cron(last=60 * 24, suspend=True)],
        [cron(last=None, age=100)],
        [edited(100)],
        [late := cron(last=60 * 24), run(late, ago=50)],
        [cron("0 9-17 * * MON-FRI", last=60 * 70)],
        [thing("CronJob", "report", spec={"schedule": "0 * * * *"})],
    ],
    ids=["one late", "suspended", "new", "changed", "a run is there", "weekend", "no status"],
)
def test_a_cron_job_that_need_not_have_run_is_silent(objects: list[Json]) -> None:
    assert "cron.missed" not in rules(cluster(*objects))


def test_a_deadline_shorter_than_the_controllers_look_is_a_note_while_runs_come() -> None:
    short = cron(startingDeadlineSeconds=5)
    assert found(cluster(short), "cron.missed").severity is Severity.LOW
    missed = cron(startingDeadlineSeconds=5, last=60 * 5)
    assert found(cluster(missed), "cron.missed").params["deadline_s"] == "5"
    assert notes(cluster(cron(startingDeadlineSeconds=60))) == set()


def test_a_run_that_outlasts_the_schedule_takes_the_next_ones_turn() -> None:
    forbids = cron(concurrencyPolicy="Forbid", last=60 * 5)
    told = cluster(forbids, run(forbids, ago=60 * 5))
    finding = found(told, "cron.overlap")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["jobs"], finding.params["waits"]) == ("report-1", "Forbid")
    assert roots(told) == ["cron.overlap"]


def test_runs_that_pile_up_are_counted() -> None:
    allows = cron()
    runs = [run(allows, n, ago=60 * n) for n in (1, 2, 3)]
    assert found(cluster(allows, *runs), "cron.overlap").params["count"] == "3"


@pytest.mark.parametrize(
    ("policy", "runs"),
    [
        ("Forbid", [(1, 50, {})]),
        ("Allow", [(1, 30, {}), (2, 90, {})]),
        ("Allow", [(1, 30, {"active": 0}), (2, 90, {}), (3, 150, {})]),
        ("Replace", [(1, 500, {})]),
    ],
    ids=["within its hour", "two", "one is over", "replaced"],
)
def test_runs_within_their_time_are_silent(
    policy: str, runs: list[tuple[int, float, Json]]
) -> None:
    one = cron(concurrencyPolicy=policy)
    jobs = [run(one, number, ago=ago, **status) for number, ago, status in runs]
    assert "cron.overlap" not in rules(cluster(one, *jobs))


def test_what_keeps_a_run_from_starting_explains_the_overlap() -> None:
    forbids = cron(concurrencyPolicy="Forbid", last=60 * 5)
    job = run(forbids, ago=60 * 5)
    status = [waiting("main", "ImagePullBackOff", "manifest unknown")]
    told = cluster(forbids, job, pod(job, status=status, age=60 * 5))
    assert roots(told) == ["pod.image_pull.not_found"]


def beside(helper: str = "istio-proxy", *, ago: float = 30, **more: object) -> list[Json]:
    """A Job whose first container ended while another goes on."""
    made = thing("Job", "import", spec={"template": {}}, status={"active": 1}, age=60)
    spec = {
        "containers": [container("main"), container(helper)],
        "restartPolicy": "Never",
        **more,
    }
    done = running("main", ready=False, state=ended(0, "Completed", ago=ago))
    return [made, pod(made, status=[done, running(helper, since=60)], spec=spec, ready=False)]


def test_a_proxy_beside_a_finished_job_keeps_it_from_ending() -> None:
    finding = found(cluster(*beside()), "job.never_ends")
    assert (finding.resource, finding.severity) == (Ref("Job", "shop", "import"), Severity.HIGH)
    assert (finding.params["done"], finding.params["helpers"]) == ("main", "istio-proxy")
    assert finding.params["exit_code"] == "0"


def test_a_container_of_no_telling_name_is_only_presumed_a_helper() -> None:
    assert found(cluster(*beside("second")), "job.never_ends").severity is Severity.MEDIUM


def test_a_job_whose_helper_winds_up_or_whose_main_part_runs_is_silent() -> None:
    assert "job.never_ends" not in rules(cluster(*beside(ago=3)))
    job, one = beside("second")
    mark = {"kubectl.kubernetes.io/default-container": "second"}
    one["metadata"]["annotations"] = mark
    assert "job.never_ends" not in rules(cluster(job, one))


def test_a_real_sidecar_ends_by_itself() -> None:
    job, one = beside()
    sidecar = {**one["spec"]["containers"].pop(), "restartPolicy": "Always"}
    one["spec"]["initContainers"] = [sidecar]
    one["status"]["initContainerStatuses"] = [one["status"]["containerStatuses"].pop()]
    assert "job.never_ends" not in rules(cluster(job, one))


def test_a_server_beside_a_container_that_ended_is_no_job() -> None:
    _, one = beside()
    one["metadata"].pop("ownerReferences")
    assert "job.never_ends" not in rules(cluster(one))
