"""StatefulSets with their volumes, DaemonSets, Jobs and CronJobs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.stories import events
from tools.stories.containers import Template
from tools.stories.lives import Life, Run
from tools.stories.naming import letters, uid
from tools.stories.pods import Plan, is_alive, is_ready, make_pod
from tools.stories.times import stamp
from tools.stories.world import World

Json = dict[str, Any]


def make_stateful_set(
    world: World, namespace: str, name: str, template: Template, *, node: str, created: datetime,
    pod_created: datetime, storage: str, life: Life | None = None,
) -> Json:  # fmt: skip
    """One replica with one claim, called `data`; returns its pod."""
    file = f"{namespace}/{name}"
    selector = {"app.kubernetes.io/name": name}
    revision = f"{name}-{letters(9, world.name, name)}"
    labels = template.labels
    claim_template: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"creationTimestamp": None, "name": "data"},
        "spec": _claim_spec(storage) | {"volumeMode": "Filesystem"},
        "status": {"phase": "Pending"},
    }
    stateful: Json = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": world.meta(
            "StatefulSet", namespace, name, created, generation=1, labels=labels
        ),
        "spec": {
            "podManagementPolicy": "OrderedReady",
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": selector},
            "serviceName": name,
            "template": template.as_object(),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "volumeClaimTemplates": [claim_template],
        },
    }
    world.add(file, stateful)
    pod_labels = {
        "apps.kubernetes.io/pod-index": "0",
        "controller-revision-hash": revision,
        "statefulset.kubernetes.io/pod-name": f"{name}-0",
    }
    lives = {template.containers[0].name: life} if life else {}
    plan = Plan(node, pod_created, lives)
    pod = make_pod(world, stateful, template, plan, name=f"{name}-0", labels=pod_labels, file=file)
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}-0"}}
    pod["spec"]["volumes"] = [claim, *pod["spec"].get("volumes", [])]
    up = int(is_ready(pod))
    stateful["status"] = {
        "observedGeneration": 1, "replicas": 1, "readyReplicas": up, "availableReplicas": up,
        "currentReplicas": 1, "updatedReplicas": 1, "currentRevision": revision,
        "updateRevision": revision, "collisionCount": 0,
    }  # fmt: skip
    _volume(world, namespace, f"data-{name}-0", storage, node, created, file)
    return pod


def _claim_spec(storage: str) -> Json:
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": storage}},
        "storageClassName": "block-ssd",
    }


def _volume(
    world: World, namespace: str, claim: str, storage: str, node: str, created: datetime, file: str
) -> None:
    volume = f"pvc-{world.uid('PersistentVolumeClaim', namespace, claim)}"
    meta = world.meta(
        "PersistentVolumeClaim", namespace, claim, created,
        annotations={"pv.kubernetes.io/bind-completed": "yes"},
        finalizers=["kubernetes.io/pvc-protection"],
    )  # fmt: skip
    bound: Json = {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": storage},
    }
    spec = _claim_spec(storage) | {"volumeMode": "Filesystem", "volumeName": volume}
    claim_object: Json = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec,
        "status": bound,
    }  # fmt: skip
    world.add(file, claim_object)
    zone = world.find("Node", "", node)["metadata"]["labels"]["topology.kubernetes.io/zone"]
    term = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}
    claim_ref = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": claim}
    claim_ref |= {"namespace": namespace, "uid": meta["uid"]}
    world.add(
        "cluster/storage",
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": world.meta("PersistentVolume", "", volume, created),
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": storage},
                "claimRef": claim_ref,
                "csi": {
                    "driver": "block.csi.example.com",
                    "volumeHandle": f"vol-{meta['uid'][:8]}",
                },
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}},
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": "block-ssd",
                "volumeMode": "Filesystem",
            },
            "status": {"phase": "Bound"},
        },
    )


def leave_behind(
    world: World, namespace: str, claim: str, storage: str, node: str, since: str
) -> None:
    """A volume whose claim was deleted, and whose class keeps what is on it."""
    name = f"pvc-{world.uid('PersistentVolumeClaim', namespace, claim)}"
    _volume(world, namespace, claim, storage, node, world.ago("220d"), "cluster/left")
    world.objects = [
        (file, one)
        for file, one in world.objects
        if (one["kind"], one["metadata"]["name"]) != ("PersistentVolumeClaim", claim)
    ]
    volume = world.find("PersistentVolume", "", name)
    volume["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    volume["status"] = {"phase": "Released", "lastPhaseTransitionTime": stamp(world.ago(since))}


def make_claim(
    world: World, namespace: str, claim: str, storage: str, node: str, since: str
) -> None:
    """A claim with its volume that no workload mounts."""
    _volume(world, namespace, claim, storage, node, world.ago(since), f"{namespace}/{claim}")


def make_daemon_set(
    world: World, namespace: str, name: str, template: Template, created: datetime
) -> None:
    """A pod on every node."""
    file = f"{namespace}/{name}"
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    annotations = {"deprecated.daemonset.template.generation": "1"}
    daemon: Json = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": world.meta(
            "DaemonSet", namespace, name, created, generation=1, labels=template.labels,
            annotations=annotations,
        ),
        "spec": {
            "revisionHistoryLimit": 10,
            "selector": selector,
            "template": template.as_object(),
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
            },
        },
    }  # fmt: skip
    world.add(file, daemon)
    nodes = [node["metadata"]["name"] for node in world.of_kind("Node")]
    labels = {"controller-revision-hash": letters(10, name), "pod-template-generation": "1"}
    pods = [
        make_pod(
            world, daemon, template, Plan(node, created), labels=labels, file=file,
            name=f"{name}-{letters(5, world.name, name, node)}",
        )
        for node in nodes
    ]  # fmt: skip
    ready = sum(is_ready(pod) for pod in pods if is_alive(pod))
    scheduled = len(nodes)
    daemon["status"] = {
        "currentNumberScheduled": scheduled, "desiredNumberScheduled": scheduled,
        "numberAvailable": ready, "numberMisscheduled": 0, "numberReady": ready,
        "observedGeneration": 1, "updatedNumberScheduled": scheduled,
    }  # fmt: skip


@dataclass(frozen=True)
class Occurrence:
    """One Job of a CronJob; `ended` is None while it runs."""

    at: datetime
    node: str
    ended: datetime | None = None


def make_cron_job(
    world: World, namespace: str, name: str, template: Template, schedule: str, *,
    created: datetime, runs: list[Occurrence],
) -> list[Json]:  # fmt: skip
    """A CronJob with its recent Jobs, oldest first; returns their pods."""
    finished = [run for run in runs if run.ended]
    cron: Json = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": world.meta(
            "CronJob", namespace, name, created, generation=1, labels=template.labels
        ),
        "spec": {
            "concurrencyPolicy": "Forbid",
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {
                "metadata": {"creationTimestamp": None},
                "spec": {"backoffLimit": 2, "template": _once(template)},
            },
            "schedule": schedule,
            "successfulJobsHistoryLimit": 3,
            "suspend": False,
        },
        "status": {"lastScheduleTime": stamp(runs[-1].at)},
    }
    if finished and finished[-1].ended:
        cron["status"]["lastSuccessfulTime"] = stamp(finished[-1].ended)
    world.add(f"{namespace}/{name}", cron)
    pods = [_job(world, cron, template, run) for run in runs]
    active = [
        {"apiVersion": "batch/v1", "kind": "Job", "namespace": namespace, "name": job["name"],
         "uid": job["uid"]}
        for job in (pod["metadata"]["ownerReferences"][0] for pod in pods if is_alive(pod))
    ]  # fmt: skip
    if active:
        cron["status"]["active"] = active
    return pods


def _once(template: Template, **labels: str) -> Json:
    """The template with the restart policy of a Job."""
    shaped = template.as_object(**labels)
    shaped["spec"]["restartPolicy"] = "Never"
    return shaped


def _job(world: World, cron: Json, template: Template, run: Occurrence) -> Json:
    namespace = cron["metadata"]["namespace"]
    file = f"{namespace}/{cron['metadata']['name']}"
    name = f"{cron['metadata']['name']}-{int(run.at.timestamp()) // 60}"
    job_uid = world.uid("Job", namespace, name)
    labels = {
        "batch.kubernetes.io/controller-uid": job_uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": job_uid,
        "job-name": name,
    }
    job: Json = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": world.meta(
            "Job", namespace, name, run.at, owner=cron, generation=1, labels=template.labels | labels,
            annotations={"batch.kubernetes.io/cronjob-scheduled-timestamp": stamp(run.at)},
        ),
        "spec": {
            "backoffLimit": 2, "completionMode": "NonIndexed", "completions": 1, "parallelism": 1,
            "podReplacementPolicy": "TerminatingOrFailed", "suspend": False,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": job_uid}},
            "template": _once(template, **labels),
        },
        "status": _job_status(run),
    }  # fmt: skip
    world.add(file, job)
    pod = _job_pod(world, job, template, run, labels, file)
    _tell_job(world, cron, job, pod, run)
    return pod


def _job_pod(
    world: World, job: Json, template: Template, run: Occurrence, labels: Json, file: str
) -> Json:
    name = job["metadata"]["name"]
    begun = run.at + timedelta(seconds=3)
    life = Life((Run(begun, run.ended - timedelta(seconds=2) if run.ended else None),))
    lives = {box.name: life for box in template.containers}
    plan = Plan(run.node, run.at, lives, completed=run.ended is not None)
    pod = make_pod(
        world, job, template, plan, name=f"{name}-{letters(5, name)}", labels=labels, file=file
    )
    pod["spec"]["restartPolicy"] = "Never"
    return pod


def _job_status(run: Occurrence) -> Json:
    started = {"startTime": stamp(run.at)}
    if run.ended is None:
        return started | {"active": 1, "ready": 1, "terminating": 0, "uncountedTerminatedPods": {}}
    ended = stamp(run.ended)
    met = {
        "lastProbeTime": ended, "lastTransitionTime": ended, "status": "True",
        "reason": "CompletionsReached", "message": "Reached expected number of succeeded pods",
    }  # fmt: skip
    conditions = [{"type": "SuccessCriteriaMet"} | met, {"type": "Complete"} | met]
    done: Json = {"completionTime": ended, "conditions": conditions, "ready": 0, "succeeded": 1}
    return started | done | {"terminating": 0, "uncountedTerminatedPods": {}}


def _tell_job(world: World, cron: Json, job: Json, pod: Json, run: Occurrence) -> None:
    name = job["metadata"]["name"]
    by = "cronjob-controller"
    events.seen(world, cron, "SuccessfulCreate", f"Created job {name}", by=by, at=run.at)
    events.pod_created(world, job, pod["metadata"]["name"], run.at, by="job-controller")
    if run.ended:
        text = f"Saw completed job: {name}, condition: Complete"
        events.seen(world, cron, "SawCompletedJob", text, by=by, at=run.ended)
        events.seen(world, job, "Completed", "Job completed", by="job-controller", at=run.ended)


def static_pod(world: World, name: str, template: Template, node: str, created: datetime) -> None:
    """A mirror of a pod that the kubelet runs from a file."""
    owner = world.find("Node", "", node)
    shown = owner | {"metadata": owner["metadata"] | {"namespace": "kube-system"}}
    file = "kube-system/control-plane"
    pod = make_pod(
        world, shown, template, Plan(node, created), name=f"{name}-{node}", labels={}, file=file
    )
    mirror = uid("mirror", world.name, name)
    pod["metadata"]["annotations"] = {
        "kubernetes.io/config.hash": mirror,
        "kubernetes.io/config.mirror": mirror,
        "kubernetes.io/config.source": "file",
    }
    del pod["metadata"]["generateName"]
    pod["metadata"]["ownerReferences"][0].pop("blockOwnerDeletion")
