"""Writes a snapshot folder in the format that `sandbox.snapshot` reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson
import yaml

from core.errors import Invalid
from sandbox.snapshot import CHANGES_KEY, CHANGES_NAME, CHANGES_NAMESPACE

Json = dict[str, Any]

_CLUSTER_SCOPED = "_cluster"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    path: Path

    @classmethod
    def created(cls, path: Path) -> Self:
        """The folder, made if need be. Raises `Invalid` if something is in it already."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            in_use = any(path.iterdir())
        except OSError as error:
            raise Invalid(f"The folder {path} cannot be used: {error.strerror}.") from error
        if in_use:
            raise Invalid(f"The folder {path} is not empty.", hint="Name a new one.")
        return cls(path)

    def write_objects(self, objects: Iterable[Json]) -> int:
        """One file for each kind and namespace; the changes become `changes.json` again."""
        files: dict[str, list[Json]] = {}
        count = 0
        for one in objects:
            count += 1
            metadata = one["metadata"]
            if _is_changes(one):
                self.write_json("changes.json", orjson.loads(one["data"][CHANGES_KEY]))
                continue
            place = metadata.get("namespace") or _CLUSTER_SCOPED
            group = one["apiVersion"].rpartition("/")[0]
            name = f"{one['kind'].lower()}{'.' if group else ''}{group}"
            files.setdefault(f"objects/{place}/{name}.json", []).append(_without_secrets(one))
        for name, items in files.items():
            self.write_json(name, {"apiVersion": "v1", "kind": "List", "items": items})
        return count

    def write_log(
        self, namespace: str, pod: str, container: str, previous: bool, content: bytes
    ) -> int:
        if not content:
            return 0
        name = f"{container}{'.previous' if previous else ''}.log"
        self._write(f"logs/{namespace}/{pod}/{name}", content)
        return 1

    def write_about(self, cluster: str, captured_at: datetime, notes: list[str]) -> None:
        about = {
            "name": self.path.resolve().name,
            "cluster": cluster,
            "captured_at": captured_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "left_out": ["values of Secrets", *notes],
        }
        self._write(
            "snapshot.yaml", yaml.safe_dump(about, sort_keys=False, allow_unicode=True).encode()
        )

    def write_json(self, name: str, value: Any) -> None:
        self._write(
            name, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )

    def write_text(self, name: str, text: str) -> None:
        self._write(name, text.encode())

    def _write(self, name: str, content: bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _is_changes(one: Json) -> bool:
    metadata = one["metadata"]
    place = (one["kind"], metadata.get("namespace"), metadata["name"])
    return place == ("ConfigMap", CHANGES_NAMESPACE, CHANGES_NAME) and CHANGES_KEY in one.get(
        "data", {}
    )


def _without_secrets(one: Json) -> Json:
    """A Secret keeps its keys; its values, and the copy of them in an annotation, are left out."""
    annotations: Json = one["metadata"].get("annotations") or {}
    if _LAST_APPLIED in annotations and one["kind"] == "Secret":
        annotations = {k: v for k, v in annotations.items() if k != _LAST_APPLIED}
        one = {**one, "metadata": {**one["metadata"], "annotations": annotations}}
    if one["kind"] != "Secret" or one["apiVersion"] != "v1":
        return one
    emptied = {
        field: dict.fromkeys(one[field], "") for field in ("data", "stringData") if one.get(field)
    }
    return {**one, **emptied}
