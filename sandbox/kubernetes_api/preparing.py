"""What a new object is given once it is known to be right: addresses, labels of its own, a first status."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes_api.allocation import allocated
from sandbox.kubernetes_api.defaulting.definitions import established
from sandbox.kubernetes_api.fields import at, section
from sandbox.store import Store

Json = dict[str, Any]


def prepared(store: Store, resource: str, one: Json) -> Json:
    """The new object, whose uid and creation time are set already."""
    if resource == "services":
        return allocated(store, one)
    prepare = _KINDS.get(resource)
    return prepare(one) if prepare else one


def _job(one: Json) -> Json:
    """Jobs are told apart by labels that no two of them share."""
    if at(one, "spec", "manualSelector"):
        return one
    uid, name = one["metadata"]["uid"], one["metadata"]["name"]
    new = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    own = {**new, "controller-uid": uid, "job-name": name}
    spec = section(one, "spec")
    template = section(spec, "template")
    about = section(template, "metadata")
    labels = {**section(about, "labels"), **own}
    template = {**template, "metadata": {**about, "labels": labels}}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    spec = {**spec, "template": template, "selector": section(spec, "selector") or selector}
    metadata = {**one["metadata"], "labels": section(one, "metadata", "labels") or labels}
    return {**one, "metadata": metadata, "spec": spec}


def _volume(one: Json) -> Json:
    since = one["metadata"]["creationTimestamp"]
    return {**one, "status": {**section(one, "status"), "lastPhaseTransitionTime": since}}


def _definition(one: Json) -> Json:
    return established(one, one["metadata"]["creationTimestamp"])


def _namespace(one: Json) -> Json:
    return {**one, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


_KINDS: Mapping[str, Callable[[Json], Json]] = {
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
    "jobs.batch": _job,
    "namespaces": _namespace,
    "persistentvolumes": _volume,
}
