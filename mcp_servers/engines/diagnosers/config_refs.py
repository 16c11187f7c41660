"""A pod that cannot start because a ConfigMap or Secret, or a key in it, is not there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.config_references import (
    ABSENT_KEY,
    ABSENT_OBJECT,
    Reference,
    references,
)
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.settling import is_young, live_pods
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource
from mcp_servers.facts.nearest import nearest_names, words_of

OTHER_KIND = {"ConfigMap": "Secret", "Secret": "ConfigMap"}
RULE = {"ConfigMap": "pod.config_ref.configmap_missing", "Secret": "pod.config_ref.secret_missing"}
# Starting, and held up: what a container waits as while the kubelet looks for its configuration.
HELD_UP = frozenset({"CreateContainerConfigError", "ContainerCreating", "PodInitializing"})


def config_refs(cluster: Cluster) -> Iterator[Finding]:
    """`pod.config_ref.*`: required references that are confirmed to lead nowhere."""
    for pod in live_pods(cluster):
        if held := [one for one in containers(pod) if _is_held_up(one)]:
            said = _said(cluster, pod, held)
            needed = [one for one in references(pod.namespace, pod.spec) if not one.optional]
            yield from _absent_objects(cluster, pod, needed, said)
            yield from _absent_keys(cluster, pod, needed, said)


def _is_held_up(container: Container) -> bool:
    return container.waiting_reason in HELD_UP


class _Said:
    """What the kubelet said about the pod's configuration, and where."""

    def __init__(self, evidence: list[tuple[str, Evidence, Event | None]]) -> None:
        self._heard = evidence

    def naming(self, *words: str) -> list[Evidence]:
        """The citations that contain all of these words, the newest last."""
        return [
            cited for message, cited, _ in self._heard if all(word in message for word in words)
        ]

    def first_at(self, *words: str) -> datetime | None:
        times = [
            event.first_at
            for message, _, event in self._heard
            if event is not None and event.first_at and all(word in message for word in words)
        ]
        return min(times, default=None)

    @property
    def messages(self) -> list[str]:
        return [message for message, _, _ in self._heard]


def _said(cluster: Cluster, pod: Resource, held: list[Container]) -> _Said:
    heard: list[tuple[str, Evidence, Event | None]] = [
        (one.waiting_message, _waiting(pod, one), None) for one in held if one.waiting_message
    ]
    events = cluster.events_about(pod, "Failed", "FailedMount")
    return _Said([*heard, *((event.message, citing.event(event), event) for event in events)])


def _waiting(pod: Resource, container: Container) -> Evidence:
    said = f"{container.waiting_reason}: {container.waiting_message}"
    return citing.field(pod, f"{container.path}.state.waiting", said)


def _absent_objects(
    cluster: Cluster, pod: Resource, needed: list[Reference], said: _Said
) -> Iterator[Finding]:
    reported = {
        (kind.lower(), name) for text in said.messages for kind, name in ABSENT_OBJECT.findall(text)
    }
    first_use = {one.target: one for one in reversed(needed)}
    for target, reference in sorted(first_use.items()):
        if cluster.get(target) is not None:
            continue
        named = (target.kind.lower(), target.name) in reported
        if named or (_sees(cluster, target.kind) and not is_young(cluster, pod)):
            yield from _object_findings(cluster, pod, reference, said, named=named)


def _sees(cluster: Cluster, kind: str) -> bool:
    """Whether objects of a kind were listed at all: without any, absence proves nothing."""
    refused = any(one.what.split(" ")[0] == kind for one in cluster.not_checked)
    return bool(cluster.all(kind)) and not refused


def _object_findings(
    cluster: Cluster, pod: Resource, reference: Reference, said: _Said, *, named: bool
) -> Iterator[Finding]:
    target = reference.target
    near = nearest_names(
        target.name, [one.name for one in cluster.all(target.kind, target.namespace)]
    )
    missing = _finding(
        cluster,
        pod,
        RULE[target.kind],
        reference,
        said.naming(target.name),
        confidence=Confidence.CERTAIN if named else Confidence.STRONG,
        since=said.first_at(target.name),
        near=near,
        params={"elsewhere": ", ".join(_namespaces_with(cluster, target))},
    )
    other = Ref(OTHER_KIND[target.kind], target.namespace, target.name)
    mixed_up = cluster.get(other)
    if mixed_up is None:
        yield missing
        return
    yield replace(missing, fix=None)
    yield _mixup(cluster, pod, reference, mixed_up, missing)


def _mixup(
    cluster: Cluster, pod: Resource, reference: Reference, found: Resource, missing: Finding
) -> Finding:
    asked = reference.target.kind
    return _finding(
        cluster,
        pod,
        "pod.config_ref.kind_mixup",
        reference,
        [citing.field(found, ".kind", f"{found.kind} (the pod asks for a {asked})")],
        confidence=Confidence.CERTAIN,
        since=missing.since,
        near=[found.name],
        params={"actual_kind": found.kind},
    )


def _namespaces_with(cluster: Cluster, target: Ref) -> list[str]:
    return sorted(one.namespace for one in cluster.all(target.kind) if one.name == target.name)


def _absent_keys(
    cluster: Cluster, pod: Resource, needed: list[Reference], said: _Said
) -> Iterator[Finding]:
    for reference in sorted({one for one in needed if one.key}):
        held = cluster.get(reference.target)
        keys = keys_of(held) if held else []
        if held is None or reference.key in keys:
            continue
        quoted = said.naming("key", reference.key)
        if not quoted and (not keys or is_young(cluster, pod)):
            continue  # an object whose contents were left out says nothing about its keys
        yield _key_finding(cluster, pod, reference, keys, said)
    yield from _reported_keys(cluster, pod, needed, said)


def keys_of(held: Resource) -> list[str]:
    """The key names of a ConfigMap or Secret."""
    return sorted({**(held.raw.get("data") or {}), **(held.raw.get("binaryData") or {})})


def _reported_keys(
    cluster: Cluster, pod: Resource, needed: list[Reference], said: _Said
) -> Iterator[Finding]:
    """Keys the kubelet names of objects that were not listed, such as Secrets we may not read."""
    told = {(one.target, one.key) for one in needed if cluster.get(one.target) is not None}
    for match in (found for text in said.messages for found in ABSENT_KEY.finditer(text)):
        if match["key"] is None:
            continue
        target = Ref(match["kind"], pod.namespace, match["name"])
        if (target, match["key"]) not in told and cluster.get(target) is None:
            reference = Reference(target, match["key"], ".spec")
            matching = [one for one in needed if (one.target, one.key) == (target, match["key"])]
            yield _key_finding(cluster, pod, (matching or [reference])[0], [], said)


def _key_finding(
    cluster: Cluster, pod: Resource, reference: Reference, keys: list[str], said: _Said
) -> Finding:
    quoted = said.naming("key", reference.key)
    held = cluster.get(reference.target)
    shown = ", ".join(keys[:12])
    available = [citing.field(held, ".data (key names)", shown)] if held and keys else []
    return _finding(
        cluster,
        pod,
        "pod.config_ref.key_missing",
        reference,
        [*quoted[-1:], *available],
        confidence=Confidence.CERTAIN if quoted else Confidence.STRONG,
        since=said.first_at("key", reference.key),
        near=nearest_names(reference.key, keys) or _heir(pod, reference, keys),
        params={"available": shown},
    )


def _heir(pod: Resource, missing: Reference, keys: list[str]) -> list[str]:
    """The one key that shares a word with the missing one and that nothing in the pod asks for: a
    key that was given another name keeps a part of the old one."""
    asked = {one.key for one in references(pod.namespace, pod.spec) if one.target == missing.target}
    wanted = words_of(missing.key)
    kin = [one for one in keys if one not in asked and wanted & words_of(one)]
    return kin if len(kin) == 1 else []


def _finding(
    cluster: Cluster,
    pod: Resource,
    rule: str,
    reference: Reference,
    evidence: list[Evidence],
    *,
    confidence: Confidence,
    since: datetime | None,
    near: list[str],
    params: dict[str, str],
) -> Finding:
    target = reference.target
    asked = f"{target.name}:{reference.key}" if rule.endswith("key_missing") else target.name
    cited = citing.field(pod, reference.path, f"{target.kind} {asked}")
    base: dict[str, str] = {
        "ref_kind": target.kind,
        "ref_name": target.name,
        "key": reference.key,
        "path": reference.path,
        "near": ", ".join(near),
        "elsewhere": "",
        "available": "",
        "actual_kind": "",
    }
    return about_pod(
        cluster,
        pod,
        rule,
        Severity.HIGH,
        [*evidence[-2:], cited],
        confidence=confidence,
        since=since or pod.created_at,
        container=reference.container,
        cause_key=f"{target.kind}/{asked}",
        fix="fix.repoint" if len(near) == 1 else "",
        params={**base, **params},
        joins={"ref": f"{target.kind}:{key(target)}", target.kind.lower(): key(target)},
    )
