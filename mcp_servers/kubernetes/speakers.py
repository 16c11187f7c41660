"""Whose log is read: the pod of a name, or the worst pod of the workload of that name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.clock import monotonic_s
from core.errors import NotFound
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import strings
from mcp_servers.engines.settling import is_ready
from mcp_servers.facts.kubernetes import Ref, Resource

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet")
# How long a name is believed to mean the workload it meant. Who reads a log reads it again at once,
# with other words to look for; and the selector of a workload cannot change as long as it lives.
BELIEVED_S = 30.0
KNOWN = 1_000


@dataclass(frozen=True, slots=True)
class Workload:
    """What there is to know of a workload to find its pods."""

    ref: Ref
    selector: str
    seen_s: float


@dataclass(slots=True)
class Speakers:
    """Finds pods by a name that people know, and remembers for a moment what a name meant."""

    now: Callable[[], float] = monotonic_s
    _known: dict[tuple[str, str], Workload] = field(default_factory=dict[tuple[str, str], Workload])

    async def chosen(self, cluster: Kubernetes, namespace: str, name: str) -> tuple[Resource, str]:
        """The pod of that name; else the least healthy pod of the workload of that name, and why it."""
        word = name.rpartition("/")[2]
        known = self._known.get((namespace, word))
        believed = known and self.now() - known.seen_s < BELIEVED_S
        if known and believed and (pods := await _pods(cluster, known)):
            return _worst(pods, known)
        if pod := await _or_none(cluster, "Pod", word, namespace):
            return pod, ""
        workload = await self._workload(cluster, namespace, word)
        if workload is None:
            # Asked for once more for its sentence, which names the nearest.
            return await cluster.get("Pod", word, namespace=namespace), ""
        pods = await _pods(cluster, workload)
        if not pods:
            raise SENTENCES.error(NotFound, "no_pods", object=str(workload.ref))
        return _worst(pods, workload)

    async def _workload(self, cluster: Kubernetes, namespace: str, word: str) -> Workload | None:
        for kind in KINDS:
            if found := await _or_none(cluster, kind, word, namespace):
                return self._remember(namespace, word, found)
        return None

    def _remember(self, namespace: str, word: str, found: Resource) -> Workload:
        labels = strings(found.spec, "selector", "matchLabels")
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        if len(self._known) >= KNOWN:
            self._known.clear()
        known = self._known[namespace, word] = Workload(found.ref, selector, self.now())
        return known


async def _or_none(cluster: Kubernetes, kind: str, name: str, namespace: str) -> Resource | None:
    found = await cluster.list(kind, namespace=namespace, field_selector=f"metadata.name={name}")
    return found[0] if found else None


async def _pods(cluster: Kubernetes, workload: Workload) -> Sequence[Resource]:
    if not workload.selector:
        return []
    home, selector = workload.ref.namespace, workload.selector
    return await cluster.list("Pod", namespace=home, label_selector=selector)


def _worst(pods: Sequence[Resource], workload: Workload) -> tuple[Resource, str]:
    worst = max(pods, key=lambda pod: (not is_ready(pod), _restarts(pod), pod.name))
    return worst, f"1 of {len(pods)} pods of {workload.ref}. " if len(pods) > 1 else ""


def _restarts(pod: Resource) -> int:
    return sum(one.restarts for one in containers(pod))
