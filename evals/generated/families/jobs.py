"""I. Work that should end, and schedules."""

from typing import Any

from evals.clusters.containers import container, running, status, terminated
from evals.clusters.events import event
from evals.clusters.objects import plain
from evals.clusters.parts import condition
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.workloads import Template
from evals.clusters.world import Json, days, hours
from evals.generated.registry import fault
from evals.generated.scene import Scene

ONCE = (("restartPolicy", "Never"),)


def failed_job(scene: Scene, spec: Json, code: int, *lines: str, kept: bool = True) -> Json:
    """A Job that gave up; `kept`: the pod of its last attempt is still there."""
    world, name = scene.world, scene.new_name()
    template = Template([spec], more=ONCE)
    at, tries = world.ago(scene.since - 8), scene.pick(3, 4, 6)
    flags = [
        condition(
            kind, "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit", at
        )
        for kind in ("FailureTarget", "Failed")
    ]
    job = plain(
        world, "Job", "batch/v1", name, scene.space, born=scene.since,
        spec={"backoffLimit": tries, "completions": 1, "parallelism": 1, "template": template.body()},
        status={"conditions": flags, "failed": tries + 1, "startTime": world.ago(scene.since)},
    )  # fmt: skip
    ended = terminated(code, "Error", world.ago(scene.since - 6.5), world.ago(scene.since - 7))
    told = status(spec, ended, ready=False)
    one = pod(world, job, scene.nth(0), [told], born=scene.since - 6, phase="Failed")
    world.log(
        one, spec["name"], *((scene.since - 6.8 - n / 100, line) for n, line in enumerate(lines))
    )
    if not kept:
        world.objects.remove(one)
    for n in range(tries):
        made = f"Created pod: {name}-{world.letters(5)}"
        event(world, job, "SuccessfulCreate", made, by="job", first=scene.since - n)
    event(
        world,
        job,
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
        by="job",
        warn=True,
        first=scene.since - 8,
    )
    return job


@fault(20, "logs")
def script_has_a_syntax_error(scene: Scene) -> None:
    script = scene.pick("for t in a b; do echo $t", "if [ -f /x ]; then echo y", "echo $((1 + ))")
    spec = container("script", "busybox:1.37", command=["sh", "-c", script])
    line = scene.pick(
        'sh: syntax error: unexpected end of file (expecting "done")',
        "sh: syntax error: unterminated quoted string",
    )
    job = failed_job(scene, spec, 2, line)
    scene.tell("odd", job, root("job.failed", job), fix="none", mention=("syntax error",))


@fault(82, "logs")
def database_is_out_of_reach(scene: Scene) -> None:
    host, number = scene.pick(
        ("ledger-db.internal", 5432), ("warehouse.example.net", 3306), ("10.20.0.14", 1433)
    )
    spec = container("load", scene.image("load"))
    line = scene.pick(
        f"dial tcp {host}:{number}: connect: connection refused",
        f'connection to server at "{host}", port {number} failed: Connection refused',
    )
    job = failed_job(
        scene, spec, 1, "INFO connecting", f"ERROR {line}", "FATAL giving up after 5 attempts"
    )
    scene.tell(
        "odd",
        job,
        root("app.dependency_unreachable", job),
        fix="none",
        mention=(host, number),
        symptoms_ok=["job.failed"],
    )


def cron(scene: Scene, schedule: str, **more: Any) -> Json:
    spec = container("task", scene.image("task"))
    body = {"spec": {"backoffLimit": 2, "template": Template([spec], more=ONCE).body()}}
    status = more.pop("status", {})
    return plain(
        scene.world, "CronJob", "batch/v1", scene.new_name(), scene.space, born=days(60),
        spec={"schedule": schedule, "suspend": False, "concurrencyPolicy": "Forbid", "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1, "jobTemplate": body, **more},
        status=status,
    )  # fmt: skip


@fault(83)
def schedule_cannot_be_read(scene: Scene) -> None:
    schedule, zone = scene.pick(
        ("0 25 * * *", ""), ("*/61 * * *", ""), ("0 3 * * *", "Europe/Berln")
    )
    one = cron(scene, schedule, **({"timeZone": zone} if zone else {}))
    what = "UnknownTimeZone" if zone else "UnparseableSchedule"
    text = (
        f'invalid timeZone: "{zone}": unknown time zone {zone}'
        if zone
        else f'unparseable schedule: "{schedule}"'
    )
    event(scene.world, one, what, text, by="cronjob", warn=True, first=58, last=1, count=60)
    scene.healthy(scene.back)
    scene.tell("odd", one, root("cron.invalid", one), fix=("fix.cron", one), repair="none")


@fault(83)
def schedule_is_suspended(scene: Scene) -> None:
    last = scene.world.ago(days(scene.dice.randrange(4, 20)))
    one = cron(
        scene,
        "15 2 * * *",
        suspend=True,
        status={"lastScheduleTime": last, "lastSuccessfulTime": last},
    )
    scene.healthy(scene.back)
    scene.tell("odd", one, root("cron.suspended", one), fix=("fix.cron", one))


@fault(83)
def runs_were_missed(scene: Scene) -> None:
    last = scene.world.ago(days(4))
    one = cron(scene, "*/10 * * * *", status={"lastScheduleTime": last, "lastSuccessfulTime": last})
    text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
    event(
        scene.world,
        one,
        "TooManyMissedTimes",
        text,
        by="cronjob",
        warn=True,
        first=55,
        last=5,
        count=6,
    )
    scene.healthy(scene.back)
    scene.tell("odd", one, root("cron.missed", one))


@fault(84)
def helper_outlives_the_work(scene: Scene) -> None:
    world, name = scene.world, scene.new_name()
    work, helper = (
        container("work", scene.image(name)),
        container("istio-proxy", "istio/proxyv2:1.24.2"),
    )
    begun = hours(scene.dice.randrange(1, 9))
    template = Template([work, helper], more=ONCE)
    job = plain(
        world, "Job", "batch/v1", name, scene.space, born=begun,
        spec={"backoffLimit": 6, "completions": 1, "parallelism": 1, "template": template.body()},
        status={"active": 1, "ready": 0, "startTime": world.ago(begun)},
    )  # fmt: skip
    done = status(
        work, terminated(0, "Completed", world.ago(begun - 1), world.ago(begun - 9)), ready=False
    )
    pod(
        world,
        job,
        scene.nth(1),
        [done, status(helper, running(world.ago(begun - 1)))],
        born=begun,
        phase="Running",
    )
    scene.tell("odd", job, root("job.never_ends", job), fix="none", mention=("istio-proxy",))
