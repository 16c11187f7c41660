"""What people and controllers changed lately, read from the objects themselves."""

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines.config_references import references
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.stamps import last_writer
from mcp_servers.facts.kubernetes import Change, Cluster, Difference, Json, Ref, Resource, moment

REVISION = "deployment.kubernetes.io/revision"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

# Where deploy tools may leave what they did: one ConfigMap, one JSON list.
CHANGES_OBJECT = Ref("ConfigMap", "midwatch-system", "midwatch-changes")


def changes_in(cluster: Cluster) -> tuple[Change, ...]:
    """Rollouts (new ReplicaSets), reported changes and edited configuration, oldest first."""
    found = [*_rollouts(cluster), *_reported(cluster), *_edited(cluster)]
    return tuple(sorted(found, key=lambda change: (change.at, change.target, change.kind)))


def own_changes(cluster: Cluster, workload: Ref) -> list[Change]:
    """The changes of a workload and of the configuration that it uses, oldest first."""
    template = template_of(cluster.get(workload))
    used = references(workload.namespace, section(template, "spec"))
    own = {workload, *(one.target for one in used)}
    related = [change for change in cluster.changes if change.target in own]
    return sorted(related, key=lambda one: (one.at, one.target == workload, one.id))


def _rollouts(cluster: Cluster) -> Iterator[Change]:
    by_owner: dict[Ref, list[Resource]] = {}
    for replica_set in cluster.all("ReplicaSet"):
        by_owner.setdefault(top_owner(cluster, replica_set), []).append(replica_set)
    for owner, replica_sets in by_owner.items():
        ordered = sorted(replica_sets, key=_revision)
        for before, after in itertools.pairwise(ordered):
            if (at := _began(cluster, owner, before, after)) is not None:
                yield _rollout(owner, before, after, at)


def _began(cluster: Cluster, owner: Ref, before: Resource, after: Resource) -> datetime | None:
    """When a rollout began: its ReplicaSet was made then, or long before and is gone back to now."""
    made, last = after.created_at, before.created_at
    if made is None or last is None or made >= last:
        return made
    held = cluster.get(owner)
    written = last_writer(held, "f:template")[0] if held else None
    return written if written and written > last else None


def _rollout(owner: Ref, before: Resource, after: Resource, at: datetime) -> Change:
    differing = tuple(_differences(before, after)) or (Difference("template"),)
    revision, listed = _revision(after), "; ".join(str(one) for one in differing)
    summary = f"{owner.kind} {owner.name} rolled out revision {revision}: {listed}"
    return Change(
        at,
        "deploy",
        after.name,
        owner,
        summary,
        told="rollout",
        revision=revision,
        differences=differing,
    )


def _revision(replica_set: Resource) -> int:
    revision = replica_set.annotations.get(REVISION, "")
    return int(revision) if revision.isdigit() else 0


def _differences(before: Resource, after: Resource) -> Iterator[Difference]:
    old = {text(one, "name"): one for one in _containers(before)}
    for new in _containers(after):
        was = old.get(text(new, "name"), {})
        if was.get("image") != new.get("image"):
            yield Difference("image", text(was, "image"), text(new, "image"))
        if was.get("resources") != new.get("resources"):
            before_after = _compact(was.get("resources")), _compact(new.get("resources"))
            yield Difference("resources", *before_after)
        if names := _changed_variables(was, new):
            yield Difference(f"environment {', '.join(names)}")
        yield from (
            Difference(field)
            for field in ("command", "args", "livenessProbe", "readinessProbe", "startupProbe")
            if was.get(field) != new.get(field)
        )


def _changed_variables(was: Json, new: Json) -> list[str]:
    old = {text(one, "name"): one for one in rows(was, "env")}
    now = {text(one, "name"): one for one in rows(new, "env")}
    return sorted(name for name in old | now if old.get(name) != now.get(name))


def _containers(replica_set: Resource) -> list[Json]:
    return rows(replica_set.spec, "template", "spec", "containers")


def _compact(value: Json | None) -> str:
    return json.dumps(value or {}, separators=(",", ":"), sort_keys=True)


def _reported(cluster: Cluster) -> Iterator[Change]:
    reported = cluster.get(CHANGES_OBJECT)
    for one in _records(text(reported.raw, "data", "changes.json") if reported else ""):
        at = moment(one.get("at"))
        if at is not None:
            kind, summary = text(one, "kind") or "deploy", text(one, "summary")
            yield Change(at, kind, text(one, "id"), _target(one), summary, text(one, "author"))


def _target(record: Json) -> Ref:
    kind, namespace = text(record, "target", "kind"), text(record, "target", "namespace")
    name = text(record, "target", "name") or text(record, "service")
    return Ref(kind or "Deployment", namespace, name)


def _records(written: str) -> list[Json]:
    """The list in a text; one that cannot be read is as if nobody had reported anything."""
    try:
        return rows({"records": json.loads(written)}, "records")
    except ValueError:
        return []


def _edited(cluster: Cluster) -> Iterator[Change]:
    """ConfigMaps and Secrets whose managed fields say that somebody edited them after creation."""
    for kind in ("ConfigMap", "Secret"):
        for resource in cluster.all(kind):
            yield from _edits(resource)


def _edits(resource: Resource) -> Iterator[Change]:
    made = resource.created_at
    for entry in rows(resource.metadata, "managedFields"):
        at, author = moment(entry.get("time")), text(entry, "manager")
        if at and made and at - made > timedelta(seconds=1):
            summary = f"{resource.kind} {resource.name} edited by {author}"
            key = f"{resource.uid}@{at.isoformat()}"
            yield Change(at, "config", key, resource.ref, summary, author, told="edit")
