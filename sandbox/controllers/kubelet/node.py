"""A kubelet's view of one pod: its node, its events, its configuration."""

from dataclasses import dataclass
from typing import Any

from sandbox.controllers.behaviour import (
    Behaviour,
    Place,
    config_references,
    fingerprint,
    on_machine,
    volume_references,
)
from sandbox.controllers.events import record
from sandbox.controllers.indexes import by_address
from sandbox.controllers.world import (
    NODES,
    PODS,
    RESOURCES,
    World,
    controller_of,
)
from sandbox.fields import at, entries, section

Json = dict[str, Any]

_ME = "kubelet"
_KINDS = {"configmaps": ("configmap", "ConfigMap"), "secrets": ("secret", "Secret")}


@dataclass(frozen=True, slots=True)
class Seat:
    """One pod on its node."""

    world: World
    pod: Json

    @property
    def namespace(self) -> str:
        return str(self.pod["metadata"]["namespace"])

    @property
    def node(self) -> str:
        return str(at(self.pod, "spec", "nodeName") or "")

    @property
    def described(self) -> str:
        """As kubelets name a pod in their messages."""
        metadata = self.pod["metadata"]
        return f"{metadata['name']}_{self.namespace}({metadata['uid']})"

    def tell(self, reason: str, message: str, container: Json | None = None) -> None:
        kind = "Warning" if reason in _WARNINGS else "Normal"
        path = ""
        if container is not None:
            initial = container in entries(self.pod, "spec", "initContainers")
            part = "initContainers" if initial else "containers"
            path = f"spec.{part}{{{container.get('name')}}}"
        record(self.world, self.pod, reason, message, by=_ME, host=self.node, kind=kind, path=path)

    def behaviour(self, container: Json) -> Behaviour:
        name, image = str(container.get("name")), str(container.get("image"))
        place = Place(workload_of(self.world, self.pod), self.namespace, name, image)
        known = [self.fingerprint(container, probed=probed) for probed in (True, False)]
        here = [on_machine(one, self.machine) for one in known]
        return self.world.behaviours.of(place, *here, *known)

    @property
    def machine(self) -> str:
        """The architecture of its node: amd64, arm64."""
        node = self.world.get(NODES, "", self.node)
        return str(at(node, "status", "nodeInfo", "architecture") or "")

    def fingerprint(self, container: Json, *, probed: bool = False) -> str:
        versions = [
            f"{resource}/{name}@{at(found, 'metadata', 'resourceVersion')}"
            for resource, name, _, _ in config_references(section(self.pod, "spec"), container)
            if (found := self.world.get(resource, self.namespace, name))
        ]
        return fingerprint(self.namespace, container, versions, probed=probed)

    def has_image(self, image: str) -> bool:
        """Another container on this node runs it."""
        return any(
            status.get("image") == image and status.get("imageID")
            for pod in self.world.pods_on(self.node)
            for status in entries(pod, "status", "containerStatuses")
        )

    def missing_config(self, container: Json) -> str:
        """What the container's environment lacks, in the kubelet's words; "" when it lacks nothing."""
        for resource, name, key, optional in config_references(
            section(self.pod, "spec"), container
        ):
            lowered, kind = _KINDS[resource]
            found = self.world.get(resource, self.namespace, name)
            if found is None and not optional:
                return f'{lowered} "{name}" not found'
            if found is not None and key and not optional and not _has_key(found, key):
                return f"couldn't find key {key} in {kind} {self.namespace}/{name}"
        return ""

    def missing_volume(self) -> str:
        """Why a volume cannot be mounted, in the kubelet's words; "" when all can."""
        for volume, resource, name, key, optional in volume_references(section(self.pod, "spec")):
            found, why = self.world.get(resource, self.namespace, name), ""
            if found is None and not optional:
                why = f'{_KINDS[resource][0]} "{name}" not found'
            elif found is not None and key and not optional and not _has_key(found, key):
                why = f"references non-existent config key: {key}"
            if why:
                return f'MountVolume.SetUp failed for volume "{volume}" : {why}'
        return ""

    def addresses(self) -> Json:
        node = self.world.get(NODES, "", self.node)
        internal = [
            str(one.get("address"))
            for one in entries(node, "status", "addresses")
            if one.get("type") == "InternalIP"
        ]
        known = str(at(self.pod, "status", "podIP") or "") or self._free_address(node)
        told: Json = {"podIP": known, "podIPs": [{"ip": known}]}
        if internal:
            told |= {"hostIP": internal[0], "hostIPs": [{"ip": internal[0]}]}
        return told

    def _free_address(self, node: Json | None) -> str:
        network = str(at(node, "spec", "podCIDR") or "10.244.0.0/24").split("/")[0]
        stem = network.rpartition(".")[0]
        free = (f"{stem}.{n}" for n in range(2, 10_000))
        return next(ip for ip in free if not self.world.store.count(PODS, by_address, ip))


_WARNINGS = {"Failed", "BackOff", "Unhealthy", "FailedMount", "NodeNotReady"}


def workload_of(world: World, pod: Json) -> str:
    """The top of the owners, as `deployment/web`; the pod itself without any."""
    one, namespace = pod, pod["metadata"]["namespace"]
    while reference := controller_of(one):
        resource = RESOURCES.get(str(reference.get("kind")), "")
        owner = world.get(resource, namespace, str(reference.get("name")))
        if owner is None:
            return f"{reference.get('kind')}/{reference.get('name')}".lower()
        one = owner
    return f"{one['kind']}/{one['metadata']['name']}".lower()


def _has_key(one: Json, key: str) -> bool:
    return any(key in section(one, part) for part in ("data", "binaryData", "stringData"))
