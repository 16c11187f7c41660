"""Claims without volumes, autoscalers without numbers, Jobs that gave up, pods that are lost."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, Ref
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    ended,
    event,
    found,
    log,
    node,
    pod,
    replica_set,
    rules,
    running,
    stamp,
    thing,
    workload,
)


def claim(storage_class: str | None = "fast", phase: str = "Pending", **more: object) -> Json:
    spec = {"resources": {"requests": {"storage": "5Gi"}}, "volumeName": "pv-1"}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return thing("PersistentVolumeClaim", "data", spec=spec, status={"phase": phase}, **more)


def storage_class(name: str, *, default: bool = False) -> Json:
    annotations = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    return thing("StorageClass", name, annotations=annotations)


def test_a_class_that_does_not_exist_is_told_with_those_that_do() -> None:
    told = cluster(claim("fst"), storage_class("fast"), storage_class("slow", default=True))
    finding = found(told, "pvc.storage_class_missing")
    assert finding.resource == Ref("PersistentVolumeClaim", "shop", "data")
    assert (finding.params["near"], finding.params["default"]) == ("fast", "slow")
    assert finding.joins["claim"] == "shop/data"
    assert finding.fix is None


def test_a_class_missing_by_the_provisioners_word_needs_no_listing() -> None:
    wanted = claim("fst")
    said = 'storageclass.storage.k8s.io "fst" not found'
    told = cluster(wanted, events=[event(wanted, "ProvisioningFailed", said)])
    assert rules(told) == {"pvc.storage_class_missing"}


def test_no_class_and_no_default_is_told() -> None:
    assert rules(cluster(claim(None), storage_class("fast"))) == {"pvc.no_default_class"}


def test_a_driver_that_fails_is_quoted() -> None:
    wanted = claim()
    said = event(wanted, "ProvisioningFailed", "rpc error: quota of disks exceeded")
    finding = found(
        cluster(wanted, storage_class("fast"), events=[said]), "pvc.provisioning_failed"
    )
    assert "quota of disks" in finding.params["message"]


def test_a_lost_volume_is_critical() -> None:
    assert found(cluster(claim(phase="Lost")), "pvc.lost").severity is Severity.CRITICAL


@pytest.mark.parametrize(
    "objects",
    [
        [claim(), storage_class("fast")],
        [claim(phase="Bound"), storage_class("other")],
        [claim(""), storage_class("fast")],
        [claim(None), storage_class("fast", default=True)],
        [claim("fst", age=1), storage_class("fast")],
    ],
    ids=["waits for its consumer", "bound", "static on purpose", "default", "young"],
)
def test_a_claim_that_waits_by_design_is_silent(objects: list[Json]) -> None:
    assert rules(cluster(*objects)) == set()


INACTIVE = condition(
    "ScalingActive", "False", reason="FailedGetResourceMetric", message="missing request for cpu"
)


def scaler(*conditions: Json, target: str = "web", metric: Json | None = None) -> Json:
    usage = metric or {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": target},
        "metrics": [{"type": "Resource", "resource": usage}],
    }
    return thing(
        "HorizontalPodAutoscaler", "web", spec=spec, status={"conditions": list(conditions)}
    )


def without_requests() -> list[Json]:
    return workload(containers=[container("web", resources={}), container("log", resources={})])


def test_a_request_missing_under_an_autoscaler_names_the_containers() -> None:
    finding = found(cluster(*without_requests(), scaler(INACTIVE)), "hpa.requests_missing")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.params["containers"] == "log, web"
    assert finding.params["resource_name"] == "cpu"
    assert finding.fix is not None
    assert finding.fix.id == "fix.resources"


def test_an_average_value_needs_no_request() -> None:
    value = {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "500m"}}
    assert rules(cluster(*without_requests(), scaler(metric=value))) == {"workload.no_requests"}


def test_metrics_that_do_not_come_are_told_with_the_api_that_is_away() -> None:
    away = condition("Available", "False", reason="MissingEndpoints")
    spec = {"group": "metrics.k8s.io"}
    api = thing("APIService", "v1beta1.metrics.k8s.io", spec=spec, status={"conditions": [away]})
    said = condition(
        "ScalingActive",
        "False",
        reason="FailedGetResourceMetric",
        message="unable to fetch metrics",
    )
    finding = found(cluster(*workload(), scaler(said), api), "hpa.metrics_unavailable")
    assert finding.params["api"] == "v1beta1.metrics.k8s.io"


def test_an_autoscaler_of_nobody_is_told_with_the_nearest() -> None:
    finding = found(cluster(*workload(), scaler(target="weeb")), "hpa.target_invalid")
    assert finding.params["near"] == "web"


def test_a_working_autoscaler_is_silent() -> None:
    works = condition("ScalingActive", "True", reason="ValidMetricFound")
    assert rules(cluster(*workload(), scaler(works))) == set()


def job(
    name: str = "import-1", *, failed: str = "", age: float = 60, owner: Json | None = None
) -> Json:
    done = condition("Failed", "True", reason=failed) if failed else condition("Complete", "True")
    status = {"failed": 3 if failed else 0, "conditions": [done]}
    spec = {"containers": [container("web")], "automountServiceAccountToken": False}
    template = {"spec": spec}
    return thing("Job", name, owner=owner, age=age, spec={"template": template}, status=status)


def test_a_job_that_gave_up_tells_of_its_last_pod() -> None:
    gave_up = job(failed="BackoffLimitExceeded")
    last = pod(
        gave_up,
        status=[running(ready=False, state=ended(2, ago=20))],
        phase="Failed",
        spec={"restartPolicy": "Never"},
    )
    said = log(last, "/bin/sh: syntax error: unexpected end of file", last=20)
    finding = found(cluster(gave_up, last, logs=[said]), "job.failed")
    assert finding.params["exit_code"] == "2"
    assert "syntax error" in finding.params["log_line"]
    assert finding.params["attempts"] == "3"


def test_a_job_whose_pods_are_gone_still_says_why_it_failed() -> None:
    finding = found(cluster(job(failed="BackoffLimitExceeded")), "job.failed")
    assert finding.params["reason"] == "BackoffLimitExceeded"


def test_a_later_success_of_the_same_cron_job_makes_it_history() -> None:
    cron = thing("CronJob", "import", spec={})
    runs = [
        job("import-1", failed="BackoffLimitExceeded", age=90, owner=cron),
        job("import-2", age=30, owner=cron),
    ]
    finding = found(cluster(cron, *runs), "job.failed")
    assert finding.severity is Severity.INFO
    assert finding.resource == Ref("CronJob", "shop", "import")
    assert finding.params["repaired_by"] == "import-2"


def test_a_deadline_is_a_rule_of_its_own() -> None:
    assert rules(cluster(job(failed="DeadlineExceeded"))) == {"job.deadline_exceeded"}


def test_a_job_that_got_through_is_silent() -> None:
    assert rules(cluster(job())) == set()


def lost() -> list[Json]:
    made = deployment(replicas=1)
    owner = replica_set(made)
    host = node(conditions=[condition("Ready", "Unknown", reason="NodeStatusUnknown", ago=12)])
    return [host, made, owner, pod(owner, ready=False, changed=11)]


def test_a_pod_on_a_lost_node_is_joined_to_it() -> None:
    finding = found(cluster(*lost()), "pod.node_lost")
    assert finding.joins["node"] == "node-1"


def test_a_pod_that_does_not_leave_is_told_after_its_time() -> None:
    objects = lost()
    objects[3]["metadata"]["deletionTimestamp"] = stamp(8)
    finding = found(cluster(*objects), "pod.stuck_terminating")
    assert finding.params["due_at"] == stamp(8)
    assert finding.params["node_ready"] == "Unknown"
    assert finding.fix is None


def test_a_pod_within_its_time_or_held_by_a_finalizer_is_silent() -> None:
    leaving = pod(replica_set(deployment()))
    leaving["metadata"]["deletionTimestamp"] = stamp(0.5)
    held = pod(replica_set(deployment()), "fin99")
    held["metadata"] |= {"deletionTimestamp": stamp(8), "finalizers": ["example.com/x"]}
    assert "pod.stuck_terminating" not in rules(cluster(leaving, held))
