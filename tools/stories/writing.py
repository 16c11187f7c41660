"""A told world as a snapshot folder (contracts.md)."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tools.stories.network import make_endpoint_slices
from tools.stories.times import nano, stamp
from tools.stories.world import World

Json = dict[str, Any]


class _Dumper(yaml.CSafeDumper):
    """No anchors: kubectl prints none, and a reader should not have to follow them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(documents: Iterable[Json]) -> str:
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, width=160, allow_unicode=True,
        explicit_start=True,
    )  # fmt: skip


def files_of(world: World) -> dict[str, str]:
    """Every file of the folder by its path. Finishes the world: slices and order of events."""
    make_endpoint_slices(world)
    named = {"name": world.name, "cluster": world.cluster, "captured_at": stamp(world.captured_at)}
    files = {"snapshot.yaml": _text([named]).removeprefix("---\n")}
    for path, documents in _by_file(world).items():
        files[f"objects/{path}.yaml"] = _text(documents)
    for path, lines in world.logs.items():
        files[path] = "".join(f"{nano(at)} {text}\n" for at, text in lines)
    for name, text in world.metrics.rendered().items():
        files[f"metrics/{name}.om"] = text
    for name, rules in world.rules.items():
        files[f"rules/{name}.yaml"] = _text([rules]).removeprefix("---\n")
    files["alerts.json"] = _json(world.alerts)
    files["silences.json"] = _json([])
    files["changes.json"] = _json(sorted(world.changes, key=lambda change: change["at"]))
    files["truth.yaml"] = _text([world.truth]).removeprefix("---\n")
    if world.weeks:
        files["weeks.yaml"] = _text([world.weeks]).removeprefix("---\n")
    return files


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _by_file(world: World) -> dict[str, list[Json]]:
    grouped: dict[str, list[Json]] = {}
    for file, thing in world.objects:
        grouped.setdefault(file, []).append(thing)
    for event in sorted(world.events, key=lambda one: one["metadata"]["creationTimestamp"]):
        grouped.setdefault(f"{event['metadata']['namespace']}/events", []).append(event)
    return grouped


def write(world: World, folder: Path) -> int:
    """Replace the folder by what is told; returns how many bytes were written."""
    files = files_of(world)
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return sum(len(text.encode()) for text in files.values())
