"""Events as their writers write them: the same again only counts up."""

import hashlib
from typing import Any

from sandbox.controllers.world import EVENTS, World, leaving
from sandbox.store import Key

Json = dict[str, Any]


def record(
    world: World,
    about: Json,
    reason: str,
    message: str,
    *,
    by: str,
    kind: str = "Normal",
    host: str = "",
    path: str = "",
) -> None:
    """Tell what happened to an object. `by` is the component, `host` the node of a kubelet."""
    metadata, now = about["metadata"], world.timing.stamp
    namespace = metadata.get("namespace") or "default"
    kept = world.get("namespaces", "", namespace)
    if kept and leaving(kept):  # nothing new is taken there
        return
    same = f"{metadata['uid']}|{reason}|{message}|{by}|{host}|{path}|{kind}"
    name = f"{metadata['name']}.{hashlib.sha256(same.encode()).hexdigest()[:16]}"
    key = Key(EVENTS, namespace, name)
    if before := world.store.get(key):
        count = int(before.get("count") or 1) + 1
        world.store.put(key, {**before, "count": count, "lastTimestamp": now})
        return
    involved = {
        "kind": about["kind"],
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": about["apiVersion"],
        "resourceVersion": metadata["resourceVersion"],
        "fieldPath": path,
    }
    told = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {field: value for field, value in involved.items() if value},
        "reason": reason,
        "message": message,
        "source": {"component": by, **({"host": host} if host else {})},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": kind,
        "eventTime": None,
        "reportingComponent": by,
        "reportingInstance": host,
    }
    world.create(EVENTS, told)
