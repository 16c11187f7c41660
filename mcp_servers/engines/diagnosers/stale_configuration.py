"""Containers that run with what a ConfigMap or Secret said before it was changed."""

from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.config_references import Reference, references
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.fields import has, rows, section, text
from mcp_servers.engines.ownership import workload_of
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import GRACE, is_finished, live_pods
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

# Where those leave their mark who restart pods when their configuration changes.
RELOADED_BY = ("checksum/", "reloader.", "configmap.reloader.", "secret.reloader.", "stakater.com/")
HELD_IN = ("f:data", "f:stringData", "f:binaryData")


def stale_configuration(cluster: Cluster) -> Iterator[Finding]:
    """`config.changed_not_reloaded`: read once at the start, and changed since.

    A volume mounted whole follows the change by itself; a variable or a `subPath` does not.
    """
    for pod in live_pods(cluster):
        if is_finished(pod) or _is_reloaded(cluster, pod):
            continue
        used = references(pod.namespace, pod.spec)
        for container in containers(pod):
            began = container.running_since
            if began is None or container.role is Role.EPHEMERAL:
                continue
            yield from _told(cluster, container, began, used)


def _is_reloaded(cluster: Cluster, pod: Resource) -> bool:
    owner = workload_of(cluster, pod)
    marks = [*pod.annotations]
    if owner is not None:
        marks += [*owner.annotations, *section(template_of(owner), "metadata", "annotations")]
    return any(_tells_of_reloading(mark) for mark in marks)


def _tells_of_reloading(mark: str) -> bool:
    return mark.startswith(RELOADED_BY) or "-hash" in mark or "config-checksum" in mark


def _told(
    cluster: Cluster, container: Container, began: datetime, used: list[Reference]
) -> Iterator[Finding]:
    for reference in _fixed_at_start(container, used):
        held = cluster.get(reference.target)
        changed = _changed_at(held, reference.key) if held else None
        if held is None or changed is None or changed <= began or cluster.now - changed < GRACE:
            continue
        yield _finding(cluster, container, reference, held, began, changed)


def _fixed_at_start(container: Container, used: list[Reference]) -> Iterator[Reference]:
    """What a container reads once: variables, and files mounted by `subPath`. Each object once."""
    by_path = {
        f".spec.volumes[{text(mount, 'name')}]"
        for mount in rows(container.spec, "volumeMounts")
        if text(mount, "subPath") or text(mount, "subPathExpr")
    }
    for one in used:
        own = one.container == container.name and ".env" in one.path
        if own or any(one.path.startswith(path) for path in by_path):
            yield one


def _changed_at(held: Resource, name: str) -> datetime | None:
    """When this key was last written, or any where all are used; made anew counts too."""
    if held.raw.get("immutable") is True:
        return held.created_at
    written = [
        moment(entry.get("time"))
        for entry in rows(held.metadata, "managedFields")
        if _writes(section(entry, "fieldsV1"), name)
    ]
    known = [at for at in (*written, held.created_at) if at is not None]
    return max(known, default=None)


def _writes(fields: object, name: str) -> bool:
    return any(has(fields, part, f"f:{name}") if name else has(fields, part) for part in HELD_IN)


def _finding(
    cluster: Cluster,
    container: Container,
    reference: Reference,
    held: Resource,
    began: datetime,
    changed: datetime,
) -> Finding:
    what = f"{held.kind} {held.name}"
    return about_pod(
        cluster,
        container.pod,
        "config.changed_not_reloaded",
        Severity.MEDIUM,
        [
            citing.field(held, ".metadata.managedFields[].time", citing.clock(changed), changed),
            citing.field(
                container.pod,
                f"{container.path}.state.running.startedAt",
                citing.clock(began),
                began,
            ),
            citing.field(container.pod, reference.path, held.name),
        ],
        confidence=Confidence.STRONG,
        since=changed,
        container=container.name,
        cause_key=what,
        fix="fix.restart",
        params={
            "config": what,
            "key": reference.key,
            "changed_at": citing.clock(changed),
            "started_at": citing.clock(began),
        },
        joins={"ref": f"{held.kind}:{key(held.ref)}", held.kind.lower(): key(held.ref)},
    )
