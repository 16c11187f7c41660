"""What goes on beside a fault in any living cluster, and is none."""

from evals.clusters.containers import container, running, status, terminated
from evals.clusters.events import created_pod, event, scaled, scheduled, unschedulable
from evals.clusters.objects import plain
from evals.clusters.parts import condition, owner
from evals.clusters.pods import pod
from evals.clusters.workloads import Template, replicaset
from evals.clusters.world import Json, days, hours
from evals.generated.scene import Scene


def old_restarts(scene: Scene) -> None:
    """A pod that restarted a lot, and not for days."""
    app = scene.healthy(scene.bystander(), space=scene.pick(scene.space, scene.other_space))
    long_ago = days(scene.dice.randrange(4, 12))
    ended = terminated(1, "Error", scene.world.ago(long_ago + 30), scene.world.ago(long_ago))
    told = app.pods[0]["status"]["containerStatuses"][0]
    told.update(restartCount=scene.dice.randrange(11, 60), lastState=ended)
    told["state"] = running(scene.world.ago(long_ago - 0.1))
    app.pods[0]["metadata"]["creationTimestamp"] = scene.world.ago(long_ago + days(20))
    app.pods[0]["status"]["startTime"] = scene.world.ago(long_ago + days(20))


def probe_blip(scene: Scene) -> None:
    """A pod that was asked before it had started."""
    app = scene.healthy(scene.bystander(), space=scene.pick(scene.space, scene.other_space))
    one, at = app.pods[-1], float(scene.dice.randrange(20, 50))
    address = one["status"]["podIP"]
    text = f'Readiness probe failed: Get "http://{address}:8080/health": dial tcp {address}:8080: connect: connection refused'
    one["metadata"]["creationTimestamp"] = one["status"]["startTime"] = scene.world.ago(at + 0.3)
    one["status"]["containerStatuses"][0]["state"] = running(scene.world.ago(at + 0.2))
    event(scene.world, one, "Unhealthy", text, warn=True, first=at, last=at - 0.2, count=2)


def neighbour_rolls(scene: Scene) -> None:
    """A rollout of a neighbour that went well, at about the time of the fault."""
    world, at = scene.world, scene.since + scene.dice.uniform(-4, 4)
    app = scene.healthy(
        scene.bystander(), space=scene.pick(scene.space, scene.other_space), born=at
    )
    old = replicaset(world, app.parent, replicas=0, total=0, born=days(9), revision=2)
    scaled(world, app.parent, app.child["metadata"]["name"], 0, scene.replicas, at)
    scaled(world, app.parent, old["metadata"]["name"], scene.replicas, 0, at - 0.5)
    for one in app.pods:
        created_pod(world, app.child, one, at)
        scheduled(world, one, at)
    gone = f"Deleted pod: {old['metadata']['name']}-{world.letters(5)}"
    event(world, old, "SuccessfulDelete", gone, by="replicaset", first=at - 0.5)


def nightly_job(scene: Scene) -> None:
    """A CronJob whose last run ended well."""
    world, name, space = scene.world, f"{scene.bystander()}-sweep", scene.other_space
    spec = container("sweep", scene.image("sweep"), command=["/sweep"])
    template = Template([spec], more=(("restartPolicy", "Never"),))
    last = world.ago(hours(3))
    cron = plain(
        world, "CronJob", "batch/v1", name, space,
        spec={
            "schedule": "0 */6 * * *", "suspend": False, "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
            "jobTemplate": {"spec": {"backoffLimit": 6, "template": template.body()}},
        },
        status={"lastScheduleTime": last, "lastSuccessfulTime": world.ago(hours(2.9))},
    )  # fmt: skip
    ended = [
        condition("SuccessCriteriaMet", "True", "CompletionsReached", "", world.ago(hours(2.9))),
        condition("Complete", "True", "CompletionsReached", "", world.ago(hours(2.9))),
    ]
    job = plain(
        world, "Job", "batch/v1", f"{name}-{world.dice.randrange(29000000, 29900000)}", space,
        born=hours(3),
        spec={"backoffLimit": 6, "completions": 1, "parallelism": 1, "template": template.body()},
        status={"conditions": ended, "startTime": last, "completionTime": world.ago(hours(2.9)), "succeeded": 1},
    )  # fmt: skip
    job["metadata"]["ownerReferences"] = [owner(cron)]
    done = status(spec, terminated(0, "Completed", last, world.ago(hours(2.9))), ready=False)
    one = pod(world, job, scene.nth(0), [done], born=hours(3), phase="Succeeded")
    for flag in one["status"]["conditions"]:
        if flag["type"] in ("Ready", "ContainersReady"):
            flag["reason"] = "PodCompleted"


def waited_for_room(scene: Scene) -> None:
    """A pod that the scheduler could not place at first, and then could."""
    app = scene.healthy(scene.bystander(), space=scene.other_space, born=26)
    count = len(scene.nodes)
    text = f"0/{count} nodes are available: {count} Insufficient cpu. preemption: 0/{count} nodes are available: {count} No preemption victims found for incoming pod."
    unschedulable(scene.world, app.pods[0], text, 26.5, 26.3, 2)
    scheduled(scene.world, app.pods[0], 26.1)


def standby(scene: Scene) -> None:
    """Scaled to zero by intent, in somebody else's namespace."""
    app = scene.healthy(scene.bystander(), space=scene.other_space, replicas=1, exposed=False)
    for one in app.pods:
        scene.world.objects.remove(one)
        scene.world.logs = {
            key: text
            for key, text in scene.world.logs.items()
            if key.pod != one["metadata"]["name"]
        }
    app.parent["spec"]["replicas"] = app.child["spec"]["replicas"] = 0
    for told in (app.parent["status"], app.child["status"]):
        for key in ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"):
            told.pop(key, None)


def chatty_neighbour(scene: Scene) -> None:
    """Warnings and a few errors in a log, as every log has them."""
    app = scene.healthy(scene.bystander(), space=scene.pick(scene.space, scene.other_space))
    lines = (
        "WARN cache entry expired early, fetching again",
        "ERROR client closed the connection before the answer was written",
        "INFO retry 1/3 succeeded",
        "WARN deprecated header X-Legacy seen",
    )
    for one in app.pods:
        told = [(50.0 - n * 4, scene.dice.choice((scene.line(), *lines))) for n in range(10)]
        scene.world.log(one, app.spec["name"], *told)


def kubelet_events(scene: Scene) -> None:
    one: Json = scene.nodes[-1]
    event(scene.world, one, "NodeHasSufficientMemory", f"Node {one['metadata']['name']} status is now: NodeHasSufficientMemory", first=58, count=3)  # fmt: skip


NOISE = (
    old_restarts, probe_blip, neighbour_rolls, nightly_job, waited_for_room, standby,
    chatty_neighbour, kubelet_events,
)  # fmt: skip


def make_noise(scene: Scene) -> None:
    """Some of it, as the dice fall."""
    for make in scene.dice.sample(NOISE, scene.dice.randrange(1, 5)):
        make(scene)
