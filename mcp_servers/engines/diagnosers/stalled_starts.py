"""Pods on a node whose containers are not made: no sandbox, or a volume that is not mounted."""

import re
from collections.abc import Iterator, Sequence

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import listed
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.claims import NO_DRIVER, claims_of
from mcp_servers.engines.config_references import ABSENT_KEY, ABSENT_OBJECT
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.placement import pods_by_node
from mcp_servers.engines.settling import is_young, live_pods
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource

# What containers wait as while the node prepares the pod.
PREPARING = frozenset({"ContainerCreating", "PodInitializing"})
NO_SANDBOX = "FailedCreatePodSandBox"
# A first attempt may come before the network of a node is up.
FEWEST_ATTEMPTS = 2
# What comes after all volumes of a pod are mounted.
BEYOND_MOUNTING = ("Pulling", "Pulled", "Created", "Started")

_ABSENT_CLAIM = re.compile(r"persistentvolumeclaim \"?[\w.-]+\"? not found", re.IGNORECASE)
# The kubelet's summary of other messages, which adds nothing to them.
_SUMMARY = re.compile(r"unmounted volumes=\[([^\]]*)\]", re.IGNORECASE)
_VOLUME = re.compile(r'for volume "([^"]+)"')


def sandbox_failed(cluster: Cluster) -> Iterator[Finding]:
    """`pod.sandbox_failed`: the node cannot give the pod its sandbox: network, address or runtime."""
    for pod in live_pods(cluster):
        failed = _attempts(cluster, pod) if _is_prepared(pod) else []
        if sum(one.count for one in failed) >= FEWEST_ATTEMPTS:
            yield _no_sandbox(cluster, pod, failed)


def _is_prepared(pod: Resource) -> bool:
    """Whether the node still prepares it: nothing of it has run or waits for anything else."""
    return any(one.waiting_reason in PREPARING for one in containers(pod)) and not any(
        one.running or one.terminations for one in containers(pod)
    )


def _attempts(cluster: Cluster, pod: Resource) -> list[Event]:
    failed = cluster.events_about(pod, NO_SANDBOX)
    return [one for one in failed if cluster.recent(one.last_at)]


def _no_sandbox(cluster: Cluster, pod: Resource, failed: Sequence[Event]) -> Finding:
    node = text(pod.spec, "nodeName")
    others = [
        one.name
        for one in pods_by_node(cluster).get(node, [])
        if one.ref != pod.ref and _is_prepared(one) and _attempts(cluster, one)
    ]
    return about_pod(
        cluster,
        pod,
        "pod.sandbox_failed",
        Severity.HIGH,
        [
            *citing.events(failed, at_most=1),
            *(
                citing.field(pod, f"{one.path}.state.waiting.reason", one.waiting_reason)
                for one in containers(pod)[:1]
            ),
        ],
        confidence=Confidence.STRONG,
        since=failed[0].first_at,
        cause_key=node,
        params={
            "message": citing.quoted(failed[-1].message),
            "count": str(sum(one.count for one in failed)),
            "others": listed(sorted(others)),
        },
    )


def volume_mount_failed(cluster: Cluster) -> Iterator[Finding]:
    """`pod.volume_mount_failed`: a volume is there and the node cannot mount it.

    Configuration, claims and drivers that are absent, and volumes that are not attached, have
    rules of their own.
    """
    for pod in live_pods(cluster):
        failed = cluster.events_about(pod, "FailedMount") if _is_prepared(pod) else []
        if not failed or _went_on(cluster, pod, failed[-1]) or _is_explained(cluster, pod, failed):
            continue
        if sum(one.count for one in failed) >= FEWEST_ATTEMPTS or not is_young(cluster, pod):
            yield _unmounted(cluster, pod, failed)


def _went_on(cluster: Cluster, pod: Resource, failed: Event) -> bool:
    after = cluster.events_about(pod, *BEYOND_MOUNTING)
    return any(one.last_at and failed.last_at and one.last_at > failed.last_at for one in after)


def _is_explained(cluster: Cluster, pod: Resource, failed: Sequence[Event]) -> bool:
    """Whether a sharper rule speaks about it; the kubelet names one volume at a time."""
    if cluster.events_about(pod, "FailedAttachVolume"):
        return True
    shapes = (ABSENT_OBJECT, ABSENT_KEY, NO_DRIVER, _ABSENT_CLAIM)
    named = [one for one in failed if any(shape.search(one.message) for shape in shapes)]
    return bool(named) and all(one in named or _SUMMARY.search(one.message) for one in failed)


def _unmounted(cluster: Cluster, pod: Resource, failed: Sequence[Event]) -> Finding:
    telling = [one for one in failed if not _SUMMARY.search(one.message)] or list(failed)
    said = telling[-1]
    volume = _volume_in(said.message)
    driver = _driver(cluster, pod, volume)
    claims = sorted(claims_of(pod))
    return about_pod(
        cluster,
        pod,
        "pod.volume_mount_failed",
        Severity.HIGH,
        citing.events(telling, at_most=2),
        since=min((one.first_at for one in failed if one.first_at), default=None),
        cause_key=volume,
        params={
            "volume": volume,
            "driver": driver,
            "message": citing.quoted(said.message),
            "count": str(sum(one.count for one in failed)),
        },
        joins={"claim": ",".join(key(Ref("", pod.namespace, name)) for name in claims)},
    )


def _volume_in(message: str) -> str:
    named = _VOLUME.search(message)
    summary = _SUMMARY.search(message)
    return named.group(1) if named else (summary.group(1) if summary else "")


def _driver(cluster: Cluster, pod: Resource, volume: str) -> str:
    """The driver of a volume, by its name in the pod or by the name of what its claim is bound to."""
    for one in rows(pod.spec, "volumes"):
        claim = cluster.get(
            Ref(
                "PersistentVolumeClaim",
                pod.namespace,
                text(one, "persistentVolumeClaim", "claimName"),
            )
        )
        bound = text(claim.spec, "volumeName") if claim else ""
        if volume in (text(one, "name"), bound) and volume:
            held = cluster.get(Ref("PersistentVolume", "", bound))
            return _kind_of_source(held.spec if held else one)
    return ""


def _kind_of_source(holder: object) -> str:
    """What mounts it: a driver's name, `nfs` with its server, or the kind of source."""
    if driver := text(holder, "csi", "driver"):
        return driver
    if server := text(holder, "nfs", "server"):
        return f"nfs {server}:{text(holder, 'nfs', 'path')}"
    kinds = ("hostPath", "iscsi", "cephfs", "rbd", "azureFile", "local", "fc")
    return next((kind for kind in kinds if section(holder, kind)), "")
