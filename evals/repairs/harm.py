"""Whether a change did anything but what was approved, to anything but what it was for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from evals.repairs.everything import Json, Objects, changed, owner_of
from evals.truth import Named

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
# What controllers make, keep and remove for their owners.
MADE = frozenset({"Pod", "ReplicaSet", "ControllerRevision", "Job", "PersistentVolume"})
# Written by controllers into objects that people made.
OF_CONTROLLERS = {
    "Node": {("spec", "taints")},
    "PersistentVolumeClaim": {("spec", "volumeName"), ("metadata", "annotations")},
    "Deployment": {("metadata", "annotations", "deployment.kubernetes.io/revision")},
}
BEFORE = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that was carried out: what it was for, the steps of its plan, and how it ended."""

    fix: str
    status: str
    about: Named
    steps: Sequence[Json]

    @property
    def stands(self) -> bool:
        """Whether what was approved is to be found there: also where nobody knows that it helped, and
        there is no way back."""
        lasting = not any(one.get("inverse") for one in self.steps)
        return self.status == "verified" or (self.status == "unknown" and lasting)

    @property
    def targets(self) -> set[Named]:
        """What was written, and what that was for: the StatefulSet of a pod that was put off."""
        return {self.about, *(_target(one) for one in self.steps)}


def harm(before: Objects, after: Objects, done: Sequence[Applied]) -> list[str]:
    """What should not have happened, in words; nothing when all is as it may be."""
    steps = [step for one in done if one.stands for step in one.steps]
    meant = {name for one in done for name in one.targets}
    return [
        *_objects_differ(before, after, steps),
        *_less_healthy(before, after, steps),
        *_restarted(before, after, meant | _scaled_by(before, meant)),
    ]


def _objects_differ(before: Objects, after: Objects, steps: Sequence[Json]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if _is_made(before, after, name, steps):
            continue
        told = "/".join(filter(None, name))
        if name not in after:
            yield f"{told} is gone"
        elif name not in before:
            yield f"{told} is new"
        else:
            for path in sorted(_strange(name, before[name], after[name], steps)):
                yield f"{told}: {'.'.join(path)} was changed"


def _is_made(before: Objects, after: Objects, name: Named, steps: Sequence[Json]) -> bool:
    """Whether a controller made it, or a step of the plan: a Job that runs again."""
    if name not in before and any(
        _target(one) == name and one["verb"] == "create" for one in steps
    ):
        return True
    held = after if name in after else before
    return name[0] in MADE and (owner_of(held, name) != name or name[0] == "PersistentVolume")


def _strange(name: Named, before: Json, after: Json, steps: Sequence[Json]) -> set[tuple[str, ...]]:
    """What differs and stands in no patch that was approved."""
    if before["metadata"]["uid"] != after["metadata"]["uid"]:
        return {("metadata", "uid")}
    written = [path for one in steps if _target(one) == name for path in _paths(one["patch"])]
    usual = OF_CONTROLLERS.get(name[0], set())
    scaled = any(_target(one)[0] == "HorizontalPodAutoscaler" for one in steps)
    return {
        path
        for path in changed(before, after)
        if not any(_within(path, one) for one in (*written, *usual))
        and path[-1] != BEFORE
        and not (scaled and path == ("spec", "replicas"))
    }


def _paths(patch: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths that a patch sets; lists by the names of their entries."""
    if isinstance(patch, dict) and patch:
        for key, one in cast("Json", patch).items():
            yield from _paths(one, (*path, key.rpartition("/")[2] if key[0] == "$" else key))
    elif isinstance(patch, list) and _all_named(cast("list[Any]", patch)):
        for one in cast("list[Json]", patch):
            yield from _paths({k: v for k, v in one.items() if k != "name"}, (*path, one["name"]))
    else:
        yield path


def _all_named(entries: list[Any]) -> bool:
    return bool(entries) and all(isinstance(one, dict) and "name" in one for one in entries)


def _within(path: tuple[str, ...], written: tuple[str, ...]) -> bool:
    return path[: len(written)] == written


def _less_healthy(before: Objects, after: Objects, steps: Sequence[Json]) -> Iterator[str]:
    """Workloads with fewer ready pods than they had, unless that is what was asked for."""
    fewer = {_target(one) for one in steps if one["verb"] == "scale"}
    for name, one in sorted(before.items()):
        if name[0] in WORKLOADS and name in after and name not in fewer:
            had, has = ready(one), ready(after[name])
            if has < had:
                yield f"{'/'.join(filter(None, name))} has {has} ready pods, it had {had}"


def _restarted(before: Objects, after: Objects, meant: set[Named]) -> Iterator[str]:
    """Pods that served and are gone or made anew, of workloads that no change was about."""
    for name, one in sorted(before.items()):
        if name[0] != "Pod" or not _serves(one) or meant & {name, owner_of(before, name)}:
            continue
        now = after.get(name)
        if now is None or now["metadata"]["uid"] != one["metadata"]["uid"]:
            yield f"{'/'.join(filter(None, name))} served, and is gone or another"


def _serves(pod: Json) -> bool:
    status = cast("Json", pod.get("status") or {})
    flags = cast("list[Json]", status.get("conditions") or [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in flags)


def _scaled_by(held: Objects, meant: set[Named]) -> set[Named]:
    """What the autoscalers among them scale."""
    scalers = [
        (name, held[name]) for name in meant if name[0].endswith("Autoscaler") and name in held
    ]
    targets = [(name[1], one["spec"]["scaleTargetRef"]) for name, one in scalers]
    return {(str(one["kind"]), space, str(one["name"])) for space, one in targets}


def ready(workload: Json) -> int:
    status = cast("Json", workload.get("status") or {})
    return int(status.get("readyReplicas") or status.get("numberReady") or 0)


def _target(step: Json) -> Named:
    target: Json = step["target"]
    return str(target["kind"]), str(target["namespace"]), str(target["name"])


def incomplete(after: Objects, done: Sequence[Applied]) -> Iterator[str]:
    """Workloads of verified changes that are not what their spec asks for."""
    targets = {name for one in done if one.status == "verified" for name in one.targets}
    for name in sorted(targets):
        if name[0] in WORKLOADS and name in after:
            wanted, has = _wanted(after[name]), ready(after[name])
            if has < wanted:
                yield f"{'/'.join(filter(None, name))} has {has} of {wanted} pods ready"


def _wanted(workload: Json) -> int:
    spec, status = workload["spec"], cast("Json", workload.get("status") or {})
    return int(spec.get("replicas", status.get("desiredNumberScheduled") or 0))
