"""Claims that no volume fits, that are shared too widely, that do not grow and do not go."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, NotChecked
from tests.factories import (
    cluster,
    condition,
    deployment,
    ended,
    event,
    found,
    node,
    pod,
    replica_set,
    roots,
    rules,
    stamp,
    thing,
    waiting,
)


def claim(
    name: str = "data",
    *,
    phase: str = "Bound",
    modes: tuple[str, ...] = ("ReadWriteOnce",),
    size: str = "10Gi",
    holds: str = "10Gi",
    conditions: tuple[Json, ...] = (),
    storage_class: str | None = "fast",
    **more: object,
) -> Json:
    asked = {"accessModes": list(modes), "resources": {"requests": {"storage": size}}}
    spec = {**asked, **({} if storage_class is None else {"storageClassName": storage_class})}
    status = {"phase": phase, "capacity": {"storage": holds}, "conditions": list(conditions)}
    made = thing("PersistentVolumeClaim", name, spec=spec, status=status)
    made["metadata"].update(more)
    return made


def volume(
    name: str = "pv-1", *, phase: str = "Available", size: str = "5Gi", **spec: object
) -> Json:
    body = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], **spec}
    return thing("PersistentVolume", name, spec=body, status={"phase": phase})


CREATING = [waiting("db", "ContainerCreating")]


def using(
    name: str = "data", *, nodes: tuple[str, ...] = ("node-1",), ready: tuple[bool, ...] = (True,)
) -> list[Json]:
    mount = {"name": "v", "persistentVolumeClaim": {"claimName": name}}
    made = deployment("db", replicas=len(nodes), ready=sum(ready), pod_spec={"volumes": [mount]})
    maker = replica_set(made)
    pods = [
        pod(maker, f"p{n}", spec={"nodeName": place}, status=[] if well else CREATING)
        for n, (place, well) in enumerate(zip(nodes, ready, strict=True))
    ]
    return [made, maker, *pods]


FAST = thing("StorageClass", "fast", provisioner="csi.example.com", allowVolumeExpansion=True)


def waits() -> list[Json]:
    return [*using(ready=(False,)), claim(phase="Pending", storage_class="")]


def test_a_static_claim_says_of_each_volume_why_not() -> None:
    objects = [
        *waits(),
        volume(),
        volume("pv-2", size="20Gi", accessModes=["ReadOnlyMany"]),
        volume("pv-3", size="20Gi", phase="Bound", claimRef={"namespace": "x", "name": "old"}),
    ]
    finding = found(cluster(*objects), "pvc.no_matching_pv")
    assert finding.params["misfits"] == (
        "pv-1: 5Gi < 10Gi; pv-2: accessModes ReadOnlyMany; pv-3: Bound (old)"
    )
    assert finding.params["asked"] == "10Gi ReadWriteOnce"


def test_a_class_without_a_provisioner_is_static_too() -> None:
    local = thing("StorageClass", "local", provisioner="kubernetes.io/no-provisioner")
    objects = [*using(ready=(False,)), claim(phase="Pending", storage_class="local"), local]
    assert "pvc.no_matching_pv" in rules(cluster(*objects))


@pytest.mark.parametrize(
    "objects",
    [
        [*waits(), volume(size="10Gi")],
        [claim(phase="Pending", storage_class="")],
        [*using(ready=(False,)), claim(phase="Pending"), FAST],
    ],
    ids=["one fits", "no pod waits", "made on demand"],
)
def test_a_claim_that_may_yet_be_bound_is_silent(objects: list[Json]) -> None:
    assert "pvc.no_matching_pv" not in rules(cluster(*objects))


def test_volumes_that_could_not_be_listed_say_nothing() -> None:
    unseen = [NotChecked("PersistentVolume", "forbidden")]
    assert "pvc.no_matching_pv" not in rules(cluster(*waits(), not_checked=unseen))


def test_pods_on_two_nodes_with_a_claim_for_one_name_both() -> None:
    two = using(nodes=("node-1", "node-2"), ready=(True, False))
    finding = found(cluster(*two, claim(), node(), node("node-2")), "pvc.access_mode")
    assert finding.params["nodes"] == "node-1, node-2"


def test_a_shared_claim_is_the_root_of_what_its_workload_lacks() -> None:
    two = using(nodes=("node-1", "node-2"), ready=(True, False))
    two[0]["status"]["conditions"] = [condition("Available", "False", ago=10)]
    assert roots(cluster(*two, claim(), node(), node("node-2")))[0] == "pvc.access_mode"


def crashing() -> list[Json]:
    """Two pods on two nodes that both have the volume; the second does not get ready."""
    two = using(nodes=("node-1", "node-2"), ready=(True, False))
    died = waiting("db", "CrashLoopBackOff", lastState=ended(1), restartCount=4)
    two[-1]["status"]["containerStatuses"] = [died]
    return two


@pytest.mark.parametrize(
    "objects",
    [
        [*using(nodes=("node-1", "node-1"), ready=(True, False)), claim()],
        [*using(nodes=("node-1", "node-2"), ready=(True, True)), claim()],
        [
            *using(nodes=("node-1", "node-2"), ready=(True, False)),
            claim(modes=("ReadWriteOnce", "ReadWriteMany")),
        ],
        [
            *using(nodes=("node-1", "node-2"), ready=(True, False)),
            claim(),
            node(conditions=[condition("Ready", "Unknown")]),
        ],
        [*crashing(), claim()],
    ],
    ids=["one node", "all run", "may be shared", "a node is lost", "one crashes"],
)
def test_a_claim_that_is_used_as_it_may_be_is_silent(objects: list[Json]) -> None:
    assert "pvc.access_mode" not in rules(cluster(*objects))


def test_a_driver_that_cannot_share_is_told_instead_of_a_failed_provisioning() -> None:
    pending = claim(phase="Pending", modes=("ReadWriteMany",))
    said = event(pending, "ProvisioningFailed", "unsupported AccessModes: [ReadWriteMany]")
    of = cluster(*using(ready=(False,)), pending, FAST, events=[said])
    assert found(of, "pvc.access_mode").params["modes"] == "ReadWriteMany"
    assert "pvc.provisioning_failed" not in rules(of)


PENDING = condition("FileSystemResizePending", "True", ago=30)


def test_a_claim_that_waits_for_a_restart_offers_one() -> None:
    finding = found(
        cluster(*using(), claim(size="20Gi", conditions=(PENDING,)), FAST), "pvc.resize_stuck"
    )
    assert finding.fix is not None
    assert (finding.fix.id, finding.fix.target.name) == ("fix.restart", "db")


def test_a_class_that_forbids_growth_is_named() -> None:
    fixed = thing("StorageClass", "fast", provisioner="csi.example.com")
    grown = claim(size="20Gi")
    said = event(grown, "VolumeResizeFailed", "class forbids expansion", first=20)
    finding = found(cluster(*using(), grown, fixed, events=[said]), "pvc.resize_stuck")
    assert (finding.params["forbidding"], finding.fix) == ("fast", None)


def test_a_growth_left_to_somebody_who_does_not_come_is_stuck() -> None:
    said = "waiting for an external controller to expand this PVC"
    asked = claim(size="20Gi")
    told = event(asked, "ExternalExpanding", said, first=20)
    finding = found(cluster(*using(), asked, FAST, events=[told]), "pvc.resize_stuck")
    assert finding.params["asked"] == "20Gi"
    grown = claim(size="20Gi", holds="20Gi")
    done = event(grown, "ExternalExpanding", said, first=20)
    assert "pvc.resize_stuck" not in rules(cluster(*using(), grown, FAST, events=[done]))


@pytest.mark.parametrize(
    "one",
    [
        claim(size="20Gi", conditions=(condition("Resizing", "True", ago=5),)),
        claim(size="20Gi", holds="20Gi"),
        claim(size="20Gi"),
    ],
    ids=["ten minutes are not over", "done", "nobody complains"],
)
def test_a_claim_that_may_still_grow_is_silent(one: Json) -> None:
    assert "pvc.resize_stuck" not in rules(cluster(*using(), one, FAST))


def leaving(minutes: float) -> Json:
    held = ["kubernetes.io/pvc-protection"]
    return claim(deletionTimestamp=stamp(minutes), finalizers=held)


def test_a_deleted_claim_in_use_names_who_uses_it() -> None:
    finding = found(cluster(*using(), leaving(30)), "pvc.stuck_terminating")
    assert finding.params["workloads"] == "Deployment db"
    assert "object.finalizer_stuck" not in rules(cluster(*using(), leaving(30)))


def test_a_claim_whose_pods_are_going_too_is_silent() -> None:
    gone = using()
    gone[-1]["metadata"]["deletionTimestamp"] = stamp(1)
    assert "pvc.stuck_terminating" not in rules(cluster(*gone, leaving(30)))
    assert "pvc.stuck_terminating" not in rules(cluster(*using(), leaving(5)))


NO_DRIVER = "driver name csi.example.com not found in the list of registered CSI drivers"


def test_a_node_without_the_driver_names_it() -> None:
    objects = using(ready=(False,))
    said = event(objects[-1], "FailedMount", f"MountVolume failed: {NO_DRIVER}", count=4, first=20)
    finding = found(cluster(*objects, claim(), FAST, events=[said]), "volume.attach_failed")
    assert finding.params["driver"] == "csi.example.com"


def test_a_volume_that_another_node_holds_names_it() -> None:
    two = using(nodes=("node-1", "node-2"), ready=(True, False))
    text = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) db-p0'
    said = event(two[-1], "FailedAttachVolume", text, count=3, first=20)
    finding = found(cluster(*two, claim(), events=[said]), "volume.multi_attach")
    assert (finding.params["old_node"], finding.params["volume"]) == ("node-1", "pvc-1")


def test_a_lost_node_is_the_root_of_the_volume_it_holds() -> None:
    two = using(nodes=("node-1", "node-2"), ready=(False, False))
    two[2]["metadata"]["deletionTimestamp"] = stamp(20)
    lost = node(conditions=[condition("Ready", "Unknown", reason="NodeStatusUnknown", ago=40)])
    said = event(two[-1], "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"', first=20)
    assert roots(cluster(*two, claim(), lost, events=[said])) == ["node.not_ready"]


def test_a_volume_attached_since_or_let_go_of_just_now_is_silent() -> None:
    objects = using(ready=(False,))
    failed = event(objects[-1], "FailedAttachVolume", "rpc error: timeout", ago=9)
    done = event(objects[-1], "SuccessfulAttachVolume", "AttachVolume succeeded", ago=5)
    assert "volume.attach_failed" not in rules(cluster(*objects, claim(), events=[failed, done]))
    two = using(nodes=("node-1", "node-2"), ready=(True, False))
    two[2]["metadata"]["deletionTimestamp"] = stamp(2)
    said = event(two[-1], "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"')
    assert "volume.multi_attach" not in rules(cluster(*two, claim(), events=[said]))


def left(phase: str, minutes: float = 90) -> Json:
    made = volume(phase=phase, claimRef={"namespace": "shop", "name": "old"})
    made["status"]["lastPhaseTransitionTime"] = stamp(minutes)
    return made


@pytest.mark.parametrize(
    ("phase", "severity"), [("Released", Severity.LOW), ("Failed", Severity.MEDIUM)]
)
def test_a_volume_without_its_claim_is_a_note(phase: str, severity: Severity) -> None:
    of = cluster(left(phase))
    finding = found(of, "pv.released_or_failed")
    assert (finding.severity, finding.params["claim"]) == (severity, "shop/old")
    assert roots(of) == []


def test_a_volume_released_within_the_hour_is_silent() -> None:
    assert rules(cluster(left("Released", 30), volume("pv-2"))) == set()


def marked(name: str, age: float) -> Json:
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    return thing("StorageClass", name, annotations=mark, age=age, provisioner="x")


def test_two_default_classes_say_which_is_used() -> None:
    of = cluster(marked("old", 9000), marked("new", 50))
    assert found(of, "storageclass.multiple_default").resource.name == "new"
    assert rules(cluster(marked("old", 9000), FAST)) == set()
