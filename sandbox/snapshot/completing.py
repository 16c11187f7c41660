"""Gives objects what every served object has and a hand-written one may lack. Deterministic."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sandbox.snapshot.times import format_time, times_in

Json = dict[str, Any]
_Key = tuple[str, str, str]

# Without a namespace these lie in "default"; other kinds may belong to none.
_ALWAYS_NAMESPACED = frozenset(
    {
        "ConfigMap", "CronJob", "DaemonSet", "Deployment", "EndpointSlice", "Endpoints", "Event",
        "HorizontalPodAutoscaler", "Ingress", "Job", "LimitRange", "NetworkPolicy",
        "PersistentVolumeClaim", "Pod", "PodDisruptionBudget", "ReplicaSet",
        "ReplicationController", "ResourceQuota", "Role", "RoleBinding", "Secret", "Service",
        "ServiceAccount", "StatefulSet",
    }
)  # fmt: skip
_OF_THE_CLUSTER = "kube-system"
_NAMESPACE_OF_UIDS = uuid.UUID("6d696477-6174-6368-8000-000000000000")


def complete(objects: list[Json], *, captured_at: datetime) -> None:
    """Fill in absent namespaces, uids, references to uids, times and resourceVersions, in place."""
    for one in objects:
        if one["kind"] in _ALWAYS_NAMESPACED and not one["metadata"].get("namespace"):
            one["metadata"]["namespace"] = "default"
    objects.extend(_absent_namespaces(objects))
    _fill_uids(objects)
    version = max((_version(one) for one in objects), default=0)
    for one in objects:
        metadata = one["metadata"]
        if not metadata.get("creationTimestamp"):
            known = min(times_in(one), default=captured_at - timedelta(days=1))
            metadata["creationTimestamp"] = format_time(known)
        if not _version(one):
            version += 1
            metadata["resourceVersion"] = version
        metadata["resourceVersion"] = str(metadata["resourceVersion"])


def _absent_namespaces(objects: Sequence[Json]) -> Iterator[Json]:
    """Those that objects lie in, and the one of the cluster itself: clusters are told apart by its
    uid, which is therefore not the same in every picture that lacks it."""
    used: set[str] = {one["metadata"].get("namespace") or "" for one in objects} - {""}
    told = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    for name in sorted((used | {_OF_THE_CLUSTER}) - told):
        metadata: Json = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        if name == _OF_THE_CLUSTER:
            held = sorted("/".join(_key(one)) for one in objects)
            metadata["uid"] = str(uuid.uuid5(_NAMESPACE_OF_UIDS, "\n".join(held)))
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": metadata,
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }


def _fill_uids(objects: Sequence[Json]) -> None:
    """An object without a uid takes the one others know it by, else one from its name."""
    told = {_about_key(about): about["uid"] for about in _abouts(objects) if about.get("uid")}
    told |= {
        _owner_key(one, owner): owner["uid"] for one, owner in _owners(objects) if owner.get("uid")
    }
    uids: dict[_Key, str] = {}
    for one in objects:
        key = _key(one)
        told_uid = one["metadata"].get("uid") or told.get(key)
        one["metadata"]["uid"] = uids[key] = str(told_uid or _uid(one))
    for one, owner in _owners(objects):
        if not owner.get("uid"):
            owner["uid"] = uids.get(_owner_key(one, owner), _uid(owner))
    by_key = {_key(one): one for one in objects}
    for about in _abouts(objects):
        kind, namespace, name = _about_key(about)
        known = by_key.get((kind, namespace, name)) or by_key.get((kind, "", name))
        if known:  # an event that only names its object gets the rest, by which clients find it
            about.setdefault("uid", known["metadata"]["uid"])
            about.setdefault("apiVersion", known["apiVersion"])


def _abouts(objects: Sequence[Json]) -> Iterator[Json]:
    """What each event is about, in either form of event."""
    for one in objects:
        about: Any = one.get("involvedObject") or one.get("regarding")
        if one["kind"] == "Event" and isinstance(about, dict):
            yield cast("Json", about)


def _about_key(about: Json) -> _Key:
    return (
        str(about.get("kind", "")),
        str(about.get("namespace") or ""),
        str(about.get("name", "")),
    )


def _owners(objects: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    for one in objects:
        owners: list[Json] = one["metadata"].get("ownerReferences") or []
        for owner in owners:
            yield one, owner


def _owner_key(dependant: Json, owner: Json) -> _Key:
    namespace = (
        "" if owner.get("kind") in {"Node", "Namespace"} else dependant["metadata"].get("namespace")
    )
    return (str(owner.get("kind", "")), namespace or "", str(owner.get("name", "")))


def _key(one: Json) -> _Key:
    return (one["kind"], one["metadata"].get("namespace") or "", one["metadata"]["name"])


def _uid(one: Json) -> str:
    metadata: Json = one.get("metadata") or one
    parts = (
        one.get("apiVersion"),
        one.get("kind"),
        metadata.get("namespace"),
        metadata.get("name"),
    )
    return str(uuid.uuid5(_NAMESPACE_OF_UIDS, "/".join(str(part or "") for part in parts)))


def _version(one: Json) -> int:
    text = str(one["metadata"].get("resourceVersion") or "0")
    return int(text) if text.isdecimal() else 0
