"""Volumes that are nearly full: of bytes, or of inodes."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.claims import pods_using
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.fields import rows, text, words
from mcp_servers.engines.log_signals import Line, Speaker, lately, speakers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.quantities import as_bytes
from mcp_servers.engines.settling import is_finished, is_terminating
from mcp_servers.engines.trends import steady_rise
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.facts.metrics import Series

USED, CAPACITY = "kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes"
INODES_USED, INODES = "kubelet_volume_stats_inodes_used", "kubelet_volume_stats_inodes"
ALMOST_FULL = 0.95
TREND_SHOWS_AFTER = timedelta(hours=2)

_NO_SPACE = re.compile(r"no space left on device|ENOSPC", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w.])/[\w./-]+")


@dataclass(frozen=True, slots=True)
class _Usage:
    """How much of a volume is taken, of bytes or inodes, and since when so much."""

    share: float
    used: str
    capacity: str
    since: datetime | None
    full_at: datetime | None
    cited: Evidence
    what: str


def volume_usage(cluster: Cluster) -> Iterator[Finding]:
    """`pvc.nearly_full`: by the kubelet's figures; where there are none, by a program's complaint.

    Without either nothing is known, and nothing is said.
    """
    volumes, complaints = _volumes(cluster), _complaints(cluster)
    near = cluster.threshold("pvc.nearly_full.percent") / 100
    for claim in cluster.all("PersistentVolumeClaim"):
        if is_terminating(claim) or _is_read_only(cluster, claim):
            continue
        measured = _measured(volumes, claim, near)
        said = complaints.get(claim.ref)
        fullest = max(measured, key=lambda one: one.share, default=None)
        if fullest and fullest.share >= near:
            yield _finding(cluster, claim, fullest, said)
        elif said and not measured:
            yield _finding(cluster, claim, None, said)


def _is_read_only(cluster: Cluster, claim: Resource) -> bool:
    if words(claim.spec, "accessModes") == ["ReadOnlyMany"]:
        return True
    users = [pod for pod in pods_using(cluster, claim) if not is_finished(pod)]
    mounts = [
        mount.get("readOnly") is True
        for pod in users
        for container in containers(pod)
        for mount, name in _claims_mounted(container)
        if name == claim.name
    ]
    return bool(mounts) and all(mounts)


def _claims_mounted(container: Container) -> Iterator[tuple[dict[str, object], str]]:
    """The mounts of a container that lead to claims, each with the claim's name."""
    names = {
        text(one, "name"): text(one, "persistentVolumeClaim", "claimName")
        for one in rows(container.pod.spec, "volumes")
    }
    for mount in rows(container.spec, "volumeMounts"):
        if claim := names.get(text(mount, "name")):
            yield mount, claim


Volumes = Mapping[tuple[str, str, str], Series]


def _volumes(cluster: Cluster) -> Volumes:
    """The kubelet's figures by what they are, namespace and claim."""
    return {
        (role, one.label("namespace"), one.label("persistentvolumeclaim")): one
        for role in (USED, CAPACITY, INODES_USED, INODES)
        for one in cluster.series_for(role)
        if one.points
    }


def _measured(volumes: Volumes, claim: Resource, near: float) -> list[_Usage]:
    found: list[_Usage] = []
    for used, capacity, what in ((USED, CAPACITY, "space"), (INODES_USED, INODES, "inodes")):
        taken = volumes.get((used, claim.namespace, claim.name))
        whole = volumes.get((capacity, claim.namespace, claim.name))
        if taken and whole and whole.points[-1][1] > 0:
            found.append(_usage(taken, whole.points[-1][1], what, near))
    return found


def _usage(used: Series, whole: float, what: str, near: float) -> _Usage:
    at, taken = used.points[-1]
    rise = steady_rise(used.points, at_least=TREND_SHOWS_AFTER)
    written = as_bytes if what == "space" else _counted
    grown = f", up by {written(rise.per_hour)} an hour" if rise else ""
    said = f"{written(taken)} of {written(whole)} used ({taken / whole:.0%}){grown}"
    return _Usage(
        taken / whole,
        written(taken),
        written(whole),
        _near_since(used, near * whole),
        rise.reaches(whole) if rise else None,
        citing.series(used, said, at),
        what,
    )


def _counted(number: float) -> str:
    return f"{number:.0f}"


def _near_since(used: Series, near: float) -> datetime | None:
    """The first point of the last stretch at or above what counts as near."""
    first: datetime | None = None
    for at, value in used.points:
        first = (first or at) if value >= near else None
    return first


def _complaints(cluster: Cluster) -> dict[Ref, Line]:
    """The first line by claim in which a program says that it cannot write there."""
    found: dict[Ref, Line] = {}
    for speaker in speakers(cluster):
        for line in lately(cluster, speaker.lines):
            claim = _meant(speaker, line) if _NO_SPACE.search(line.text) else ""
            if claim:
                place = speaker.container.pod.namespace
                found.setdefault(Ref("PersistentVolumeClaim", place, claim), line)
    return found


def _meant(speaker: Speaker, line: Line) -> str:
    """The claim under whose mount a path of the line lies; without such a path, the only claim."""
    mounted = [
        (text(mount, "mountPath"), name) for mount, name in _claims_mounted(speaker.container)
    ]
    paths = _PATH.findall(line.text)
    under = [
        name
        for path in paths
        for root, name in mounted
        if root and posixpath.commonpath([root, path]) == posixpath.normpath(root)
    ]
    if under:
        return under[0]
    return mounted[0][1] if len(mounted) == 1 and not paths else ""


def _finding(cluster: Cluster, claim: Resource, usage: _Usage | None, said: Line | None) -> Finding:
    users = [pod for pod in pods_using(cluster, claim) if not is_finished(pod)]
    held = cluster.get(Ref("StorageClass", "", text(claim.spec, "storageClassName")))
    grows = held is not None and held.raw.get("allowVolumeExpansion") is True
    size = text(claim.status, "capacity", "storage")
    full = usage is None or usage.share >= ALMOST_FULL or said is not None
    return about_object(
        claim,
        "pvc.nearly_full",
        Severity.HIGH if full else Severity.MEDIUM,
        [
            *([usage.cited] if usage else []),
            *([said.cited] if said else []),
            citing.field(claim, ".status.capacity.storage", size),
            *([citing.field(held, ".allowVolumeExpansion", str(grows).lower())] if held else []),
        ],
        confidence=Confidence.STRONG if usage else Confidence.INFERRED,
        since=(usage.since if usage else None) or (said.at if said else None),
        affected=sorted({top_owner(cluster, pod) for pod in users}),
        fix="fix.expand_pvc" if grows else "",
        params={
            "share": f"{usage.share:.0%}" if usage else "",
            "used": usage.used if usage else "",
            "capacity": usage.capacity if usage else "",
            "what": usage.what if usage else "",
            "full_at": citing.clock(usage.full_at) if usage else "",
            "log_line": citing.quoted(said.text) if said else "",
            "size": size,
            "users": ", ".join(sorted({str(top_owner(cluster, pod)) for pod in users})),
            "fixed_class": held.name if held and not grows else "",
        },
        joins={"claim": key(claim.ref), "ran_out": "disk space" if full else ""},
    )
