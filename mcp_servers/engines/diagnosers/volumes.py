"""Volumes left behind by their claims, and classes that two want to be the default."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.fields import text
from mcp_servers.engines.settling import is_terminating
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

TAKEN_CARE_OF_WITHIN = timedelta(hours=1)
DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def left_volumes(cluster: Cluster) -> Iterator[Finding]:
    """`pv.released_or_failed`: its claim is gone, or it could not be reclaimed."""
    for volume in cluster.all("PersistentVolume"):
        phase = text(volume.status, "phase")
        since = moment(volume.status.get("lastPhaseTransitionTime"))
        fresh = since is not None and cluster.now - since < TAKEN_CARE_OF_WITHIN
        if phase == "Failed" or (phase == "Released" and not fresh and not is_terminating(volume)):
            yield _left(cluster, volume, phase, since)


def _left(cluster: Cluster, volume: Resource, phase: str, since: datetime | None) -> Finding:
    failed = cluster.events_about(volume, "VolumeFailedDelete", "VolumeFailedRecycle")
    claim = text(volume.spec, "claimRef", "name")
    place = text(volume.spec, "claimRef", "namespace")
    said = text(volume.status, "message") or (failed[-1].message if failed else "")
    return about_object(
        volume,
        "pv.released_or_failed",
        Severity.MEDIUM if phase == "Failed" else Severity.LOW,
        [
            citing.field(volume, ".status.phase", phase, since),
            citing.field(volume, ".spec.claimRef", f"{place}/{claim}"),
            *citing.events(failed, at_most=1),
        ],
        since=since,
        params={
            "phase": phase,
            "claim": f"{place}/{claim}".strip("/"),
            "size": text(volume.spec, "capacity", "storage"),
            "policy": text(volume.spec, "persistentVolumeReclaimPolicy"),
            "message": citing.quoted(said),
        },
    )


def default_classes(cluster: Cluster) -> Iterator[Finding]:
    """`storageclass.multiple_default`: told about the newest, which is the one that is used."""
    marked = [one for one in cluster.all("StorageClass") if _is_default(one)]
    if len(marked) > 1:
        ordered = sorted(marked, key=lambda one: (text(one.metadata, "creationTimestamp"), one.ref))
        newest = ordered[-1]
        path = f".metadata.annotations[{DEFAULT_CLASS[0]}]"
        yield about_object(
            newest,
            "storageclass.multiple_default",
            Severity.MEDIUM,
            [citing.field(one, path, "true", one.created_at) for one in ordered[-3:]],
            since=newest.created_at,
            affected=[one.ref for one in ordered],
            params={"classes": ", ".join(one.name for one in ordered)},
        )


def _is_default(storage_class: Resource) -> bool:
    return any(storage_class.annotations.get(name) == "true" for name in DEFAULT_CLASS)
