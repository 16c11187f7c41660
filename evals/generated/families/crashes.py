"""C. Containers that end."""

import base64
from datetime import timedelta

from evals.clusters.containers import env, limits
from evals.clusters.events import event
from evals.clusters.objects import secret
from evals.clusters.pods import pod
from evals.clusters.series import series
from evals.clusters.telling import root
from evals.clusters.world import Json, days
from evals.generated.certificates import certificate
from evals.generated.failing import crashes, was_killed_for_memory
from evals.generated.registry import fault
from evals.generated.scene import Scene

CRASHED = ["pod.crash_loop", "deploy.unavailable", "deploy.progress_deadline", "pod.restart_storm"]


@fault(24)
def limit_is_too_low(scene: Scene) -> None:
    most = scene.pick("96Mi", "128Mi", "200Mi", "256Mi")
    spec = scene.spec(scene.back, resources=limits("", most, request=("100m", most)))
    back = scene.pick(True, False)
    app = scene.failing(scene.back, spec, was_killed_for_memory(scene, back=back))
    if back:
        count = app.parent["spec"]["replicas"]
        app.parent["status"].update(readyReplicas=count, availableReplicas=count)
        app.parent["status"].pop("unavailableReplicas", None)
        app.child["status"].update(readyReplicas=count, availableReplicas=count)
    scene.calls(scene.front, app, "ERROR GET {url}: EOF")
    scene.tell(
        "restarts", app, root("pod.oom_killed", app.parent),
        fix=("fix.memory", app.parent), mention=(most,), symptoms_ok=CRASHED,
    )  # fmt: skip


@fault(24, twin=True)
def limit_is_high_enough(scene: Scene) -> None:
    spec = scene.spec(scene.back, resources=limits("", "1Gi", request=("100m", "512Mi")))
    app = scene.healthy(scene.back, spec=spec)
    scene.calls(scene.front, app)
    scene.tell("fine", app)


@fault(25, "metrics alerts events")
def killed_and_gone(scene: Scene) -> None:
    """The pod that was killed for memory has been replaced since."""
    app = scene.healthy(scene.back, born=9, spared=False)
    world, name = scene.world, app.spec["name"]
    gone = f"{app.child['metadata']['name']}-{world.letters(5)}"
    labels = {"namespace": scene.space, "pod": gone, "container": name}
    series(
        world, "kube_pod_container_status_last_terminated_reason", "gauge",
        ({**labels, "reason": "OOMKilled"}, lambda ago: float(ago < 40)), span=120,
    )  # fmt: skip
    limit = 512 * 2**20
    series(
        world, "container_memory_working_set_bytes", "gauge",
        (labels, lambda ago: limit * (0.99 if ago > 15 else 0.97)), span=120,
    )  # fmt: skip
    about: Json = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": world.meta(gone, scene.space, born=400),
    }
    text = f"Back-off restarting failed container {name} in pod {gone}_{scene.space}({about['metadata']['uid']})"
    event(world, about, "BackOff", text, warn=True, first=38, last=11, count=12)
    world.alerts.append(
        {
            "labels": {"alertname": "ContainerOOMKilled", "severity": "warning", **labels},
            "annotations": {"summary": f"Container {name} of {gone} was OOMKilled"},
            "startsAt": world.ago(38), "endsAt": world.ago(-5), "updatedAt": world.ago(1),
            "fingerprint": world.letters(16), "generatorURL": "http://prometheus:9090/graph",
            "receivers": [{"name": "team"}],
            "status": {"state": "active", "inhibitedBy": [], "silencedBy": []},
        }
    )  # fmt: skip
    scene.tell("restarts", app, root("pod.oom_killed", app.parent), fix="none")


@fault(27, "logs")
def setting_got_lost(scene: Scene) -> None:
    variable = scene.pick("DATABASE_URL", "QUEUE_BROKER", "SESSION_KEY_PATH", "LEDGER_ENDPOINT")
    before = scene.spec(scene.back, env=env(**{variable: "x://somewhere", "LOG_LEVEL": "info"}))
    spec = {**before, "image": scene.image(scene.back), "env": env(LOG_LEVEL="info")}
    line = scene.pick(
        f"KeyError: '{variable}'",
        f"Error: required environment variable {variable} is not set",
        f"panic: environment variable {variable} must be set",
        f"fatal: missing required env {variable}",
    )
    app = scene.failing(
        scene.back, spec, crashes(scene, "INFO starting", line, code=1), before=before
    )
    scene.tell(
        "rollout", app, root("app.missing_setting", app.parent),
        fix=("fix.rollback", app.parent), mention=(variable,), symptoms_ok=CRASHED,
    )  # fmt: skip


@fault(31)
def segfault_after_an_update(scene: Scene) -> None:
    before = scene.spec(scene.back)
    spec = {**before, "image": scene.image(scene.back)}
    code = scene.pick(139, 134)
    lines = (
        ("INFO starting workers",)
        if code == 139
        else ("terminate called after throwing an instance of 'std::bad_variant_access'",)
    )
    app = scene.failing(scene.back, spec, crashes(scene, *lines, code=code), before=before)
    scene.tell(
        "rollout", app, root("pod.native_crash", app.parent),
        fix=("fix.rollback", app.parent), mention=(code,), symptoms_ok=CRASHED,
    )  # fmt: skip


@fault(32)
def ends_well_for_ever(scene: Scene) -> None:
    name = scene.new_name()
    command = scene.pick(
        ["python", "migrate.py"], ["/bin/import", "--once"], ["sh", "-c", "echo done"]
    )
    spec = scene.spec(name, command=command)
    fail = crashes(scene, "import finished, bye", code=0, reason="Completed")
    app = scene.failing(name, spec, fail, exposed=False)
    scene.tell(
        "restarts", app, root("pod.exit_zero_loop", app.parent), fix="none", symptoms_ok=CRASHED
    )


@fault(34)
def logs_fill_the_disk(scene: Scene) -> None:
    most = scene.pick("1Gi", "500Mi", "2Gi")
    resources = limits("500m", "512Mi", request=("100m", "256Mi"))
    resources["limits"]["ephemeral-storage"] = most
    name = scene.new_name()
    app = scene.healthy(name, spec=scene.spec(name, resources=resources), spared=False, born=7)
    text = scene.pick(
        f"Pod ephemeral local storage usage exceeds the total limit of containers {most}. ",
        f'Container {app.spec["name"]} exceeded its local ephemeral storage limit "{most}". ',
    )
    for n in range(2):
        one = pod(scene.world, app.child, scene.nth(n), [], born=40 + n * 30, phase="Failed")
        one["status"] = {
            "phase": "Failed", "reason": "Evicted", "message": text, "startTime": scene.world.ago(40 + n * 30),
        }  # fmt: skip
        event(scene.world, one, "Evicted", text, warn=True, first=8 + n * 25)
        event(
            scene.world, one, "Killing", f"Stopping container {app.spec['name']}", first=8 + n * 25
        )
    scene.tell(
        "restarts", app, root("pod.evicted.own_storage", app.parent), fix="none", mention=(most,)
    )


@fault(28, "logs")
def certificate_has_expired(scene: Scene) -> None:
    name, called = scene.back, f"{scene.back}-tls"
    ended = scene.world.moment(scene.since)
    pem = certificate(f"{name}.{scene.space}.svc", begins=ended - timedelta(days=90), ends=ended)
    keys = {
        "tls.crt": base64.b64encode(pem).decode(),
        "tls.key": base64.b64encode(b"-----BEGIN PRIVATE KEY-----\n").decode(),
    }
    secret(scene.world, scene.space, called, keys, kind="kubernetes.io/tls", born=days(90))
    mount = {"name": "tls", "mountPath": "/tls", "readOnly": True}
    spec = scene.spec(name, volumeMounts=[mount])
    now = scene.world.ago(2)
    line = f"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {now} is after {ended:%Y-%m-%dT%H:%M:%SZ}"
    disk = {"name": "tls", "secret": {"secretName": called}}
    app = scene.failing(name, spec, crashes(scene, f"FATAL {line}"), volumes=(disk,))
    held = {"kind": "Secret", "metadata": {"name": called, "namespace": scene.space}}
    scene.tell(
        "down", app, root("tls.expiring tls.expired", app.parent, held),
        fix="none", symptoms_ok=CRASHED,
    )  # fmt: skip
