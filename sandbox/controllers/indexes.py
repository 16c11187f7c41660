"""What controllers find objects by, beside their names."""

from collections.abc import Hashable, Iterator
from typing import Any

from sandbox.fields import at, entries, section

Json = dict[str, Any]

NOBODY = ""


def by_owner(one: Json) -> Iterator[Hashable]:
    """The uid of every owner; of what nobody owns, NOBODY and the namespace."""
    owners = entries(one, "metadata", "ownerReferences")
    yield from {str(owner.get("uid")) for owner in owners}
    if not owners:
        yield NOBODY, one["metadata"].get("namespace") or ""


def by_label(one: Json) -> Iterator[Hashable]:
    """Namespace, name and value of every label."""
    namespace = one["metadata"].get("namespace") or ""
    for name, value in section(one, "metadata", "labels").items():
        yield namespace, name, str(value)


def by_node(pod: Json) -> Iterator[Hashable]:
    yield str(at(pod, "spec", "nodeName") or "")


def by_address(pod: Json) -> Iterator[Hashable]:
    yield str(at(pod, "status", "podIP") or "")
