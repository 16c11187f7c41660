"""Workloads, their ReplicaSets and their pods, with the statuses their controllers write."""

import re
from dataclasses import dataclass
from typing import Any

from evals.clusters.containers import container, limits, port, running, status
from evals.clusters.parts import condition, owner
from evals.clusters.pods import pod
from evals.clusters.world import Json, World, annotated, days, labelled


@dataclass
class Template:
    """What pods of a workload are made from."""

    containers: list[Json]
    init: tuple[Json, ...] = ()
    volumes: tuple[Json, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    account: str = "default"
    more: tuple[tuple[str, Any], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()

    def spec(self) -> Json:
        told: Json = {
            "containers": self.containers,
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
        }
        if self.init:
            told["initContainers"] = list(self.init)
        if self.volumes:
            told["volumes"] = list(self.volumes)
        if self.account != "default":
            told["serviceAccount"] = told["serviceAccountName"] = self.account
        return {**told, **dict(self.more)}

    def body(self) -> Json:
        metadata: Json = {"creationTimestamp": None, "labels": dict(self.labels)}
        if self.annotations:
            metadata["annotations"] = dict(self.annotations)
        return {"metadata": metadata, "spec": self.spec()}


def app_labels(name: str, style: int = 0) -> tuple[tuple[str, str], ...]:
    """Labels as different teams write them."""
    styles = (
        (("app", name),),
        (("app.kubernetes.io/name", name), ("app.kubernetes.io/instance", f"{name}-prod")),
        (("k8s-app", name), ("tier", "backend")),
    )
    return styles[style % len(styles)]


def deployment(
    world: World,
    namespace: str,
    name: str,
    template: Template,
    *,
    replicas: int = 1,
    ready: int | None = None,
    updated: int | None = None,
    total: int | None = None,
    born: float = days(60),
    revision: int = 3,
    conditions: list[Json] | None = None,
    changed: float = days(6),
    **spec: Any,
) -> Json:
    """A Deployment. `changed`: minutes since its last rollout ended; counts default to healthy."""
    ready = replicas if ready is None else ready
    total = replicas if total is None else total
    updated = replicas if updated is None else updated
    counts = {"replicas": total, "updatedReplicas": updated, "readyReplicas": ready}
    counts |= {"availableReplicas": ready, "unavailableReplicas": max(total, replicas) - ready}
    strategy = {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    one = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**world.meta(name, namespace, born=born), "generation": revision},
        "spec": {
            "progressDeadlineSeconds": 600,
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": dict(template.labels)},
            "strategy": {**strategy, "type": "RollingUpdate"},
            "template": template.body(),
            **spec,
        },
        "status": {
            "conditions": conditions or [*_available(world, born), _complete(world, name, changed)],
            "observedGeneration": revision,
            **{key: count for key, count in counts.items() if count},
        },
    }
    labelled(one, dict(template.labels))
    return world.add(annotated(one, {"deployment.kubernetes.io/revision": str(revision)}))


def _available(world: World, born: float) -> list[Json]:
    since = world.ago(born - 1)
    text = "Deployment has minimum availability."
    return [
        condition(
            "Available", "True", "MinimumReplicasAvailable", text, since, lastUpdateTime=since
        )
    ]


def _complete(world: World, name: str, changed: float) -> Json:
    text = f'ReplicaSet "{name}-{world.letters(10)}" has successfully progressed.'
    since = world.ago(changed)
    return condition(
        "Progressing", "True", "NewReplicaSetAvailable", text, since, lastUpdateTime=since
    )


def not_available(world: World, since: float) -> Json:
    at = world.ago(since)
    text = "Deployment does not have minimum availability."
    return condition(
        "Available", "False", "MinimumReplicasUnavailable", text, at, lastUpdateTime=at
    )


def is_available(world: World, since: float = days(20)) -> Json:
    return _available(world, since)[0]


def progressing(world: World, replicaset: str, since: float) -> Json:
    at = world.ago(since)
    text = f'ReplicaSet "{replicaset}" is progressing.'
    return condition("Progressing", "True", "ReplicaSetUpdated", text, at, lastUpdateTime=at)


def progressed(world: World, replicaset: str, since: float) -> Json:
    at = world.ago(since)
    text = f'ReplicaSet "{replicaset}" has successfully progressed.'
    return condition("Progressing", "True", "NewReplicaSetAvailable", text, at, lastUpdateTime=at)


def deadline(world: World, replicaset: str, since: float) -> Json:
    at = world.ago(since)
    text = f'ReplicaSet "{replicaset}" has timed out progressing.'
    return condition(
        "Progressing", "False", "ProgressDeadlineExceeded", text, at, lastUpdateTime=at
    )


def replicaset(
    world: World,
    parent: Json,
    *,
    replicas: int,
    ready: int | None = None,
    born: float = days(6),
    revision: int = 3,
    template: Template | None = None,
    conditions: list[Json] | None = None,
    total: int | None = None,
) -> Json:
    """One revision of a Deployment; `template` when it differs from the present one."""
    mark = world.letters(10)
    metadata = parent["metadata"]
    body = template.body() if template else parent["spec"]["template"]
    labels = {**body["metadata"]["labels"], "pod-template-hash": mark}
    ready = replicas if ready is None else ready
    total = replicas if total is None else total
    counts = {"availableReplicas": ready, "readyReplicas": ready, "fullyLabeledReplicas": total}
    name = f"{metadata['name']}-{mark}"
    one: Json = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            **world.meta(name, metadata["namespace"], born=born),
            "annotations": {
                "deployment.kubernetes.io/desired-replicas": str(parent["spec"]["replicas"]),
                "deployment.kubernetes.io/revision": str(revision),
            },
            "generation": 2,
            "labels": labels,
            "ownerReferences": [owner(parent)],
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {**body, "metadata": {**body["metadata"], "labels": labels}},
        },
        "status": {
            "observedGeneration": 2,
            "replicas": total,
            **{key: count for key, count in counts.items() if count},
        },
    }
    if conditions:
        one["status"]["conditions"] = conditions
    if template is None:
        _name_in_conditions(parent, name)
    return world.add(one)


def _name_in_conditions(parent: Json, name: str) -> None:
    """The Deployment's conditions were written before its present ReplicaSet had a name."""
    for told in parent["status"]["conditions"]:
        if told["type"] == "Progressing":
            told["message"] = re.sub(r'"[^"]*"', f'"{name}"', told["message"])


def stateful_set(
    world: World,
    namespace: str,
    name: str,
    template: Template,
    *,
    replicas: int = 1,
    ready: int | None = None,
    born: float = days(200),
    revisions: tuple[str, str] | None = None,
    claims: tuple[Json, ...] = (),
    **spec: Any,
) -> Json:
    """A StatefulSet; `revisions` are (current, update) when they differ."""
    current, update = revisions or (f"{name}-{world.letters(9)}",) * 2
    ready = replicas if ready is None else ready
    one: Json = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {**world.meta(name, namespace, born=born), "generation": 2},
        "spec": {
            "podManagementPolicy": "OrderedReady",
            "replicas": replicas,
            "selector": {"matchLabels": dict(template.labels)},
            "serviceName": name,
            "template": template.body(),
            "updateStrategy": {"rollingUpdate": {"partition": 0}, "type": "RollingUpdate"},
            **spec,
        },
        "status": {
            "availableReplicas": ready,
            "collisionCount": 0,
            "currentReplicas": replicas,
            "currentRevision": current,
            "observedGeneration": 2,
            "readyReplicas": ready,
            "replicas": replicas,
            "updateRevision": update,
            "updatedReplicas": replicas if current == update else 0,
        },
    }
    if claims:
        one["spec"]["volumeClaimTemplates"] = list(claims)
    return world.add(labelled(one, dict(template.labels)))


def daemon_set(
    world: World,
    namespace: str,
    name: str,
    template: Template,
    *,
    wanted: int,
    ready: int | None = None,
    born: float = days(120),
    **spec: Any,
) -> Json:
    ready = wanted if ready is None else ready
    status: Json = {
        "currentNumberScheduled": wanted,
        "desiredNumberScheduled": wanted,
        "numberAvailable": ready,
        "numberMisscheduled": 0,
        "numberReady": ready,
        "observedGeneration": 1,
        "updatedNumberScheduled": wanted,
    }
    if wanted - ready:
        status["numberUnavailable"] = wanted - ready
    one: Json = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {**world.meta(name, namespace, born=born), "generation": 1},
        "spec": {
            "selector": {"matchLabels": dict(template.labels)},
            "template": template.body(),
            "updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}, "type": "RollingUpdate"},
            **spec,
        },
        "status": status,
    }
    return world.add(labelled(one, dict(template.labels)))


def healthy_deployment(
    world: World,
    namespace: str,
    name: str,
    image: str,
    nodes: list[Json],
    *,
    style: int = 0,
    with_replicaset: bool = True,
    born: float = days(5),
) -> list[Json]:
    """A neighbour that is well: its Deployment, ReplicaSet and one pod on each of `nodes`."""
    resources = limits("500m", "512Mi", request=("100m", "256Mi"))
    spec = container(name, image, ports=[port(8080, "http")], resources=resources)
    template = Template([spec], labels=app_labels(name, style))
    parent = deployment(world, namespace, name, template, replicas=len(nodes), changed=born)
    child = replicaset(world, parent, replicas=len(nodes), born=born)
    if not with_replicaset:  # as in a dump of somebody who forgot them
        world.objects.remove(child)
    well = [status(spec, running(world.ago(born - 0.2)))]
    return [parent, child, *(pod(world, child, node, well, born=born) for node in nodes)]
