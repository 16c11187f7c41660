"""The Kubernetes objects of a snapshot folder, or of a `kubectl cluster-info dump` folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from core.errors import Invalid
from sandbox.snapshot.documents import SUFFIXES, bad, is_list_of_mappings, read_documents

Json = dict[str, Any]

_NOT_OBJECTS = frozenset({"logs", "metrics", "rules"})
_OWN_FILES = frozenset(
    {
        "snapshot.yaml",
        "alerts.json",
        "silences.json",
        "changes.json",
        "reactions.yaml",
        "truth.yaml",
    }
)


def read_objects(folder: Path) -> list[Json]:
    """Every object once; when files overlap, the last one read counts."""
    found: dict[tuple[str, str, str, str], Json] = {}
    for path in _object_files(folder):
        for value, line in read_documents(path):
            for one in _flattened(value, path, line):
                metadata = one["metadata"]
                key = (
                    one["apiVersion"],
                    one["kind"],
                    metadata.get("namespace") or "",
                    metadata["name"],
                )
                found[key] = one
    return list(found.values())


def _object_files(folder: Path) -> list[Path]:
    """`objects/`, or without one all that a cluster-info dump writes."""
    own = folder / "objects"
    if own.is_dir():
        return sorted(path for path in own.rglob("*") if path.suffix in SUFFIXES)
    dumped = [
        path
        for path in sorted([*folder.glob("*"), *folder.glob("*/*")])
        if path.suffix in SUFFIXES
        and path.name not in _OWN_FILES
        and path.parent.name not in _NOT_OBJECTS
    ]
    if not dumped:
        raise Invalid(
            f"{folder} holds no Kubernetes objects.", hint="They belong in its folder objects/."
        )
    return dumped


def _flattened(value: Any, path: Path, line: int) -> Iterator[Json]:
    """The objects of a document; items of a PodList need not say that they are Pods."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise bad(path, line, "a Kubernetes object is a mapping")
    document = cast("Json", value)
    kind = str(document.get("kind") or "")
    if not (kind.endswith("List") and "items" in document):
        yield _checked(document, path, line, "the object")
        return
    yield from _items(document, kind.removesuffix("List"), path, line)


def _items(document: Json, item_kind: str, path: Path, line: int) -> Iterator[Json]:
    if not is_list_of_mappings(document["items"] or []):
        raise bad(path, line, "its items are not a list of mappings")
    items: list[Json] = document["items"] or []
    implied = {"apiVersion": document.get("apiVersion"), "kind": item_kind} if item_kind else {}
    for number, item in enumerate(items):
        if str(item.get("kind") or "").endswith("List") and "items" in item:
            yield from _flattened(item, path, line)
        else:
            yield _checked({**implied, **item}, path, line, f"items[{number}]")


def _checked(one: Json, path: Path, line: int, what: str) -> Json:
    for field in ("apiVersion", "kind"):
        if not isinstance(one.get(field), str) or not one[field]:
            raise bad(path, line, f"{what} has no {field}")
    metadata: Any = one.get("metadata")
    if not isinstance(metadata, dict) or not cast("Json", metadata).get("name"):
        raise bad(path, line, f"{what} ({one['kind']}) has no metadata.name")
    told = cast("Json", metadata)
    for field in ("name", "namespace"):
        if told.get(field) is not None:
            told[field] = str(told[field])
    _check_shape(one, told, path, line, f"{what} ({one['kind']} {told['name']})")
    return one


def _check_shape(one: Json, told: Json, path: Path, line: int, about: str) -> None:
    for place, field in ((one, "spec"), (one, "status"), (told, "labels"), (told, "annotations")):
        if not isinstance(place.get(field) or {}, dict):
            raise bad(path, line, f"{about}: its {field} is not a mapping")
    if not is_list_of_mappings(told.get("ownerReferences") or []):
        raise bad(path, line, f"{about}: its ownerReferences are not a list of mappings")
