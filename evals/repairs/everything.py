"""All that a cluster holds at one moment, read over the wire, and what differs between two."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from evals.truth import Named
from sandbox.capture.reading import connected, listable, objects

Json = dict[str, Any]
Objects = Mapping[Named, Json]

# Told by kubelets and controllers as time passes; nobody's work.
PASSING = frozenset({"Event", "Lease", "Endpoints", "EndpointSlice", "PodMetrics", "NodeMetrics"})
# Controllers write these beside what people write.
NOT_WRITTEN = frozenset({"status", "managedFields", "resourceVersion", "generation"})
MOST, TIMEOUT_S = 5000, 20.0


def everything(kubeconfig: Path) -> dict[Named, Json]:
    """Every object but those that pass. Raises `UpstreamUnavailable` when the server does not answer."""
    with connected(kubeconfig, "", "", TIMEOUT_S) as server:
        listed = [
            one
            for path, resource in listable(server, [])
            if resource["kind"] not in PASSING
            for one in objects(server, path, resource, (), MOST, [])
        ]
    return {named(one): one for one in listed}


def named(one: Json) -> Named:
    metadata: Json = one["metadata"]
    return str(one["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"])


def owner_of(held: Objects, name: Named) -> Named:
    """The highest object that owns this one; itself when nobody does."""
    owners: list[Json] = held[name]["metadata"].get("ownerReferences") or []
    for one in owners:
        above = (str(one["kind"]), name[1], str(one["name"]))
        if one.get("controller") and above in held:
            return owner_of(held, above)
    return name


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of an object under its path; entries of a list go by their name."""

    path: tuple[str, ...]
    value: str


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every value that somebody wrote."""
    if isinstance(value, dict):
        for key, one in cast("Json", value).items():
            if key not in NOT_WRITTEN:
                yield from leaves(one, (*path, key))
    elif isinstance(value, list):
        for n, one in enumerate(cast("list[Any]", value)):
            yield from leaves(one, (*path, _called(one, n)))
    elif value is not None:
        yield Leaf(path, str(value))


def _called(one: Any, n: int) -> str:
    if isinstance(one, dict):
        row = cast("Json", one)
        return str(row.get("name") or row.get("key") or row.get("type") or n)
    return str(n)


def changed(before: Json, after: Json) -> set[tuple[str, ...]]:
    """The paths of what was there and is otherwise now, or gone, and of what came."""
    return {one.path for one in set(leaves(before)) ^ set(leaves(after))}
