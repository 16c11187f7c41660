"""J. One cause that walks up a chain of calls, and causes that come in twos."""

from evals.clusters.containers import limits
from evals.clusters.objects import config_map
from evals.clusters.series import series
from evals.clusters.telling import root
from evals.generated.failing import (
    cannot_be_configured,
    cannot_be_pulled,
    crashes,
    was_killed_for_memory,
)
from evals.generated.families.images import unpack
from evals.generated.registry import fault
from evals.generated.scene import App, Scene

FELT = [
    "app.dependency_unreachable",
    "deploy.unavailable",
    "pod.crash_loop",
    "service.endpoints_not_ready",
]


def through_the_middle(scene: Scene, base: App) -> App:
    """Two hops above what fails; the callers run, and complain."""
    middle = scene.calls(
        scene.middle, base, "ERROR GET {url}/v2: dial tcp 10.96.8.8:80: connect: connection refused"
    )
    return scene.calls(
        scene.front, middle, "ERROR GET {url}/v1: upstream returned 503 Service Unavailable"
    )


@fault(91, "logs")
def cache_takes_all_down(scene: Scene) -> None:
    spec = scene.spec(
        scene.back,
        resources=limits("", "64Mi", request=("50m", "64Mi")),
        image=f"redis:{scene.pick('7.2.6', '7.4.2')}",
    )
    base = scene.failing(scene.back, spec, was_killed_for_memory(scene, times=9, back=False))
    top = through_the_middle(scene, base)
    scene.tell(
        "down",
        top,
        root("pod.oom_killed", base.parent),
        fix=("fix.memory", base.parent),
        mention=("64Mi",),
        symptoms_ok=FELT,
    )


@fault(91, "logs events")
def one_that_cannot_start_takes_all_down(scene: Scene) -> None:
    """At either of the two lower hops, for want of its ConfigMap or of its image."""
    deep = scene.pick(True, False)
    name = scene.back if deep else scene.middle
    if not deep:
        scene.healthy(scene.back)
    called, spec = f"{name}-config", scene.spec(name)
    if scene.pick(True, False):
        config_map(scene.world, scene.space, f"{called}-2", {"a": "b"})
        spec["envFrom"] = [{"configMapRef": {"name": called}}]
        fail = cannot_be_configured(scene, f'configmap "{called}" not found')
        rule, told = "pod.config_ref.configmap_missing", called
    else:
        told = spec["image"]
        fail = cannot_be_pulled(scene, unpack(told, f"{told}: not found", "NotFound"))
        rule = "pod.image_pull.not_found"
    base = scene.failing(name, spec, fail)
    top = (
        through_the_middle(scene, base)
        if deep
        else scene.calls(scene.front, base, "ERROR GET {url}: connect: connection refused")
    )
    scene.tell("down", top, root(rule, base.parent), mention=(told,), symptoms_ok=FELT)


@fault(92, "logs metrics")
def slow_database_empties_the_pool(scene: Scene) -> None:
    base = scene.healthy(scene.back, spared=False)
    app = scene.calls(
        scene.middle,
        base,
        "ERROR connection pool exhausted: 100/100 in use, 37 waiting",
        spared=False,
    )
    scene.calls(scene.front, app, "ERROR GET {url}: context deadline exceeded")
    for one in base.pods:
        scene.complain(
            one,
            base.spec["name"],
            "WARN slow query: duration=8412ms select from orders where state=$1 (seq scan)",
        )
        labels = {"namespace": scene.space, "pod": one["metadata"]["name"], "service": base.name}
        series(
            scene.world,
            "query_duration_seconds_p95",
            "gauge",
            (labels, lambda ago: 0.03 if ago > scene.since else 8.2),
            span=180,
        )
    scene.tell(
        "slow",
        app,
        root("app.slow_queries", base.parent),
        fix="none",
        symptoms_ok=[],
    )


@fault(93, "logs")
def one_client_asks_too_much(scene: Scene) -> None:
    base = scene.healthy(scene.back, spared=False)
    client = scene.calls(
        scene.middle, base, "WARN GET {url}: 429 Too Many Requests (limit 100 rps)", spared=False
    )
    for one in base.pods:
        scene.complain(
            one,
            base.spec["name"],
            f"WARN rate limit exceeded client={client.name} rate=1004/s allowed=100/s -> 429",
            times=14,
        )
    scene.tell(
        "slow",
        base,
        root("app.exhausted", base.parent, client.parent),
        fix="none",
        mention=("429",),
    )


@fault(102, "events logs")
def two_faults_at_once(scene: Scene) -> None:
    first = scene.failing(
        scene.back, scene.spec(scene.back), crashes(scene, "KeyError: 'TOKEN_FILE'")
    )
    second_name = scene.new_name()
    spec = scene.spec(second_name)
    image = spec["image"]
    second = scene.failing(
        second_name, spec, cannot_be_pulled(scene, unpack(image, f"{image}: not found", "NotFound"))
    )
    scene.tell(
        "odd", first, root("app.missing_setting", first.parent), root("pod.image_pull.not_found", second.parent),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )  # fmt: skip


@fault(103, "events logs")
def one_fault_behind_another(scene: Scene) -> None:
    """A caller that ends when it cannot reach what is missing its ConfigMap."""
    called = f"{scene.back}-rules"
    spec = scene.spec(scene.back, envFrom=[{"configMapRef": {"name": called}}])
    base = scene.failing(
        scene.back, spec, cannot_be_configured(scene, f'configmap "{called}" not found')
    )
    name = scene.middle
    wanted = scene.spec(name, env=[{"name": "BACK", "value": f"http://{base.name}:80"}])
    line = f"FATAL cannot reach http://{base.name}:80: connection refused"
    top = scene.failing(name, wanted, crashes(scene, line))
    scene.tell(
        "down",
        top,
        root("pod.config_ref.configmap_missing", base.parent),
        mention=(called,),
        symptoms_ok=FELT,
    )
