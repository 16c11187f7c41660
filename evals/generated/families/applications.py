"""J. What only logs and figures of a program tell."""

from evals.clusters.containers import env
from evals.clusters.events import scaled
from evals.clusters.objects import plain
from evals.clusters.series import series
from evals.clusters.telling import root
from evals.clusters.workloads import replicaset
from evals.clusters.world import days
from evals.generated.failing import crashes
from evals.generated.families.measuring import served
from evals.generated.registry import fault
from evals.generated.scene import App, Scene


@fault(85, "logs")
def one_line_among_many(scene: Scene) -> None:
    variable = scene.pick("PRICE_FEED_URL", "SMTP_HOST", "REGION_CODE")
    lines = [scene.line() for _ in range(180)]
    lines[150] = f"Error: environment variable {variable} is required but not set"
    app = scene.failing(scene.back, scene.spec(scene.back), crashes(scene, *lines, lived=1.5))
    scene.tell(
        "restarts",
        app,
        root("app.missing_setting", app.parent),
        mention=(variable,),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )


@fault(90, "logs")
def configuration_of_another_environment(scene: Scene) -> None:
    """What went wrong is told forty lines before what fails."""
    variable = scene.pick("APP_PROFILE", "DEPLOY_ENV")
    first = f"WARN {variable} is not set, loading configuration of 'staging'"
    last = "ERROR cannot open ledger-staging.internal:5432: connection refused"
    lines = ["INFO starting", first, *(scene.line() for _ in range(40)), last, "FATAL exiting"]
    app = scene.failing(
        scene.back, scene.spec(scene.back, env=env(LOG="info")), crashes(scene, *lines)
    )
    scene.tell(
        "down",
        app,
        root("app.missing_setting", app.parent),
        mention=(variable,),
        symptoms_ok=["pod.crash_loop", "deploy.unavailable", "app.dependency_unreachable"],
    )


def rolled(scene: Scene, name: str) -> App:
    """An app whose new revision is well by all that Kubernetes sees."""
    app = scene.healthy(name, born=scene.since, spared=False)
    older = {**app.spec, "image": scene.image(name)}
    template = scene.template(name, older)
    old = replicaset(
        scene.world, app.parent, replicas=0, total=0, born=days(14), revision=2, template=template
    )
    scaled(scene.world, app.parent, app.child["metadata"]["name"], 0, scene.replicas, scene.since)
    scaled(scene.world, app.parent, old["metadata"]["name"], scene.replicas, 0, scene.since - 1)
    scene.world.changes.append(
        {
            "at": scene.world.ago(scene.since), "kind": "deploy", "id": scene.world.letters(8), "author": "lin",
            "target": {"kind": "Deployment", "namespace": scene.space, "name": name},
            "summary": f"{name}: {older['image']} -> {app.spec['image']}",
        }
    )  # fmt: skip
    return app


@fault(89, "logs")
def only_orders_with_a_promotion_fail(scene: Scene) -> None:
    app = rolled(scene, scene.back)
    for one in app.pods:
        bad = "ERROR POST /orders promo=SPRING status=500 IndexError: list index out of range"
        good = "INFO POST /orders promo=- status=201"
        told = [(scene.since - 1 - n / 2, bad if n % 3 else good) for n in range(20)]
        scene.world.log(one, app.spec["name"], *told)
    scene.calls(scene.front, app)
    scene.tell(
        "odd",
        app,
        root("app.regression_after_change", app.parent),
        fix=("fix.rollback", app.parent),
    )


@fault(94, "metrics")
def new_version_is_slow(scene: Scene) -> None:
    app = rolled(scene, scene.back)
    slow = scene.pick(2.1, 0.9, 4.0)
    served(scene, app, lambda ago: 0.05 if ago > scene.since else slow)
    scene.calls(scene.front, app)
    scene.tell(
        "slow",
        app,
        root("app.regression_after_change", app.parent),
        fix=("fix.rollback", app.parent),
    )


@fault(95, "metrics logs")
def consumer_waits_for_what_it_calls(scene: Scene) -> None:
    base = scene.failing(
        scene.back,
        scene.spec(scene.back),
        crashes(scene, "fatal: required environment variable STORE_DSN is not set"),
    )
    app = scene.calls(
        scene.middle,
        base,
        "WARN message held back: POST {url}: connect: connection refused, retrying",
    )
    labels = {"namespace": scene.space, "topic": "events", "consumergroup": app.name}
    series(
        scene.world,
        "kafka_consumergroup_lag",
        "gauge",
        (labels, lambda ago: 40 if ago > scene.since else 40 + (scene.since - ago) * 900),
        span=180,
    )
    scene.tell(
        "slow",
        app,
        root("app.missing_setting", base.parent),
        symptoms_ok=["app.dependency_unreachable", "pod.crash_loop", "deploy.unavailable"],
    )


@fault(97)
def delivered_to_a_misspelt_namespace(scene: Scene) -> None:
    wrong = f"{scene.space}s"
    scene.healthy(scene.back)
    at = scene.world.ago(scene.since)
    text = f'failed to sync: namespaces "{wrong}" not found'
    one = plain(
        scene.world, "Application", "argoproj.io/v1alpha1", scene.middle, "argocd", born=days(3),
        spec={
            "project": "default", "destination": {"namespace": wrong, "server": "https://kubernetes.default.svc"},
            "source": {"repoURL": "https://git.example/x.git", "path": "deploy", "targetRevision": "main"},
        },
        status={
            "sync": {"status": "OutOfSync"}, "health": {"status": "Missing", "lastTransitionTime": at},
            "conditions": [{"type": "SyncError", "message": text, "lastTransitionTime": at}],
            "operationState": {"phase": "Failed", "message": text, "startedAt": at, "finishedAt": at},
        },
    )  # fmt: skip
    scene.tell("odd", one, root("delivery.failed", one), fix="none", mention=(wrong,))
