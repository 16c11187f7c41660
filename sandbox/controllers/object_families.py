"""The metrics that kube-state-metrics makes of objects, with its names, labels and units."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.controllers.pod_families import Sample, pod_samples, unit, written
from sandbox.controllers.timing import moment
from sandbox.controllers.world import (
    AUTOSCALERS,
    BUDGETS,
    CLAIMS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    controller_of,
)
from sandbox.fields import at, entries, number, section
from sandbox.quantities import quantity

Json = dict[str, Any]
Samples = Callable[[Json], Iterator[Sample]]
Path = tuple[str, ...]

QUOTAS = "resourcequotas"

# Of each resource: the label with its name, what its families begin with, and the numbers told:
# family → field, 0 where it is not set.
_NUMBERS: Mapping[str, tuple[str, str, Mapping[str, Path]]] = {
    DEPLOYMENTS: (
        "deployment",
        "kube_deployment",
        {
            "spec_replicas": ("spec", "replicas"),
            "metadata_generation": ("metadata", "generation"),
            "status_observed_generation": ("status", "observedGeneration"),
            "status_replicas": ("status", "replicas"),
            "status_replicas_ready": ("status", "readyReplicas"),
            "status_replicas_available": ("status", "availableReplicas"),
            "status_replicas_unavailable": ("status", "unavailableReplicas"),
            "status_replicas_updated": ("status", "updatedReplicas"),
        },
    ),
    REPLICA_SETS: (
        "replicaset",
        "kube_replicaset",
        {
            "spec_replicas": ("spec", "replicas"),
            "status_replicas": ("status", "replicas"),
            "status_ready_replicas": ("status", "readyReplicas"),
        },
    ),
    STATEFUL_SETS: (
        "statefulset",
        "kube_statefulset",
        {
            "replicas": ("spec", "replicas"),
            "metadata_generation": ("metadata", "generation"),
            "status_observed_generation": ("status", "observedGeneration"),
            "status_replicas": ("status", "replicas"),
            "status_replicas_available": ("status", "availableReplicas"),
            "status_replicas_current": ("status", "currentReplicas"),
            "status_replicas_ready": ("status", "readyReplicas"),
            "status_replicas_updated": ("status", "updatedReplicas"),
        },
    ),
    DAEMON_SETS: (
        "daemonset",
        "kube_daemonset",
        {
            "status_current_number_scheduled": ("status", "currentNumberScheduled"),
            "status_desired_number_scheduled": ("status", "desiredNumberScheduled"),
            "status_number_available": ("status", "numberAvailable"),
            "status_number_misscheduled": ("status", "numberMisscheduled"),
            "status_number_ready": ("status", "numberReady"),
            "status_number_unavailable": ("status", "numberUnavailable"),
            "status_updated_number_scheduled": ("status", "updatedNumberScheduled"),
        },
    ),
    JOBS: (
        "job_name",
        "kube_job",
        {
            "spec_completions": ("spec", "completions"),
            "spec_parallelism": ("spec", "parallelism"),
            "status_active": ("status", "active"),
            "status_failed": ("status", "failed"),
            "status_succeeded": ("status", "succeeded"),
        },
    ),
    AUTOSCALERS: (
        "horizontalpodautoscaler",
        "kube_horizontalpodautoscaler",
        {
            "spec_max_replicas": ("spec", "maxReplicas"),
            "spec_min_replicas": ("spec", "minReplicas"),
            "status_current_replicas": ("status", "currentReplicas"),
            "status_desired_replicas": ("status", "desiredReplicas"),
        },
    ),
    BUDGETS: (
        "poddisruptionbudget",
        "kube_poddisruptionbudget",
        {
            "status_current_healthy": ("status", "currentHealthy"),
            "status_desired_healthy": ("status", "desiredHealthy"),
            "status_expected_pods": ("status", "expectedPods"),
            "status_pod_disruptions_allowed": ("status", "disruptionsAllowed"),
        },
    ),
}
# Every label there is; a scraper may add its own.
LABELS = {
    "condition", "container", "container_id", "created_by_kind", "created_by_name", "cronjob",
    "daemonset", "deployment", "effect", "horizontalpodautoscaler", "host_ip", "host_network",
    "image", "image_id", "image_spec", "job_name", "key", "namespace", "node", "owner_is_controller",
    "owner_kind", "owner_name", "persistentvolumeclaim", "phase", "pod", "pod_ip",
    "poddisruptionbudget", "priority_class", "reason", "replicaset", "resource", "resourcequota",
    "statefulset", "status", "storageclass", "type", "uid", "unit", "value", "volumename",
}  # fmt: skip
_CLAIM_PHASES = ("Bound", "Lost", "Pending")
_CONDITIONS = ("true", "false", "unknown")


def samples_of(resource: str, one: Json) -> Iterator[Sample]:
    """What is told of an object; nothing of a resource that has no metrics."""
    if resource in _NUMBERS:
        label, prefix, fields = _NUMBERS[resource]
        place = {"namespace": one["metadata"]["namespace"], label: one["metadata"]["name"]}
        for family, (*path, field) in fields.items():
            yield f"{prefix}_{family}", place, number(section(one, *path), field)
    if resource in _OTHERS:
        yield from _OTHERS[resource](one)


def label_of(family: str) -> tuple[str, str]:
    """The resource a family tells of, and the label that holds the object's name; "" if unknown."""
    found = [prefix for prefix in _LABELS if family.startswith(prefix)]
    return _LABELS[max(found, key=len)] if found else ("", "")


def _place(label: str, one: Json) -> dict[str, str]:
    return {"namespace": one["metadata"]["namespace"], label: one["metadata"]["name"]}


def _conditions(family: str, label: str) -> Samples:
    def samples(one: Json) -> Iterator[Sample]:
        place = {label: one["metadata"]["name"]}
        if "namespace" in one["metadata"]:
            place["namespace"] = one["metadata"]["namespace"]
        for condition in entries(one, "status", "conditions"):
            told = str(condition.get("status", "")).lower()
            for status in _CONDITIONS:
                labels = {**place, "condition": str(condition.get("type")), "status": status}
                yield family, labels, float(told == status)

    return samples


def _replica_set(one: Json) -> Iterator[Sample]:
    owner = controller_of(one)
    told = {"owner_kind": str(owner.get("kind", "")), "owner_name": str(owner.get("name", ""))}
    labels = {**_place("replicaset", one), **told}
    yield "kube_replicaset_owner", {**labels, "owner_is_controller": "true" if owner else ""}, 1


def _job(one: Json) -> Iterator[Sample]:
    place = _place("job_name", one)
    owner = controller_of(one)
    told = {"owner_kind": str(owner.get("kind", "")), "owner_name": str(owner.get("name", ""))}
    yield "kube_job_owner", {**place, **told, "owner_is_controller": "true" if owner else ""}, 1
    for kind, family in (("Complete", "kube_job_complete"), ("Failed", "kube_job_failed")):
        found = [c for c in entries(one, "status", "conditions") if c.get("type") == kind]
        for status in _CONDITIONS if found else ():
            told_now = str(found[0].get("status", "")).lower()
            yield family, {**place, "condition": status}, float(told_now == status)


def _cron_job(one: Json) -> Iterator[Sample]:
    place = _place("cronjob", one)
    yield "kube_cronjob_status_active", place, len(entries(one, "status", "active"))
    yield "kube_cronjob_spec_suspend", place, float(bool(at(one, "spec", "suspend")))
    for field, family in (
        ("lastScheduleTime", "kube_cronjob_status_last_schedule_time"),
        ("lastSuccessfulTime", "kube_cronjob_status_last_successful_time"),
    ):
        if told := moment(at(one, "status", field)):
            yield family, place, told.timestamp()


def _node(one: Json) -> Iterator[Sample]:
    place = {"node": one["metadata"]["name"]}
    yield from _conditions("kube_node_status_condition", "node")(one)
    cordoned = bool(at(one, "spec", "unschedulable"))
    yield "kube_node_spec_unschedulable", place, float(cordoned)
    for taint in entries(one, "spec", "taints"):
        told = {name: str(taint.get(name) or "") for name in ("key", "value", "effect")}
        yield "kube_node_spec_taint", {**place, **told}, 1
    for part in ("allocatable", "capacity"):
        for resource, told in section(one, "status", part).items():
            amount = quantity(told)
            if amount is not None:
                labels = {**place, "resource": written(resource), "unit": unit(resource)}
                yield f"kube_node_status_{part}", labels, float(amount)


def _claim(one: Json) -> Iterator[Sample]:
    place = _place("persistentvolumeclaim", one)
    about = {
        "storageclass": str(at(one, "spec", "storageClassName") or ""),
        "volumename": str(at(one, "spec", "volumeName") or ""),
    }
    yield "kube_persistentvolumeclaim_info", {**place, **about}, 1
    for phase in _CLAIM_PHASES:
        is_in = at(one, "status", "phase") == phase
        labels = {**place, "phase": phase}
        yield "kube_persistentvolumeclaim_status_phase", labels, float(is_in)
    asked = quantity(at(one, "spec", "resources", "requests", "storage"))
    if asked is not None:
        yield "kube_persistentvolumeclaim_resource_requests_storage_bytes", place, float(asked)


def _quota(one: Json) -> Iterator[Sample]:
    for kind in ("hard", "used"):
        for resource, told in section(one, "status", kind).items():
            amount = quantity(told)
            if amount is not None:
                labels = {**_place("resourcequota", one), "resource": resource, "type": kind}
                yield "kube_resourcequota", labels, float(amount)


_OTHERS: Mapping[str, Samples] = {
    PODS: pod_samples,
    REPLICA_SETS: _replica_set,
    JOBS: _job,
    CRON_JOBS: _cron_job,
    NODES: _node,
    CLAIMS: _claim,
    QUOTAS: _quota,
    DEPLOYMENTS: _conditions("kube_deployment_status_condition", "deployment"),
    AUTOSCALERS: _conditions(
        "kube_horizontalpodautoscaler_status_condition", "horizontalpodautoscaler"
    ),
}
RESOURCES = tuple(dict.fromkeys([*_NUMBERS, *_OTHERS]))
_LABELS: Mapping[str, tuple[str, str]] = {
    **{f"{prefix}_": (resource, label) for resource, (label, prefix, _) in _NUMBERS.items()},
    "kube_pod_": (PODS, "pod"),
    "kube_cronjob_": (CRON_JOBS, "cronjob"),
    "kube_node_": (NODES, "node"),
    "kube_persistentvolumeclaim_": (CLAIMS, "persistentvolumeclaim"),
    "kube_resourcequota": (QUOTAS, "resourcequota"),
}
