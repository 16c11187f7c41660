"""E. Configuration that is not there, and identities that may not."""

from evals.clusters.containers import env_from_key
from evals.clusters.objects import account, config_map, plain, secret
from evals.clusters.series import series
from evals.clusters.telling import root
from evals.clusters.world import Json, days
from evals.generated.failing import cannot_be_configured, cannot_be_mounted, crashes
from evals.generated.families.measuring import served
from evals.generated.registry import fault
from evals.generated.scene import App, Scene

DOWN = [
    "deploy.unavailable",
    "deploy.progress_deadline",
    "pod.crash_loop",
    "pod.probe.readiness_failing",
]


def unconfigured(scene: Scene, text: str, kind: str, called: str, key: str = "") -> App:
    """An app that needs a key of a ConfigMap or Secret, by variable or, without a key, as a file."""
    name = scene.back
    if key:
        spec = scene.spec(
            name,
            env=[env_from_key(key.upper().replace("-", "_").replace(".", "_"), kind, called, key)],
        )
        app = scene.failing(name, spec, cannot_be_configured(scene, text))
    else:
        spec = scene.spec(name, volumeMounts=[{"name": "settings", "mountPath": "/etc/app"}])
        source = (
            {"configMap": {"name": called}}
            if kind == "ConfigMap"
            else {"secret": {"secretName": called}}
        )
        fail = cannot_be_mounted(scene, f'MountVolume.SetUp failed for volume "settings" : {text}')
        app = scene.failing(name, spec, fail, volumes=({"name": "settings", **source},))
    scene.calls(scene.front, app, "ERROR GET {url}: connect: connection refused")
    return app


@fault(43)
def config_map_is_missing(scene: Scene) -> None:
    called = f"{scene.back}-{scene.pick('settings', 'config', 'env')}"
    config_map(
        scene.world,
        scene.space,
        f"{called}-{scene.pick('v2', 'prod', 'new')}",
        {"LOG_LEVEL": "info"},
    )
    app = unconfigured(
        scene, f'configmap "{called}" not found', "ConfigMap", called, scene.pick("LOG_LEVEL", "")
    )
    scene.tell(
        "down", app, root("pod.config_ref.configmap_missing", app.parent),
        # Another version, or that of another stage, is not what was meant by a slip: a person says which.
        fix=("fix.repoint", app.parent), repair="none", mention=(called,), symptoms_ok=DOWN,
    )  # fmt: skip


@fault(44)
def secret_is_elsewhere(scene: Scene) -> None:
    called = f"{scene.back}-{scene.pick('db', 'credentials', 'api-token')}"
    secret(scene.world, scene.other_space, called, {"password": "bm8="})
    app = unconfigured(
        scene, f'secret "{called}" not found', "Secret", called, scene.pick("password", "")
    )
    scene.tell(
        "down", app, root("pod.config_ref.secret_missing", app.parent),
        fix="none", mention=(called, scene.other_space), symptoms_ok=DOWN,
    )  # fmt: skip


@fault(45)
def key_was_renamed(scene: Scene) -> None:
    called = f"{scene.back}-config"
    wanted, there = scene.pick(
        ("db-host", "db-hostname"), ("LOG_LEVEL", "LOGLEVEL"), ("endpoint", "endpoints")
    )
    config_map(scene.world, scene.space, called, {there: "x", "other": "y"})
    text = f"couldn't find key {wanted} in ConfigMap {scene.space}/{called}"
    app = unconfigured(scene, text, "ConfigMap", called, wanted)
    scene.tell(
        "down", app, root("pod.config_ref.key_missing", app.parent),
        fix=("fix.repoint", app.parent), mention=(wanted, there), symptoms_ok=DOWN,
    )  # fmt: skip


@fault(46)
def asked_as_the_wrong_kind(scene: Scene) -> None:
    called = f"{scene.back}-conn"
    secret(scene.world, scene.space, called, {"url": "eA=="})
    app = unconfigured(
        scene, f'configmap "{called}" not found', "ConfigMap", called, scene.pick("url", "")
    )
    scene.tell(
        "down", app, root("pod.config_ref.kind_mixup", app.parent),
        fix=("fix.repoint", app.parent), mention=(called,),
        symptoms_ok=[*DOWN, "pod.config_ref.configmap_missing"],
    )  # fmt: skip


def denied(scene: Scene, verb: str, resource: str, group: str, rules: list[Json]) -> None:
    """An app whose log tells that its account may not, beside a Role with these rules."""
    name = scene.new_name()
    account(scene.world, scene.space, name)
    api = "rbac.authorization.k8s.io"
    role = plain(scene.world, "Role", f"{api}/v1", name, scene.space, rules=rules)
    subject = {"kind": "ServiceAccount", "name": name, "namespace": scene.space}
    reference = {"apiGroup": api, "kind": "Role", "name": name}
    binding = plain(
        scene.world,
        "RoleBinding",
        f"{api}/v1",
        name,
        scene.space,
        roleRef=reference,
        subjects=[subject],
    )
    line = (
        f'E1128 reflector.go:158] failed to {verb} *v1.X: {resource}.{group} is forbidden: User "system:serviceaccount:{scene.space}:{name}" '
        f'cannot {verb} resource "{resource}" in API group "{group}" in the namespace "{scene.space}"'
    ).replace(f"{resource}. is", f"{resource} is")
    well = scene.pick(True, False)
    if well:
        app = scene.healthy(name, spared=False, account=name)
        for one in app.pods:
            scene.complain(one, app.spec["name"], line)
    else:
        app = scene.failing(
            name,
            scene.spec(name),
            crashes(scene, "INFO starting", line, "FATAL cannot sync caches"),
            account=name,
        )
    scene.tell(
        "odd", app, root("rbac.denied", app.parent, role, binding, {"kind": "ServiceAccount", "metadata": {"name": name, "namespace": scene.space}}),
        fix="none", mention=(verb, resource), symptoms_ok=DOWN,
    )  # fmt: skip


@fault(47, "logs")
def role_lacks_a_verb(scene: Scene) -> None:
    resource, group = scene.pick(
        ("leases", "coordination.k8s.io"), ("configmaps", ""), ("jobs", "batch")
    )
    verb = scene.pick("update", "patch", "delete")
    denied(
        scene,
        verb,
        resource,
        group,
        [{"apiGroups": [group], "resources": [resource], "verbs": ["get", "list"]}],
    )


@fault(48, "logs")
def role_names_the_wrong_group(scene: Scene) -> None:
    resource, group, wrong = scene.pick(
        ("ingresses", "networking.k8s.io", "extensions"),
        ("cronjobs", "batch", ""),
        ("deployments", "apps", "extensions"),
    )
    verb = scene.pick("list", "watch")
    denied(
        scene,
        verb,
        resource,
        group,
        [{"apiGroups": [wrong], "resources": [resource], "verbs": ["get", "list", "watch"]}],
    )


def edited(scene: Scene, one: Json, field: str) -> None:
    """Somebody wrote this key of a ConfigMap or Secret when the trouble began."""
    one["metadata"]["managedFields"] = [
        {
            "manager": scene.pick("kubectl-edit", "rotator", "Mozilla"), "operation": "Update",
            "apiVersion": "v1", "time": scene.world.ago(scene.since),
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {field: {}}},
        }
    ]  # fmt: skip


@fault(50, "logs")
def secret_was_rotated(scene: Scene) -> None:
    called = f"{scene.back}-db"
    one = secret(scene.world, scene.space, called, {"password": "bmV3"}, born=days(100))
    edited(scene, one, "f:password")
    spec = scene.spec(scene.back, env=[env_from_key("DB_PASSWORD", "Secret", called, "password")])
    app = scene.healthy(scene.back, spec=spec, spared=False, born=days(6))
    line = scene.pick(
        'FATAL: password authentication failed for user "app"',
        "ERROR 1045 (28000): Access denied for user 'app'@'10.1.4.7' (using password: YES)",
    )
    for each in app.pods:
        scene.complain(each, spec["name"], line)
    scene.tell(
        "odd", app, root("config.changed_not_reloaded", app.parent, one),
        fix=("fix.restart", app.parent), symptoms_ok=["app.credentials_refused"],
    )  # fmt: skip


@fault(51, "logs metrics")
def reload_halves_the_cache(scene: Scene) -> None:
    called = f"{scene.back}-tuning"
    config = config_map(scene.world, scene.space, called, {"cache.max_entries": "20000"})
    edited(scene, config, "f:cache.max_entries")
    volume = {"name": "tuning", "configMap": {"name": called}}
    spec = scene.spec(scene.back, volumeMounts=[{"name": "tuning", "mountPath": "/etc/tuning"}])
    app = scene.healthy(scene.back, spec=spec, volumes=(volume,), spared=False)
    scene.calls(scene.front, app)
    for one in app.pods:
        lines = [(scene.since + 20 - n, scene.line()) for n in range(15)]
        reloaded = "INFO configuration reloaded: cache.max_entries 500000 -> 20000"
        scene.world.log(one, spec["name"], *lines, (scene.since, reloaded), (2.0, scene.line()))
        labels = {"namespace": scene.space, "pod": one["metadata"]["name"]}
        series(
            scene.world,
            "cache_hit_ratio",
            "gauge",
            (labels, lambda ago: 0.94 if ago > scene.since else 0.46),
            span=180,
        )
    served(scene, app, lambda ago: 0.05 if ago > scene.since else 0.21)
    scene.tell("slow", app, root("app.regression_after_change", app.parent, config), fix="none")
