"""Claims for storage that stay pending or lost their volume."""

import re
from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.claims import NO_PROVISIONER, misfit, pods_using
from mcp_servers.engines.fields import text, words
from mcp_servers.engines.settling import is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource
from mcp_servers.facts.nearest import nearest_names

DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_NO_CLASS = re.compile(
    r'storageclass(?:\.storage\.k8s\.io)? "?([\w.-]+)"? not found', re.IGNORECASE
)
_ACCESS_MODE = re.compile(r"access ?modes?|only (?:read|single)", re.IGNORECASE)


def volume_claims(cluster: Cluster) -> Iterator[Finding]:
    """`pvc.*`: each claim that is not bound, with the sharpest reason.

    A claim that waits for its first consumer is Pending by design, and no finding.
    """
    for claim in cluster.all("PersistentVolumeClaim"):
        phase = text(claim.status, "phase")
        if phase == "Lost":
            yield _lost(cluster, claim)
        elif phase == "Pending" and not is_terminating(claim) and not is_young(cluster, claim):
            yield from _pending(cluster, claim)


def _pending(cluster: Cluster, claim: Resource) -> Iterator[Finding]:
    name = _class_of(claim)
    events = cluster.events_about(claim, "ProvisioningFailed", "FailedBinding")
    if name and _class_is_missing(cluster, name, events):
        yield _class_missing(cluster, claim, name, events)
    elif name is None and _no_default(cluster, events):
        yield _finding(
            cluster,
            claim,
            "pvc.no_default_class",
            Severity.HIGH,
            [citing.field(claim, ".spec.storageClassName", "null"), *_classes(cluster)],
            events,
            {"classes": _class_names(cluster)},
        )
    elif name is not None and (misfits := _misfits(cluster, claim, name)):
        yield _no_match(cluster, claim, misfits, events)
    elif failed := [one for one in events if one.reason == "ProvisioningFailed"]:
        if _ACCESS_MODE.search(failed[-1].message):
            yield _unsupported_mode(cluster, claim, name or "", failed)
            return
        yield _finding(
            cluster,
            claim,
            "pvc.provisioning_failed",
            Severity.HIGH,
            [],
            failed,
            {"message": citing.quoted(failed[-1].message), "storage_class": name or ""},
        )


def _unsupported_mode(cluster: Cluster, claim: Resource, name: str, failed: list[Event]) -> Finding:
    modes = ", ".join(words(claim.spec, "accessModes"))
    return _finding(
        cluster,
        claim,
        "pvc.access_mode",
        Severity.HIGH,
        [citing.field(claim, ".spec.accessModes", modes)],
        failed,
        {
            "modes": modes,
            "message": citing.quoted(failed[-1].message),
            "storage_class": name,
            "nodes": "",
        },
    )


def _misfits(cluster: Cluster, claim: Resource, name: str) -> list[tuple[str, str]]:
    """(volume, why not) of each volume, where only volumes that exist could be bound; [] when one
    fits, when a driver makes volumes on demand, or when no pod waits for the claim."""
    held = cluster.get(Ref("StorageClass", "", name))
    on_demand = held is not None and text(held.raw, "provisioner") != NO_PROVISIONER
    unseen = any(one.what == "PersistentVolume" for one in cluster.not_checked)
    static = name == "" or held is not None
    if on_demand or unseen or not static or not pods_using(cluster, claim):
        return []
    wanted = text(claim.spec, "volumeName")
    volumes = [one for one in cluster.all("PersistentVolume") if wanted in ("", one.name)]
    found = [(one.name, misfit(claim, one, name)) for one in volumes]
    return [] if any(why == "" for _, why in found) else found or [(wanted or "*", "")]


def _no_match(
    cluster: Cluster, claim: Resource, misfits: list[tuple[str, str]], events: list[Event]
) -> Finding:
    asked = text(claim.spec, "resources", "requests", "storage")
    modes = ",".join(words(claim.spec, "accessModes"))
    known = [(cluster.get(Ref("PersistentVolume", "", one)), why) for one, why in misfits]
    cited = [citing.field(one, ".spec", why) for one, why in known[:3] if one is not None]
    said = f"{asked} {modes} (no PersistentVolume fits)"
    return _finding(
        cluster,
        claim,
        "pvc.no_matching_pv",
        Severity.HIGH,
        [citing.field(claim, ".spec.resources.requests.storage", said), *cited],
        events,
        {
            "asked": f"{asked} {modes}",
            "storage_class": _class_of(claim) or "",
            "misfits": "; ".join(f"{one}: {why}" for one, why in misfits[:5] if why),
        },
    )


def _class_of(claim: Resource) -> str | None:
    """The class asked for: "" means static binding on purpose, None means the default."""
    named = claim.spec.get("storageClassName")
    return str(named) if named is not None else claim.annotations.get(BETA_CLASS)


def _class_is_missing(cluster: Cluster, name: str, events: list[Event]) -> bool:
    if cluster.get(Ref("StorageClass", "", name)) is not None:
        return False
    reported = any(name in _NO_CLASS.findall(event.message) for event in events)
    static = any(
        text(one.spec, "storageClassName") == name for one in cluster.all("PersistentVolume")
    )
    return reported or (bool(cluster.all("StorageClass")) and not static)


def _class_missing(cluster: Cluster, claim: Resource, name: str, events: list[Event]) -> Finding:
    known = [one.name for one in cluster.all("StorageClass")]
    default = [one.name for one in cluster.all("StorageClass") if _is_default(one)]
    return _finding(
        cluster,
        claim,
        "pvc.storage_class_missing",
        Severity.HIGH,
        [citing.field(claim, ".spec.storageClassName", f"{name} (no such StorageClass)")],
        events,
        {
            "storage_class": name,
            "classes": _class_names(cluster),
            "default": ", ".join(default),
            "near": ", ".join(nearest_names(name, known)),
        },
    )


def _no_default(cluster: Cluster, events: list[Event]) -> bool:
    classes = cluster.all("StorageClass")
    if any(_is_default(one) for one in classes):
        return False
    return bool(classes) or any("no storage class is set" in one.message for one in events)


def _is_default(storage_class: Resource) -> bool:
    return any(storage_class.annotations.get(name) == "true" for name in DEFAULT_CLASS)


def _class_names(cluster: Cluster) -> str:
    return ", ".join(one.name for one in cluster.all("StorageClass"))


def _classes(cluster: Cluster) -> list[Evidence]:
    return [
        citing.field(one, f".metadata.annotations[{DEFAULT_CLASS[0]}]", "absent")
        for one in cluster.all("StorageClass")[:2]
    ]


def _lost(cluster: Cluster, claim: Resource) -> Finding:
    volume = text(claim.spec, "volumeName")
    evidence = [
        citing.field(claim, ".status.phase", "Lost"),
        citing.field(claim, ".spec.volumeName", f"{volume} (gone)"),
    ]
    events = cluster.events_about(claim)
    return _finding(
        cluster, claim, "pvc.lost", Severity.CRITICAL, evidence, events, {"volume": volume}
    )


def _finding(
    cluster: Cluster,
    claim: Resource,
    rule: str,
    severity: Severity,
    evidence: list[Evidence],
    events: list[Event],
    params: dict[str, str],
) -> Finding:
    users = pods_using(cluster, claim)
    firsts = [one.first_at for one in events if one.first_at]
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=claim.ref,
        since=min(firsts, default=claim.created_at),
        evidence=(*evidence, *citing.events(events, at_most=1)),
        params={"pods": ", ".join(pod.name for pod in users[:5]), **params},
        affected=tuple(pod.ref for pod in users),
        joins={"claim": key(claim.ref)},
    )
