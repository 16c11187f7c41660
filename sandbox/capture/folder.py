"""Writes a snapshot folder in the format that `sandbox.snapshot` reads."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson
import yaml

from core.errors import Invalid
from sandbox.capture import progress
from sandbox.capture.secrecy import KINDS_OF_SECRETS, scrubbed, without_secrets
from sandbox.snapshot import CHANGES_KEY, CHANGES_NAME, CHANGES_NAMESPACE

Json = dict[str, Any]

_CLUSTER_SCOPED = "_cluster"


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    path: Path

    @classmethod
    def opened(cls, path: Path, *, fresh: bool = False) -> Self:
        """The folder, made if need be, or one where a capture began; `fresh` empties that.

        Raises `Invalid` if anything else is in it.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            in_use = any(path.iterdir()) and not (path / progress.FILE).exists()
        except OSError as error:
            raise Invalid(f"The folder {path} cannot be used: {error.strerror}.") from error
        if in_use:
            raise Invalid(f"The folder {path} is not empty.", hint="Name a new one.")
        if fresh:
            _emptied(path)
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
            files.setdefault(f"objects/{place}/{name}.json", []).append(without_secrets(one))
        for name, items in files.items():
            self.write_json(name, {"apiVersion": "v1", "kind": "List", "items": items})
        return count

    def pods(self) -> list[Json]:
        """The pods that are written already."""
        files = sorted(self.path.glob("objects/*/pod.json"))
        return [one for file in files for one in orjson.loads(file.read_bytes())["items"]]

    def write_log(
        self, namespace: str, pod: str, container: str, previous: bool, content: bytes
    ) -> int:
        if not content:
            return 0
        name = f"{container}{'.previous' if previous else ''}.log"
        text = scrubbed(content.decode(errors="surrogateescape"))
        content = text.encode(errors="surrogateescape")
        self._write(f"logs/{namespace}/{pod}/{name}", content)
        return 1

    def write_about(self, cluster: str, captured_at: datetime, notes: list[str]) -> None:
        about = {
            "name": self.path.resolve().name,
            "cluster": cluster,
            "captured_at": captured_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "left_out": list(KINDS_OF_SECRETS),
            "notes": notes,
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
        temporary = path.with_name(f"{path.name}.part")
        temporary.write_bytes(content)
        temporary.replace(path)  # whole or not at all, whenever this process ends


def _is_changes(one: Json) -> bool:
    metadata = one["metadata"]
    place = (one["kind"], metadata.get("namespace"), metadata["name"])
    return place == ("ConfigMap", CHANGES_NAMESPACE, CHANGES_NAME) and CHANGES_KEY in one.get(
        "data", {}
    )


def _emptied(path: Path) -> None:
    """Only what a capture writes is removed; the mark of a capture goes last."""
    for name in ("objects", "logs", "metrics", "rules"):
        shutil.rmtree(path / name, ignore_errors=True)
    files = ("alerts.json", "silences.json", "changes.json", "snapshot.yaml", progress.FILE)
    for name in files:
        (path / name).unlink(missing_ok=True)
