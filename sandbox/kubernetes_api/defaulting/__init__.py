"""What a server writes into an object that its author left open, as it reads a body."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes_api.defaulting import definitions, network, storage, workloads
from sandbox.kubernetes_api.defaulting.filling import filled
from sandbox.kubernetes_api.defaulting.pods import pod
from sandbox.kubernetes_api.fields import section

Json = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"
# Lists and maps of metadata that are not told when they are empty.
_OMITTED = ("annotations", "labels", "finalizers", "ownerReferences")


def defaulted(resource: str, one: Json) -> Json:
    """The object with what its kind has by default. The one given is left as it is."""
    metadata = {k: v for k, v in one["metadata"].items() if v or k not in _OMITTED}
    told = {**one, "metadata": metadata}
    fill = _KINDS.get(resource)
    return fill(told) if fill else told


def _secret(one: Json) -> Json:
    told = {k: v for k, v in one.items() if k != "stringData"}
    if texts := section(one, "stringData"):
        told["data"] = {**section(one, "data"), **storage.encoded(texts)}
    return filled(told, {"type": "Opaque"})


def _node(one: Json) -> Json:
    spec = section(one, "spec")
    if cidr := spec.get("podCIDR"):
        spec = filled(spec, {"podCIDRs": [cidr]})
    return {**one, "spec": spec}


def _binding(one: Json) -> Json:
    reference = filled(section(one, "roleRef"), {"apiGroup": _RBAC})
    told = {**one, "roleRef": reference}
    if subjects := one.get("subjects"):
        told["subjects"] = [
            each if each.get("kind") == "ServiceAccount" else filled(each, {"apiGroup": _RBAC})
            for each in subjects
        ]
    return told


_KINDS: Mapping[str, Callable[[Json], Json]] = {
    "pods": pod,
    "nodes": _node,
    "secrets": _secret,
    "customresourcedefinitions.apiextensions.k8s.io": definitions.definition,
    f"rolebindings.{_RBAC}": _binding,
    f"clusterrolebindings.{_RBAC}": _binding,
    **workloads.KINDS,
    **network.KINDS,
    **storage.KINDS,
}
