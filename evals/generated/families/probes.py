"""D. Probes that ask the wrong thing, or too early."""

from evals.clusters.containers import http_probe, port
from evals.clusters.telling import root
from evals.generated.failing import is_killed_by_probe, is_unready
from evals.generated.registry import fault
from evals.generated.scene import Scene

UNREADY = ["pod.probe.readiness_failing", "deploy.unavailable", "deploy.progress_deadline", "service.endpoints_not_ready"]  # fmt: skip
KILLED = ["pod.killed_not_oom", "pod.crash_loop", "pod.restart_storm", "deploy.unavailable", "deploy.progress_deadline", "pod.probe.timeout"]  # fmt: skip


@fault(33, "events logs")
def liveness_kills(scene: Scene) -> None:
    """It answers, but not within the second that the probe allows."""
    probe = http_probe(scene.pick("/healthz", "/live"), "http", timeoutSeconds=1, periodSeconds=5)
    spec = scene.spec(scene.back, livenessProbe=probe)
    text = 'Get "http://{ip}:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    fail = is_killed_by_probe(
        scene,
        text,
        "INFO listening",
        "INFO collecting garbage took 1900ms",
        "INFO SIGTERM received",
    )
    app = scene.failing(scene.back, spec, fail)
    scene.calls(scene.front, app, "ERROR GET {url}: connection reset by peer")
    scene.tell(
        "restarts", app, root("pod.probe.liveness_kills", app.parent),
        fix=("fix.probe", app.parent), symptoms_ok=KILLED,
    )  # fmt: skip


@fault(36, "events logs")
def probe_knocks_next_door(scene: Scene) -> None:
    right, wrong = scene.pick((8080, 8081), (3000, 8080), (9090, 9091), (8000, 8080))
    before = scene.spec(
        scene.back, ports=[port(right, "http")], readinessProbe=http_probe("/ready", right)
    )
    spec = {
        **before,
        "readinessProbe": http_probe("/ready", wrong),
        "image": scene.image(scene.back),
    }
    text = (
        f'Get "http://{{ip}}:{wrong}/ready": dial tcp {{ip}}:{wrong}: connect: connection refused'
    )
    line = scene.pick(
        f"INFO listening on 0.0.0.0:{right}",
        f"Server started on port {right}",
        f"listening on :{right}",
    )
    rolled = scene.pick(True, False)
    app = scene.failing(
        scene.back, spec, is_unready(scene, text, line), before=before if rolled else None
    )
    if not rolled:
        scene.calls(scene.front, app, "ERROR GET {url}: connect: connection refused")
    scene.tell(
        "rollout" if rolled else "down", app, root("pod.probe.port_mismatch", app.parent),
        fix=("fix.probe", app.parent), mention=(wrong, right), symptoms_ok=UNREADY,
    )  # fmt: skip


@fault(36, twin=True)
def probe_knocks_at_home(scene: Scene) -> None:
    number = scene.pick(8080, 3000, 9090)
    spec = scene.spec(
        scene.back, ports=[port(number, "http")], readinessProbe=http_probe("/ready", number)
    )
    app = scene.healthy(scene.back, spec=spec)
    scene.calls(scene.front, app)
    scene.tell("fine", app)


@fault(37, "events")
def probe_asks_for_no_page(scene: Scene) -> None:
    path = scene.pick("/healthz", "/status/ready", "/actuator/health")
    before = scene.spec(scene.back)
    spec = {**before, "readinessProbe": http_probe(path, "http"), "image": scene.image(scene.back)}
    text = "HTTP probe failed with statuscode: 404"
    rolled = scene.pick(True, False)
    fail = is_unready(scene, text, f'GET {path} 404 "kube-probe/1.32"')
    app = scene.failing(scene.back, spec, fail, before=before if rolled else None)
    scene.tell(
        "rollout", app, root("pod.probe.http_status", app.parent),
        fix=("fix.probe", app.parent), repair=None if rolled else "none",
        mention=(path, "404"), symptoms_ok=UNREADY,
    )  # fmt: skip


@fault(38, "events logs")
def slow_to_boot(scene: Scene) -> None:
    probe = http_probe("/healthz", "http", periodSeconds=10, failureThreshold=3)
    spec = scene.spec(scene.back, livenessProbe=probe)
    text = 'Get "http://{ip}:8080/healthz": dial tcp {ip}:8080: connect: connection refused'
    lines = ("INFO loading model 1 of 9", "INFO loading model 2 of 9", "INFO loading model 3 of 9")
    app = scene.failing(
        scene.back,
        spec,
        is_killed_by_probe(scene, text, *lines, code=scene.pick(137, 143), lived=0.6),
    )
    scene.calls(scene.front, app, "ERROR GET {url}: connect: connection refused")
    scene.tell(
        "restarts", app, root("pod.probe.startup_budget", app.parent),
        fix=("fix.probe", app.parent), symptoms_ok=[*KILLED, "pod.probe.liveness_kills"],
    )  # fmt: skip
