"""What every controller works with: the stored objects, the time, and how pods behave."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.controllers.behaviour import Behaviours
from sandbox.controllers.indexes import NOBODY, by_label, by_node, by_owner
from sandbox.controllers.rooms import Rooms
from sandbox.controllers.runs import Run
from sandbox.controllers.timing import Timing
from sandbox.controllers.wording import Wording
from sandbox.fields import entries, section
from sandbox.journal import Journal
from sandbox.labels import matches_label_selector
from sandbox.series import SeriesStore
from sandbox.store import Key, Store

Json = dict[str, Any]

PODS, NODES, EVENTS = "pods", "nodes", "events"
DEPLOYMENTS, REPLICA_SETS = "deployments.apps", "replicasets.apps"
STATEFUL_SETS, DAEMON_SETS = "statefulsets.apps", "daemonsets.apps"
JOBS, CRON_JOBS = "jobs.batch", "cronjobs.batch"
CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"
SERVICES, ENDPOINTS, SLICES = "services", "endpoints", "endpointslices.discovery.k8s.io"
BUDGETS = "poddisruptionbudgets.policy"
AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
RESOURCES = {
    "Pod": PODS,
    "Node": NODES,
    "Deployment": DEPLOYMENTS,
    "ReplicaSet": REPLICA_SETS,
    "StatefulSet": STATEFUL_SETS,
    "DaemonSet": DAEMON_SETS,
    "Job": JOBS,
    "CronJob": CRON_JOBS,
    "PersistentVolumeClaim": CLAIMS,
    "Service": SERVICES,
    "PodDisruptionBudget": BUDGETS,
    "HorizontalPodAutoscaler": AUTOSCALERS,
}


CONTROLLER_MANAGER, KUBELET, SCHEDULER = "kube-controller-manager", "kubelet", "kube-scheduler"

# What an object was and is to be, who writes it, and as which subresource → with its field owners.
Recorder = Callable[[Json | None, Json, str, str], Json]


def admit_all(_pod: Json) -> str:
    return ""


def no_calls(_pod: Json) -> dict[str, float]:
    return {}


def record_nobody(_before: Json | None, after: Json, _manager: str, _subresource: str) -> Json:
    return after


@dataclass
class World:
    """Objects are read and put here. `admit` says why a new pod is refused, "" when it is not.

    `sign` records who owns the fields that are written.
    """

    store: Store
    timing: Timing
    behaviours: Behaviours
    admit: Callable[[Json], str] = admit_all
    sign: Recorder = record_nobody
    # Loaded pods are a picture; only those that something happened to since are simulated.
    awake: set[str] = field(default_factory=set[str])
    # What workloads used when the picture was taken: namespace, workload, resource → amount.
    loads: dict[tuple[str, str, str], float] = field(
        default_factory=dict[tuple[str, str, str], float]
    )
    series: SeriesStore = field(default_factory=SeriesStore)
    journal: Journal = field(default_factory=Journal)
    # How programs speak: namespace, workload or image without its tag, container.
    wordings: dict[tuple[str, str, str], Wording] = field(
        default_factory=dict[tuple[str, str, str], Wording]
    )
    # Of the services that a pod calls, the share of calls that fail.
    failing_calls: Callable[[Json], dict[str, float]] = no_calls
    # Whose recorded usage a new container has: namespace, workload, container → pod.
    models: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])
    # CronJob → when it starts a Job next.
    planned: dict[str, datetime] = field(default_factory=dict[str, datetime])
    rooms: Rooms = field(default_factory=Rooms)
    runs: dict[str, dict[str, Run]] = field(default_factory=dict[str, dict[str, Run]])

    def is_awake(self, one: Json) -> bool:
        return one["metadata"]["uid"] in self.awake

    def wake(self, one: Json) -> None:
        self.awake.add(one["metadata"]["uid"])

    def get(self, resource: str, namespace: str, name: str) -> Json | None:
        return self.store.get(Key(resource, namespace, name))

    def create(self, resource: str, one: Json) -> Json:
        """Put a new object, with the metadata a server gives it."""
        metadata = {
            **one["metadata"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": self.timing.stamp,
        }
        if "spec" in one:
            metadata["generation"] = 1
        made = {**one, "metadata": metadata}
        if resource != EVENTS:
            made = self.sign(None, made, CONTROLLER_MANAGER, "")
        kept = self.store.put(key_of(resource, one), made)
        self.wake(kept)
        return kept

    def set_status(self, resource: str, one: Json, status: Json, *, by: str = "") -> Json:
        return self.change(resource, one, by=by, status=status)

    def change(self, resource: str, one: Json, *, by: str = "", **parts: Any) -> Json:
        """Put the object with these parts replaced, if that changes anything.

        `by` is who does it, where that is not who usually does.
        """
        after = {**one, **parts}
        if after == one:
            return one
        if resource != PODS and "generation" in one["metadata"] and _spec_differs(one, after):
            generation = int(one["metadata"]["generation"]) + 1
            after["metadata"] = {**after["metadata"], "generation": generation}
        if resource != PODS or "spec" not in parts:  # nobody owns the node a pod is bound to
            subresource = "status" if "status" in parts and "spec" not in parts else ""
            after = self.sign(one, after, by or _writer(resource, after), subresource)
        return self.store.put(key_of(resource, one), after)

    def owned(self, resource: str, owner: Json) -> list[Json]:
        """The objects whose controller this one is, by name."""
        uid = owner["metadata"]["uid"]
        found = self.store.find(resource, by_owner, uid)
        return [one for one in found if controller_of(one).get("uid") == uid]

    def matching(self, resource: str, namespace: str, selector: Json) -> list[Json]:
        """The objects of a namespace that a LabelSelector selects, by name."""
        labels = section(selector, "matchLabels").items()
        rarest = min(
            ((namespace, name, str(value)) for name, value in labels),
            key=lambda label: self.store.count(resource, by_label, label),
            default=None,
        )
        if rarest is None:
            found = self.store.list(resource, namespace)
        else:
            found = self.store.find(resource, by_label, rarest)
        return [one for one in found if matches_label_selector(selector, one)]

    def pods_on(self, node: str) -> list[Json]:
        """The pods that have this node; those without any for ""."""
        return self.store.find(PODS, by_node, node)

    def adopted(self, resource: str, owner: Json) -> list[Json]:
        """What the owner owns; what is nobody's and its selector matches becomes its own."""
        selector = section(owner, "spec", "selector")
        nobodys = (NOBODY, owner["metadata"]["namespace"])
        for one in self.store.find(resource, by_owner, nobodys):
            if selector and matches_label_selector(selector, one) and not leaving(one):
                self.change(
                    resource,
                    one,
                    metadata={**one["metadata"], "ownerReferences": [reference_to(owner)]},
                )
        return self.owned(resource, owner)

    def end_pod(self, pod: Json, *, grace_s: int | None = None) -> None:
        """Delete a pod as its owner does: a running one gets its grace period."""
        key = key_of(PODS, pod)
        wanted = section(pod, "spec").get("terminationGracePeriodSeconds", 30)
        grace = wanted if grace_s is None else grace_s
        if not section(pod, "spec").get("nodeName"):
            grace = 0
        if grace == 0 and not pod["metadata"].get("finalizers"):
            self.store.remove(key)
        elif not leaving(pod):
            gone_at = self.timing.after(grace).strftime("%Y-%m-%dT%H:%M:%SZ")
            marks = {"deletionTimestamp": gone_at, "deletionGracePeriodSeconds": grace}
            self.change(PODS, pod, metadata={**pod["metadata"], **marks})


def key_of(resource: str, one: Json) -> Key:
    metadata = one["metadata"]
    return Key(resource, metadata.get("namespace") or "", metadata["name"])


def controller_of(one: Json) -> Json:
    """The ownerReference of the controller, {} when there is none."""
    references = entries(one, "metadata", "ownerReferences")
    return next((reference for reference in references if reference.get("controller")), Json())


def reference_to(owner: Json) -> Json:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _writer(resource: str, one: Json) -> str:
    if resource != PODS:
        return CONTROLLER_MANAGER
    return KUBELET if section(one, "spec").get("nodeName") else SCHEDULER


def leaving(one: Json) -> bool:
    return bool(one["metadata"].get("deletionTimestamp"))


def _spec_differs(one: Json, after: Json) -> bool:
    return one.get("spec") != after.get("spec")
