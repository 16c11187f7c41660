"""Writes a world as a snapshot folder, in one of the layouts that dumps come in."""

# pyright: reportUnknownMemberType=false

import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from evals.clusters.world import Json, LogKey, World


class _Dumper(yaml.SafeDumper):
    """YAML as `kubectl get -o yaml` indents it, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(self: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def write(world: World, folder: Path) -> int:
    """Write the folder anew; returns its size in bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if world.layout == "dump":
        _write_dump(world, folder)
    else:
        _write_objects(world, folder / "objects")
        _write_logs(world.logs, folder / "logs")
    if world.cluster:
        about = {"name": folder.name, "cluster": world.cluster, "captured_at": world.ago(0)}
        _write_yaml(folder / "snapshot.yaml", about, keep_order=True)
    if world.rules:
        _write_yaml(folder / "rules" / "rules.yaml", {"groups": world.rules}, keep_order=True)
    for part in ("alerts", "silences", "changes"):
        if told := getattr(world, part):
            _write_json(folder / f"{part}.json", told)
    if world.metrics:
        _write(folder / "metrics" / "all.om", "\n".join([*world.metrics, "# EOF", ""]))
    _write_yaml(folder / "truth.yaml", world.truth, keep_order=True)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write_objects(world: World, folder: Path) -> None:
    everything = {"apiVersion": "v1", "items": world.objects, "kind": "List"}
    whole: Json = {**everything, "metadata": {"resourceVersion": ""}}
    if world.layout == "list":
        _write_yaml(folder / "all.yaml", whole)
    elif world.layout == "json":
        _write_json(folder / "all.json", whole)
    else:
        for (space, kind), items in _grouped(world.objects).items():
            name = {"Ingress": "ingresses", "StorageClass": "storageclasses"}.get(kind)
            path = folder / space / f"{name or kind.lower() + 's'}.yaml"
            _write_yaml(path, {**whole, "items": items} if len(items) > 1 else items[0])


def _write_dump(world: World, folder: Path) -> None:
    """As `kubectl cluster-info dump --all-namespaces --output-directory` lays it out."""
    for (space, kind), items in _grouped(world.objects).items():
        plural = {"Ingress": "ingresses"}.get(kind, f"{kind.lower()}s")
        place = folder if space == "cluster" else folder / space
        api = items[0]["apiVersion"]
        bare = [{key: value for key, value in one.items() if key not in _IMPLIED} for one in items]
        whole: Json = {"kind": f"{kind}List", "apiVersion": api, "metadata": {}, "items": bare}
        _write_json(place / f"{plural}.json", whole)
    told: dict[tuple[str, str], str] = defaultdict(str)
    for key, text in world.logs.items():
        about = f"logs for container {key.container} of pod {key.namespace}/{key.pod} ===="
        told[key.namespace, key.pod] += f"==== START {about}\n{text}==== END {about}\n"
    for (space, pod), text in told.items():
        _write(folder / space / pod / "logs.txt", text)


_IMPLIED = {"apiVersion", "kind"}


def _grouped(objects: list[Json]) -> dict[tuple[str, str], list[Json]]:
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for one in objects:
        found[one["metadata"].get("namespace") or "cluster", one["kind"]].append(one)
    return found


def _write_logs(logs: dict[LogKey, str], folder: Path) -> None:
    for key, text in logs.items():
        ending = ".previous.log" if key.previous else ".log"
        _write(folder / key.namespace / key.pod / f"{key.container}{ending}", text)


def _write_yaml(path: Path, value: Json, *, keep_order: bool = False) -> None:
    text = yaml.dump(
        value, Dumper=_Dumper, sort_keys=not keep_order, allow_unicode=True, width=10_000
    )
    _write(path, text)


def _write_json(path: Path, value: Any) -> None:
    _write(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
