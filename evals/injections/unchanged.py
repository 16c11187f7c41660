"""Whether a cluster is as it was: what people wrote of it, but not what its controllers write."""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from sandbox.capture import Bounds, capture

# Written by controllers and kubelets as time passes.
OF_ITSELF = frozenset(("Event", "Pod", "Lease", "EndpointSlice", "Endpoints", "ReplicaSet", "Job"))
WITHOUT_LOGS = Bounds(pods_with_logs=0)
Json = dict[str, Any]


def written(kubeconfig: Path) -> dict[str, str]:
    """A digest of each object, by kind, namespace and name."""
    with TemporaryDirectory() as folder:
        capture(Path(folder) / "now", kubeconfig=kubeconfig, bounds=WITHOUT_LOGS)
        files = sorted((Path(folder) / "now" / "objects").rglob("*.*"))
        objects = [one for file in files for one in _objects(file)]
    return {_name(one): _digest(one) for one in objects if one["kind"] not in OF_ITSELF}


def _objects(file: Path) -> list[Json]:
    told: list[Json | None] = list(yaml.safe_load_all(file.read_text("utf-8")))
    return [item for one in told if one for item in one.get("items", [one])]


def _name(one: Json) -> str:
    return f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"


def _digest(one: Json) -> str:
    metadata = {name: one["metadata"].get(name) for name in ("labels", "annotations", "uid")}
    kept = {
        **{name: value for name, value in one.items() if name != "status"},
        "metadata": metadata,
    }
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()
