"""What people and controllers changed lately, read from the objects themselves."""

import itertools
import json
from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.kubernetes import Change, Cluster, Json, Ref, Resource, moment

REVISION = "deployment.kubernetes.io/revision"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

# Where deploy tools may leave what they did: one ConfigMap, one JSON list.
CHANGES_OBJECT = Ref("ConfigMap", "midwatch-system", "midwatch-changes")


def changes_in(cluster: Cluster) -> tuple[Change, ...]:
    """Rollouts (new ReplicaSets), reported changes and edited configuration, oldest first."""
    found = [*_rollouts(cluster), *_reported(cluster), *_edited(cluster)]
    return tuple(sorted(found, key=lambda change: (change.at, change.target, change.kind)))


def _rollouts(cluster: Cluster) -> Iterator[Change]:
    by_owner: dict[Ref, list[Resource]] = {}
    for replica_set in cluster.all("ReplicaSet"):
        by_owner.setdefault(top_owner(cluster, replica_set), []).append(replica_set)
    for owner, replica_sets in by_owner.items():
        ordered = sorted(replica_sets, key=_revision)
        for before, after in itertools.pairwise(ordered):
            if after.created_at is not None:
                yield _rollout(owner, before, after, after.created_at)


def _rollout(owner: Ref, before: Resource, after: Resource, at: datetime) -> Change:
    differing = "; ".join(_differences(before, after)) or "pod template changed"
    summary = f"{owner.kind} {owner.name} rolled out revision {_revision(after)}: {differing}"
    return Change(at, "deploy", after.name, owner, summary)


def _revision(replica_set: Resource) -> int:
    text = replica_set.annotations.get(REVISION, "")
    return int(text) if text.isdigit() else 0


def _differences(before: Resource, after: Resource) -> Iterator[str]:
    old = {one.get("name"): one for one in _containers(before)}
    for new in _containers(after):
        was: Json = old.get(new.get("name")) or {}
        if was.get("image") != new.get("image"):
            yield f"image {was.get('image')} -> {new.get('image')}"
        if was.get("resources") != new.get("resources"):
            yield f"resources {_compact(was.get('resources'))} -> {_compact(new.get('resources'))}"
        if names := _changed_variables(was, new):
            yield f"environment {', '.join(names)}"
        yield from (
            f"{field} changed"
            for field in ("command", "args", "livenessProbe", "readinessProbe", "startupProbe")
            if was.get(field) != new.get(field)
        )


def _changed_variables(was: Json, new: Json) -> list[str]:
    old = {one.get("name"): one for one in was.get("env") or []}
    now = {one.get("name"): one for one in new.get("env") or []}
    return sorted(str(name) for name in old | now if old.get(name) != now.get(name))


def _containers(replica_set: Resource) -> list[Json]:
    return ((replica_set.spec.get("template") or {}).get("spec") or {}).get("containers") or []


def _compact(value: Json | None) -> str:
    return json.dumps(value or {}, separators=(",", ":"), sort_keys=True)


def _reported(cluster: Cluster) -> Iterator[Change]:
    reported = cluster.get(CHANGES_OBJECT)
    data: Json = reported.raw.get("data") or {} if reported else {}
    for one in _records(str(data.get("changes.json") or "[]")):
        target: Json = one.get("target") or {}
        at = moment(str(one.get("at", "")))
        ref = Ref(
            str(target.get("kind") or "Deployment"),
            str(target.get("namespace") or ""),
            str(target.get("name") or one.get("service") or ""),
        )
        if at is not None:
            kind, text = str(one.get("kind", "deploy")), str(one.get("summary", ""))
            yield Change(at, kind, str(one.get("id", "")), ref, text, str(one.get("author", "")))


def _records(text: str) -> list[Json]:
    """The list in `text`; a list that cannot be read is as if nobody had reported anything."""
    try:
        records: object = json.loads(text)
    except ValueError:
        return []
    return [one for one in records if isinstance(one, dict)] if isinstance(records, list) else []  # pyright: ignore[reportUnknownVariableType]


def _edited(cluster: Cluster) -> Iterator[Change]:
    """ConfigMaps and Secrets whose managed fields say that somebody edited them after creation."""
    for kind in ("ConfigMap", "Secret"):
        for resource in cluster.all(kind):
            for field in resource.metadata.get("managedFields") or []:
                at = moment(field.get("time"))
                made = resource.created_at
                if at is None or made is None or (at - made).total_seconds() < 1:
                    continue
                author = str(field.get("manager", ""))
                summary = f"{kind} {resource.name} edited by {author}"
                yield Change(
                    at, "config", f"{resource.uid}@{at.isoformat()}", resource.ref, summary, author
                )
