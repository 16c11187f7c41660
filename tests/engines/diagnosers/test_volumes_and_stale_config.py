"""Volumes that are nearly full, and containers that hold on to an earlier configuration."""

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.faults import is_fault
from mcp_servers.facts.findings import Confidence, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, LogLines, Ref
from mcp_servers.facts.metrics import Series
from tests.factories import (
    OLD,
    at,
    cluster,
    container,
    deployment,
    ended,
    found,
    log,
    pod,
    replica_set,
    roots,
    rules,
    running,
    stamp,
    thing,
    waiting,
)

GIB = 2**30
NO_SPACE = 'PANIC: could not write to file "/var/lib/db/wal/3": No space left on device'


def volume_series(name: str, values: list[float]) -> Series:
    labels = (("namespace", "shop"), ("persistentvolumeclaim", "data"))
    step = 480 / max(len(values) - 1, 1)
    points = tuple((at(480 - step * n), value) for n, value in enumerate(values))
    role = f"kubelet_volume_stats_{name}"
    return Series(role, labels, points, role=role)


def filled(*shares: float, of: str = "bytes") -> list[Series]:
    whole = 10.0 * GIB if of == "bytes" else 1000.0
    used, capacity = (
        ("used_bytes", "capacity_bytes") if of == "bytes" else ("inodes_used", "inodes")
    )
    return [
        volume_series(used, [whole * share for share in shares]),
        volume_series(capacity, [whole] * len(shares)),
    ]


def database(*, mount: Json | None = None, status: Json | None = None) -> list[Json]:
    mounts = [{"name": "data", "mountPath": "/var/lib/db", **(mount or {})}]
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    made = deployment(
        "db",
        replicas=1,
        ready=0 if status else 1,
        containers=[container("db", volumeMounts=mounts)],
        pod_spec={"volumes": volumes},
    )
    owner = replica_set(made)
    return [made, owner, pod(owner, status=[status or running("db")], age=OLD)]


def claim(*, grows: bool = True, **spec: object) -> list[Json]:
    asked = {"storageClassName": "ssd", "accessModes": ["ReadWriteOnce"], **spec}
    status = {"phase": "Bound", "capacity": {"storage": "10Gi"}}
    return [
        thing("PersistentVolumeClaim", "data", spec=asked, status=status),
        thing("StorageClass", "ssd", provisioner="csi.example.com", allowVolumeExpansion=grows),
    ]


def test_a_volume_that_is_nearly_full_shows_the_figures_and_can_be_expanded() -> None:
    seen = cluster(*database(), *claim(), series=filled(0.80, 0.84, 0.86, 0.88))
    finding = found(seen, "pvc.nearly_full")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["share"], finding.params["what"]) == ("88%", "space")
    assert finding.since == at(160)
    assert finding.fix is not None
    assert (finding.fix.id, finding.fix.target.name) == ("fix.expand_pvc", "data")
    assert finding.affected == (Ref("Deployment", "shop", "db"),)


def test_a_steady_growth_says_when_the_volume_will_be_full() -> None:
    growing = [0.5 + 0.01 * n for n in range(40)]
    finding = found(cluster(*database(), *claim(), series=filled(*growing)), "pvc.nearly_full")
    assert finding.params["full_at"] > stamp(0)


def test_almost_full_is_grave_and_a_class_that_cannot_grow_offers_no_fix() -> None:
    seen = cluster(*database(), *claim(grows=False), series=filled(0.9, 0.97))
    finding = found(seen, "pvc.nearly_full")
    assert finding.severity is Severity.HIGH
    assert (finding.fix, finding.params["fixed_class"]) == (None, "ssd")


def test_a_volume_without_inodes_is_full_too() -> None:
    series = [*filled(0.2, 0.2), *filled(0.9, 0.96, of="inodes")]
    assert found(cluster(*database(), *claim(), series=series), "pvc.nearly_full").params[
        "what"
    ] == ("inodes")


def crashed() -> list[Json]:
    status = waiting("db", "CrashLoopBackOff", lastState=ended(1, ago=2), restartCount=6)
    return database(status=status)


def last_words(objects: list[Json], line: str = NO_SPACE) -> LogLines:
    return log(objects[2], line, name="db", previous=True, last=2)


def test_a_full_volume_is_why_its_database_cannot_write_and_crashes() -> None:
    objects = crashed()
    seen = cluster(*objects, *claim(), series=filled(0.9, 1.0), logs=[last_words(objects)])
    assert {"app.exhausted", "pod.crash_loop"} <= rules(seen)
    assert roots(seen) == ["pvc.nearly_full"]


def test_without_figures_the_complaint_of_a_program_is_inferred_from() -> None:
    objects = crashed()
    seen = cluster(*objects, *claim(), logs=[last_words(objects)])
    finding = found(seen, "pvc.nearly_full")
    assert finding.confidence is Confidence.INFERRED
    assert "No space left" in finding.params["log_line"]


@pytest.mark.parametrize(
    "seen",
    [
        cluster(*database(), *claim(), series=filled(0.7, 0.8)),
        cluster(*database(), *claim()),
        cluster(*database(mount={"readOnly": True}), *claim(), series=filled(0.9, 0.99)),
        cluster(*database(), *claim(accessModes=["ReadOnlyMany"]), series=filled(0.9, 0.99)),
        cluster(
            *(objects := crashed()),
            *claim(),
            logs=[last_words(objects, "write /tmp/cache: no space left on device")],
        ),
    ],
    ids=[
        "room is left",
        "no figures",
        "mounted to read",
        "a claim to read",
        "another place is full",
    ],
)
def test_a_volume_with_room_or_only_read_or_not_measured_is_silent(seen: Cluster) -> None:
    assert "pvc.nearly_full" not in rules(seen)


def edited(kind: str = "Secret", *, ago: float = 40, made: float = OLD, **fields: object) -> Json:
    held = thing(kind, "db-login", age=made, **fields)
    entry = {"f:data": {".": {}, "f:password": {}}}
    held["metadata"]["managedFields"] = [
        {"manager": "rotator", "time": stamp(ago), "fieldsV1": entry},
        {"manager": "labeller", "time": stamp(1), "fieldsV1": {"f:metadata": {"f:labels": {}}}},
    ]
    return held


VARIABLE = [
    {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db-login", "key": "password"}}}
]


def user(*, since: float = 600, **more: object) -> list[Json]:
    fields = {"env": VARIABLE, **more.pop("fields", {})}  # type: ignore[dict-item]
    made = deployment("api", replicas=1, containers=[container("api", **fields)], **more)
    owner = replica_set(made)
    return [made, owner, pod(owner, status=[running("api", since=since)], age=OLD)]


def test_a_variable_from_a_secret_that_was_changed_since_gives_both_times() -> None:
    seen = cluster(*user(), edited())
    finding = found(seen, "config.changed_not_reloaded")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["changed_at"] == stamp(40)
    assert finding.params["started_at"] == stamp(600)
    assert finding.fix is not None
    assert finding.fix.id == "fix.restart"


def test_nothing_is_wrong_as_long_as_nothing_comes_of_it() -> None:
    seen = cluster(*user(), edited())
    assert not any(is_fault(one) for one in diagnose(seen) if one.rule.startswith("config."))
    assert roots(seen) == []


def test_a_rotated_secret_is_why_the_old_one_is_refused() -> None:
    objects = user()
    lines = ['FATAL: password authentication failed for user "api"'] * 4
    seen = cluster(*objects, edited(), logs=[log(objects[2], *lines, name="api")])
    assert "app.credentials_refused" in rules(seen)
    assert roots(seen) == ["config.changed_not_reloaded"]


def test_a_rotation_after_the_first_refusal_is_not_its_cause() -> None:
    objects = user()
    lines = ['FATAL: password authentication failed for user "api"'] * 40
    seen = cluster(*objects, edited(ago=5), logs=[log(objects[2], *lines, name="api")])
    assert roots(seen) == ["app.credentials_refused"]


def mounted(**mount: object) -> list[Json]:
    fields = {"env": [], "volumeMounts": [{"name": "conf", "mountPath": "/etc/app", **mount}]}
    volume = {"name": "conf", "secret": {"secretName": "db-login"}}
    return user(fields=fields, pod_spec={"volumes": [volume]})


def test_a_file_mounted_by_its_sub_path_does_not_follow_a_change() -> None:
    seen = cluster(*mounted(subPath="password"), edited())
    assert "config.changed_not_reloaded" in rules(seen)


@pytest.mark.parametrize(
    "objects",
    [
        [*mounted(), edited()],
        [*user(template_labels={}, annotations={"reloader.stakater.com/auto": "true"}), edited()],
        [*user(since=20), edited()],
        [*user(), edited(ago=1)],
        [*user(), edited(ago=700)],
        [*user(), edited(immutable=True)],
    ],
    ids=[
        "a live volume",
        "a reloader watches",
        "started since",
        "just now",
        "changed before the start",
        "cannot change",
    ],
)
def test_configuration_that_follows_or_was_read_since_is_silent(objects: list[Json]) -> None:
    assert "config.changed_not_reloaded" not in rules(cluster(*objects))


def test_a_hash_of_the_configuration_in_the_template_tells_of_reloading() -> None:
    objects = user()
    template = objects[0]["spec"]["template"]["metadata"]
    template["annotations"] = {"checksum/config": "9f3c"}
    assert "config.changed_not_reloaded" not in rules(cluster(*objects, edited()))
