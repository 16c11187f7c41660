"""Volumes that cannot be attached to the node of their pod."""

import re
from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.claims import NO_DRIVER, claims_of, pods_by_claim
from mcp_servers.engines.fields import text
from mcp_servers.engines.settling import is_ready, is_terminating, live_pods
from mcp_servers.engines.stamps import deleted_at
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource

# How long the attach controller waits for a node to let go before it takes the volume by force.
LETS_GO_WITHIN = timedelta(minutes=6)
_MULTI = re.compile(r"multi-attach", re.IGNORECASE)
_VOLUME = re.compile(r'for volume "([^"]+)"')


def volume_attachments(cluster: Cluster) -> Iterator[Finding]:
    """`volume.multi_attach` (another node holds it) and `volume.attach_failed` (all else)."""
    for pod in live_pods(cluster):
        failed = [] if is_ready(pod) else _failed(cluster, pod)
        if not failed or _attached_since(cluster, pod, failed[-1]):
            continue
        if not _MULTI.search(failed[-1].message):
            yield _attach_failed(cluster, pod, failed)
        elif not _is_leaving(cluster, pod):
            yield _multi_attach(cluster, pod, failed)


def _failed(cluster: Cluster, pod: Resource) -> list[Event]:
    """Failures to attach, and to mount for want of a driver, oldest first."""
    return [
        one
        for one in cluster.events_about(pod, "FailedAttachVolume", "FailedMount")
        if one.reason == "FailedAttachVolume" or NO_DRIVER.search(one.message)
    ]


def _attached_since(cluster: Cluster, pod: Resource, failed: Event) -> bool:
    done = cluster.events_about(pod, "SuccessfulAttachVolume", "Started")
    return any(one.last_at and failed.last_at and one.last_at > failed.last_at for one in done)


def _holders(cluster: Cluster, pod: Resource) -> list[Resource]:
    """Pods on other nodes with a claim of this pod."""
    users, node = pods_by_claim(cluster), text(pod.spec, "nodeName")
    sharing = {
        one.ref: one
        for name in claims_of(pod)
        for one in users.get((pod.namespace, name), [])
        if one.ref != pod.ref and text(one.spec, "nodeName") != node
    }
    return [one for _, one in sorted(sharing.items())]


def _is_leaving(cluster: Cluster, pod: Resource) -> bool:
    """Whether the pod that holds the volume has only just been told to go."""
    times = [deleted_at(one) for one in _holders(cluster, pod) if is_terminating(one)]
    return any(at is not None and cluster.now - at < LETS_GO_WITHIN for at in times)


def _params(pod: Resource, failed: list[Event]) -> dict[str, str]:
    volume = _VOLUME.search(failed[-1].message)
    return {
        "volume": volume.group(1) if volume else "",
        "claim": ", ".join(sorted(claims_of(pod))),
        "message": citing.quoted(failed[-1].message),
    }


def _joins(pod: Resource) -> dict[str, str]:
    claims = sorted(claims_of(pod))
    return {"claim": ",".join(key(Ref("", pod.namespace, name)) for name in claims)}


def _multi_attach(cluster: Cluster, pod: Resource, failed: list[Event]) -> Finding:
    holders = _holders(cluster, pod)
    nodes = sorted({text(one.spec, "nodeName") for one in holders} - {""})
    seen = [citing.field(one, ".spec.nodeName", text(one.spec, "nodeName")) for one in holders[:2]]
    own = text(pod.spec, "nodeName")
    return about_pod(
        cluster,
        pod,
        "volume.multi_attach",
        Severity.HIGH,
        [*citing.events(failed, at_most=1), *seen],
        since=failed[0].first_at,
        cause_key=",".join(sorted(claims_of(pod))),
        params={
            **_params(pod, failed),
            "holder": ", ".join(one.name for one in holders[:3]),
            "old_node": ", ".join(nodes),
        },
        joins={**_joins(pod), "node": ",".join(sorted({*nodes, own} - {""}))},
    )


def _attach_failed(cluster: Cluster, pod: Resource, failed: list[Event]) -> Finding:
    said = NO_DRIVER.search(failed[-1].message)
    driver = next((one for one in said.groups() if one), "") if said else ""
    return about_pod(
        cluster,
        pod,
        "volume.attach_failed",
        Severity.HIGH,
        citing.events(failed, at_most=1),
        since=failed[0].first_at,
        cause_key=driver or ",".join(sorted(claims_of(pod))),
        params={**_params(pod, failed), "driver": driver},
        joins=_joins(pod),
    )
