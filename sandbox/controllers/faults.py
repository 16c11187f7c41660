"""Faults for practice, put in while the cluster runs, and taken out again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import Invalid, NotFound
from sandbox.controllers.behaviour import Behaviour, Reaction, config_references, memory_limit
from sandbox.controllers.conditions import condition_of, with_condition
from sandbox.controllers.kubelet import workload_of
from sandbox.controllers.world import NODES, PODS, RESOURCES, World, key_of, leaving
from sandbox.fields import entries, section
from sandbox.store import Key

Json = dict[str, Any]

# Under whose name a bad image is rolled out: that of `kubectl set image`.
_SOMEBODY = "kubectl-set"
Undo = Callable[[], None]

_TARGETS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "node": "Node",
}
# An application that wants half as much again as it may have.
_TOO_MUCH = 1.5
_CRASH_AFTER_S = 3.0
_NO_TAG = "no-such-tag"


@dataclass(frozen=True, slots=True)
class Fault:
    """`target` as people write it: deployment/checkout."""

    kind: str
    target: str
    namespace: str = ""

    def shown(self) -> Json:
        return {"fault": self.kind, "target": self.target, "namespace": self.namespace}


@dataclass
class Faults:
    """Each fault remembers how to be undone."""

    world: World
    _undo: dict[Fault, Undo] = field(default_factory=dict[Fault, Undo])

    def all(self) -> list[Json]:
        return [fault.shown() for fault in self._undo]

    def inject(self, fault: Fault) -> None:
        """Raises `Invalid` for a fault that this target cannot have, `NotFound` without a target."""
        if fault.kind not in KINDS:
            raise Invalid(f"There is no fault {fault.kind!r}.", hint=f"Known: {_known()}.")
        if fault in self._undo:
            return
        owner = _target(self.world, fault)
        self._undo[fault] = KINDS[fault.kind](self.world, owner)
        self.world.store.wake()

    def remove(self, fault: Fault) -> None:
        undo = self._undo.pop(fault, None)
        if undo is None:
            shown = ", ".join(f"{one.kind} on {one.target}" for one in self._undo) or "none"
            raise NotFound(
                f"There is no fault {fault.kind} on {fault.target}.", hint=f"Injected: {shown}."
            )
        undo()
        self.world.store.wake()


def _known() -> str:
    return ", ".join(KINDS)


def _target(world: World, fault: Fault) -> Json:
    kind, _, name = fault.target.partition("/")
    known = _TARGETS.get(kind.lower())
    if known is None or not name:
        hint = "Write deployment/NAME, statefulset/NAME, daemonset/NAME or node/NAME."
        raise Invalid(f"{fault.target!r} is no target of a fault.", hint=hint)
    if (known == "Node") != (fault.kind == "node-not-ready"):
        what = "a node" if known == "Node" else f"a {kind}"
        raise Invalid(f"{fault.kind} is no fault of {what}.")
    namespace = "" if known == "Node" else fault.namespace or "default"
    found = world.get(RESOURCES[known], namespace, name)
    if found is None:
        where = f" in namespace {namespace}" if namespace else ""
        raise NotFound(f"There is no {kind} {name}{where}.")
    return found


def _oom(world: World, owner: Json) -> Undo:
    limits = [limit for one in _containers(owner) if (limit := memory_limit(one)) is not None]
    if not limits:
        raise Invalid("No container of it has a memory limit, so none can be killed at it.")
    wants = max(limits) * _TOO_MUCH
    return _behave(
        world, owner, lambda one: replace(one, working_set_bytes=wants, killed_after_s=10)
    )


def _crash(world: World, owner: Json) -> Undo:
    return _behave(world, owner, lambda one: replace(one, exit_code=1, exit_after_s=_CRASH_AFTER_S))


def _not_ready(world: World, owner: Json) -> Undo:
    if not any(one.get("readinessProbe") for one in _containers(owner)):
        raise Invalid("No container of it has a readiness probe, so nobody would notice.")
    return _behave(world, owner, lambda one: replace(one, ready=False))


def _behave(world: World, owner: Json, changes: Callable[[Behaviour], Behaviour]) -> Undo:
    """The fault is in the images that run now: another image does not have it."""
    reaction = Reaction(
        changes=changes,
        workload=f"{owner['kind']}/{owner['metadata']['name']}".lower(),
        namespace=owner["metadata"]["namespace"],
        images=tuple(str(one.get("image")) for one in _containers(owner)),
    )
    world.behaviours.reactions.append(reaction)
    _stir(world, owner)

    def undo() -> None:
        world.behaviours.reactions.remove(reaction)
        _stir(world, owner)

    return undo


def _bad_image(world: World, owner: Json) -> Undo:
    resource, key = RESOURCES[owner["kind"]], key_of(RESOURCES[owner["kind"]], owner)
    first = _containers(owner)[0]
    good = str(first.get("image"))
    stem, colon, tag = good.partition("@")[0].rpartition(":")
    bad = f"{stem if colon and '/' not in tag else good.partition('@')[0]}:{_NO_TAG}"
    world.behaviours.missing.add(bad)
    _set_image(world, resource, owner, bad)

    def undo() -> None:
        now = world.store.get(key)
        if now and _containers(now)[0].get("image") == bad:
            _set_image(world, resource, now, good)

    return undo


def _set_image(world: World, resource: str, owner: Json, image: str) -> None:
    spec, template = section(owner, "spec"), section(owner, "spec", "template")
    [first, *others] = _containers(owner)
    containers = [{**first, "image": image}, *others]
    pod_spec = {**section(template, "spec"), "containers": containers}
    after = {**spec, "template": {**template, "spec": pod_spec}}
    world.change(resource, owner, by=_SOMEBODY, spec=after)


def _missing_config(world: World, owner: Json) -> Undo:
    """What its containers read first is deleted, and its pods start anew without it."""
    namespace = owner["metadata"]["namespace"]
    references = [
        Key(resource, namespace, name)
        for container in _containers(owner)
        for resource, name, _, optional in config_references(
            section(owner, "spec", "template", "spec"), container
        )
        if not optional and world.get(resource, namespace, name)
    ]
    if not references:
        raise Invalid("No container of it needs a ConfigMap or Secret.")
    key = min(references)
    kept = world.store.remove(key)
    for pod in _pods_of(world, owner):
        world.end_pod(pod)

    def undo() -> None:
        if kept and world.store.get(key) is None:
            world.store.put(key, kept)

    return undo


def _node_not_ready(world: World, node: Json) -> Undo:
    key, told = key_of(NODES, node), condition_of(node, "Ready")
    _set_ready(world, node, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")

    def undo() -> None:
        now = world.store.get(key)
        if now:
            reason = str(told.get("reason") or "KubeletReady")
            message = str(told.get("message") or "kubelet is posting ready status")
            _set_ready(world, now, str(told.get("status") or "True"), reason, message)

    return undo


def _set_ready(world: World, node: Json, status: str, reason: str, message: str) -> None:
    conditions = with_condition(
        entries(node, "status", "conditions"),
        world.timing,
        "Ready",
        status,
        reason=reason,
        message=message,
    )
    told = {"lastHeartbeatTime": world.timing.stamp}
    conditions = [{**one, **told} if one.get("type") == "Ready" else one for one in conditions]
    world.set_status(NODES, node, {**section(node, "status"), "conditions": conditions})


def _stir(world: World, owner: Json) -> None:
    """What its running containers do is asked anew, now."""
    now = world.timing.now()
    for pod in _pods_of(world, owner):
        world.wake(pod)
        for run in world.runs.get(pod["metadata"]["uid"], {}).values():
            run.due, run.probes = now, {}
        world.timing.look_again(key_of(PODS, pod), now)


def _pods_of(world: World, owner: Json) -> list[Json]:
    mine = f"{owner['kind']}/{owner['metadata']['name']}".lower()
    pods = world.store.list(PODS, owner["metadata"]["namespace"])
    return [pod for pod in pods if not leaving(pod) and workload_of(world, pod) == mine]


def _containers(owner: Json) -> list[Json]:
    return entries(owner, "spec", "template", "spec", "containers")


KINDS: Mapping[str, Callable[[World, Json], Undo]] = {
    "oom": _oom,
    "bad-image": _bad_image,
    "missing-config": _missing_config,
    "crash": _crash,
    "not-ready": _not_ready,
    "node-not-ready": _node_not_ready,
}
