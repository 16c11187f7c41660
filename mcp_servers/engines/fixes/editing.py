"""Changing one thing in a pod template, and whether the template may be changed at all."""

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from mcp_servers.engines.fields import remarks, rows, strings
from mcp_servers.engines.fixes.drafting import Case, Edit, edit
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.revisions import container_in, template_of
from mcp_servers.engines.settling import is_finished, is_terminating
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource

# Where the template of each kind stands that makes new pods when it is changed.
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
# Why the pods of the others cannot be changed by changing an object.
_CLOSED: Mapping[str, str] = {
    "Pod": "bare_pod",
    "Job": "job_immutable",
    "ReplicaSet": "bare_replica_set",
    "ReplicationController": "bare_replica_set",
    "Node": "static_pod",
}
CONTAINERS = ("initContainers", "containers")


def workload(case: Case) -> Resource | Advice:
    """The object whose template is to be changed, or why there is none."""
    found = case.cluster.get(case.target)
    if why := _CLOSED.get(case.target.kind):
        return case.advice(why)
    if found is None:
        return case.advice("not_in_sight")
    return found if found.kind in _TEMPLATES else case.advice("unknown_kind")


def template_in(raw: Json) -> Json:
    """The template of an object that is being altered, itself."""
    place = raw
    for name in _TEMPLATES[str(raw.get("kind"))]:
        place = cast("Json", place.setdefault(name, {}))
    return place


def container_inside(raw: Json, name: str) -> Json:
    """The container of this name in an object that is being altered; raises `KeyError`."""
    for one in every_container(template_in(raw)):
        if one.get("name") == name:
            return one
    raise KeyError(name)


def every_container(template: Json) -> Iterator[Json]:
    for part in CONTAINERS:
        yield from rows(template, "spec", part)


def container_edit(
    action: str, owner: Resource, name: str, change: Callable[[Json], None], **params: object
) -> Edit:
    """An edit of one container of a workload's template."""
    return edit(
        action, owner, lambda raw: change(container_inside(raw, name)), container=name, **params
    )


def planned(owner: Resource, name: str) -> Json:
    """A container as the template has it; {} where the template has none of that name."""
    return container_in(template_of(owner), name)


def subsection(raw: Json, *path: str) -> Json:
    """A mapping inside an object that is being altered, made if it is not there."""
    place = raw
    for name in path:
        held = place.get(name)
        if not isinstance(held, dict):
            held = place[name] = {}
        place = cast("Json", held)
    return place


def pods_of(case: Case) -> list[Resource]:
    """The pods of the target that are meant to be there."""
    under = pods_under(case.cluster, case.target)
    return [pod for pod in under if not is_finished(pod) and not is_terminating(pod)]


def is_on_purpose(owner: Resource, *words: str) -> bool:
    """Whether an annotation of the object or of its template speaks of one of these."""
    said = strings(template_of(owner), "metadata", "annotations")
    marks = [*remarks(owner.annotations), *remarks(said)]
    return any(word in mark for mark in marks for word in words)
