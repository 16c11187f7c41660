"""Figures that programs count of themselves."""

from collections.abc import Callable

from evals.clusters.series import requests
from evals.generated.scene import App, Scene


def served(scene: Scene, app: App, slow: Callable[[float], float]) -> None:
    """What it counts of its requests, by the names of a common library and at a usual interval."""
    name, label = scene.pick(
        ("http_request_duration_seconds", "code"),
        ("http_server_requests_seconds", "status"),
        ("http_server_request_duration_seconds", "http_response_status_code"),
    )
    labels = {"namespace": scene.space, "service": app.name, label: "200"}
    rate, step = scene.pick(3.0, 15.0, 60.0), scene.pick(0.5, 1.0, 5.0)
    requests(scene.world, name, labels, slow, a_second=rate, span=180, step=step)
