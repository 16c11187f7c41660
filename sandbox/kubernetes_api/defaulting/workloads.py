"""Deployments and their like, Jobs, and what scales them."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes_api.defaulting.filling import each, filled, within
from sandbox.kubernetes_api.defaulting.pods import template
from sandbox.kubernetes_api.defaulting.storage import claim
from sandbox.kubernetes_api.fields import at, section

Json = dict[str, Any]

_GENERATION = "deprecated.daemonset.template.generation"
_NO_NODES: Json = dict.fromkeys(
    ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"), 0
)
_TEMPLATES = frozenset({"template", "jobTemplate", "volumeClaimTemplates"})


def completed(resource: str, one: Json) -> Json:
    """A workload told in part, with what clients take for granted; its templates stay as they are.

    To complete a template would roll out the pods anew.
    """
    if resource not in _WITH_TEMPLATES:
        return one
    spec = section(one, "spec")
    told = {name: part for name, part in spec.items() if name in _TEMPLATES}
    rest = {name: part for name, part in spec.items() if name not in _TEMPLATES}
    return {**one, "spec": {**KINDS[resource]({**one, "spec": rest})["spec"], **told}}


def _deployment(one: Json) -> Json:
    more: Json = {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {},
    }
    spec = _with_template(filled(section(one, "spec"), more))
    shares = {"maxSurge": "25%", "maxUnavailable": "25%"}
    spec["strategy"] = _rolling(section(spec, "strategy"), shares)
    return filled({**one, "spec": spec}, {"status": {}})


def _replica_set(one: Json) -> Json:
    spec = _with_template(filled(section(one, "spec"), {"replicas": 1}))
    return filled({**one, "spec": spec}, {"status": {"replicas": 0}})


def _controller(one: Json) -> Json:
    """A ReplicationController, which may leave its selector to its template."""
    told = _replica_set(one)
    labels = section(told, "spec", "template", "metadata", "labels")
    if labels and not section(told, "spec", "selector"):
        told["spec"]["selector"] = labels
    return told


def _stateful_set(one: Json) -> Json:
    kept = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    more: Json = {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {},
        "persistentVolumeClaimRetentionPolicy": {},
    }
    spec = _with_template(filled(section(one, "spec"), more))
    spec["updateStrategy"] = _rolling(section(spec, "updateStrategy"), {"partition": 0})
    policy = section(spec, "persistentVolumeClaimRetentionPolicy")
    spec["persistentVolumeClaimRetentionPolicy"] = filled(policy, kept)
    spec = each(spec, "volumeClaimTemplates", _claim_template)
    return filled({**one, "spec": spec}, {"status": {"replicas": 0, "availableReplicas": 0}})


def _claim_template(told: Json) -> Json:
    return claim(filled(told, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}))


def _daemon_set(one: Json) -> Json:
    more: Json = {"revisionHistoryLimit": 10, "updateStrategy": {}}
    spec = _with_template(filled(section(one, "spec"), more))
    shares = {"maxSurge": 0, "maxUnavailable": 1}
    spec["updateStrategy"] = _rolling(section(spec, "updateStrategy"), shares)
    notes = filled(section(one, "metadata", "annotations"), {_GENERATION: "1"})
    told = {**one, "metadata": {**one["metadata"], "annotations": notes}, "spec": spec}
    return filled(told, {"status": dict(_NO_NODES)})


def _job(one: Json) -> Json:
    told = {**one, "spec": job_spec(section(one, "spec"), alone=True)}
    labels = at(told, "spec", "template", "metadata", "labels")
    if labels and not section(one, "metadata", "labels"):
        told["metadata"] = {**one["metadata"], "labels": labels}
    return filled(told, {"status": {}})


def job_spec(told: Json, *, alone: bool) -> Json:
    """The spec of a Job; that of one which is yet to be made is only filled within."""
    spec = _with_template(told)
    if not alone:
        return spec
    policy = "Failed" if told.get("podFailurePolicy") else "TerminatingOrFailed"
    counted = {} if told.get("parallelism") is not None else {"completions": 1}
    return filled(
        spec,
        {
            **counted,
            "parallelism": 1,
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "manualSelector": False,
            "podReplacementPolicy": policy,
            "suspend": False,
        },
    )


def _cron_job(one: Json) -> Json:
    more: Json = {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    spec = within(filled(section(one, "spec"), more), "jobTemplate", _job_template)
    return filled({**one, "spec": spec}, {"status": {}})


def _job_template(told: Json) -> Json:
    return {**filled(told, {"metadata": {}}), "spec": job_spec(section(told, "spec"), alone=False)}


def _autoscaler(one: Json) -> Json:
    target = {"type": "Utilization", "averageUtilization": 80}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    spec = filled(section(one, "spec"), {"minReplicas": 1, "metrics": [cpu]})
    return filled({**one, "spec": spec}, {"status": {"currentMetrics": None, "desiredReplicas": 0}})


def _with_template(spec: Json) -> Json:
    return within(spec, "template", template)


def _rolling(strategy: Json, shares: Json) -> Json:
    told = filled(strategy, {"type": "RollingUpdate"})
    if told["type"] == "RollingUpdate":
        told["rollingUpdate"] = filled(section(strategy, "rollingUpdate"), shares)
    return told


KINDS: Mapping[str, Callable[[Json], Json]] = {
    "deployments.apps": _deployment,
    "replicasets.apps": _replica_set,
    "replicationcontrollers": _controller,
    "statefulsets.apps": _stateful_set,
    "daemonsets.apps": _daemon_set,
    "jobs.batch": _job,
    "cronjobs.batch": _cron_job,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
}
_WITH_TEMPLATES = KINDS.keys() - {"horizontalpodautoscalers.autoscaling"}
