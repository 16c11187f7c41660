"""L. Alerts that tell of themselves."""

from evals.clusters.world import Json
from evals.generated.registry import fault
from evals.generated.scene import Scene


def alert(scene: Scene, name: str, minutes: float, *, ended: bool = False, **labels: str) -> Json:
    world = scene.world
    told: Json = {
        "labels": {"alertname": name, **labels},
        "annotations": {"summary": name},
        "startsAt": world.ago(minutes),
        "endsAt": world.ago(6 if ended else -4),
        "updatedAt": world.ago(1),
        "fingerprint": world.letters(16),
        "generatorURL": "http://prometheus:9090/graph",
        "receivers": [{"name": "team"}],
        "status": {"state": "active", "inhibitedBy": [], "silencedBy": []},
    }
    world.alerts.append(told)
    return told


@fault(121, "alerts")
def heartbeat_fires(scene: Scene) -> None:
    alert(scene, "Watchdog", 60 * 24 * 20, severity="none")
    app = scene.healthy(scene.back)
    scene.calls(scene.front, app)
    scene.tell("fine", app)


@fault(127, "alerts")
def alert_is_over(scene: Scene) -> None:
    app = scene.healthy(scene.back)
    alert(
        scene,
        "HighLatency",
        50,
        ended=True,
        severity="warning",
        namespace=scene.space,
        service=app.name,
    )
    scene.tell("fine", app)
