"""Gives objects what every served object has and a hand-written one may lack. Deterministic."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.snapshot.times import format_time, times_in

Json = dict[str, Any]
_Key = tuple[str, str, str]

_NAMESPACE_OF_UIDS = uuid.UUID("6d696477-6174-6368-8000-000000000000")


def complete(objects: list[Json], *, captured_at: datetime) -> None:
    """Fill in absent namespaces, uids, references to uids, times and resourceVersions, in place."""
    objects.extend(_absent_namespaces(objects))
    _fill_uids(objects)
    version = max((_version(one) for one in objects), default=0)
    for one in objects:
        metadata = one["metadata"]
        if not metadata.get("creationTimestamp"):
            known = min(times_in(one), default=captured_at - timedelta(days=1))
            metadata["creationTimestamp"] = format_time(known)
        if not metadata.get("resourceVersion"):
            version += 1
            metadata["resourceVersion"] = version
        metadata["resourceVersion"] = str(metadata["resourceVersion"])


def _absent_namespaces(objects: Sequence[Json]) -> Iterator[Json]:
    used: set[str] = {one["metadata"].get("namespace") or "" for one in objects} - {""}
    told = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    for name in sorted(used - told):
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }


def _fill_uids(objects: Sequence[Json]) -> None:
    """An object without a uid takes the one its dependants know it by, else one from its name."""
    told = {
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
    for one in objects:
        about: Json = one.get("involvedObject") or {}
        if about:
            _fill_involved(about, by_key)


def _fill_involved(about: Json, by_key: dict[_Key, Json]) -> None:
    """An event that only names its object gets the rest, by which clients find it."""
    kind, name = str(about.get("kind", "")), str(about.get("name", ""))
    told = by_key.get((kind, about.get("namespace") or "", name)) or by_key.get((kind, "", name))
    if told:
        about.setdefault("uid", told["metadata"]["uid"])
        about.setdefault("apiVersion", told["apiVersion"])


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
