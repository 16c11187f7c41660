"""A snapshot folder read into memory: a picture of a cluster at one moment, brought forward to now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

import orjson

from core.clock import utc_now
from core.errors import Invalid
from sandbox.snapshot.certificates import move_certificates
from sandbox.snapshot.completing import complete
from sandbox.snapshot.documents import SUFFIXES, bad, is_list_of_mappings, read_list, read_mapping
from sandbox.snapshot.logs import Log, LogKey, read_logs
from sandbox.snapshot.metrics import newest_sample
from sandbox.snapshot.objects import read_objects
from sandbox.snapshot.times import Times, parse_time

__all__ = ["CHANGES_KEY", "CHANGES_NAME", "CHANGES_NAMESPACE", "Json", "Log", "LogKey", "Snapshot"]

Json = dict[str, Any]

# Where `changes.json` is served, so that it reaches every client over the Kubernetes API.
CHANGES_NAMESPACE, CHANGES_NAME, CHANGES_KEY = "midwatch-system", "midwatch-changes", "changes.json"


@dataclass(frozen=True)
class Snapshot:
    """All of a folder, every time moved by `shift`, so that `captured_at` has become now."""

    folder: Path
    name: str
    cluster: str
    captured_at: datetime
    shift: timedelta
    objects: list[Json]
    logs: Mapping[LogKey, Log]
    metrics: tuple[Path, ...]
    alerts: list[Json]
    silences: list[Json]
    changes: list[Json]
    rules: list[Json]
    reactions: Json
    weeks: Json

    @classmethod
    def read(cls, folder: Path, *, now: datetime | None = None) -> Self:
        """Read a folder. Raises `Invalid`: one sentence with the file and line to mend."""
        if not folder.is_dir():
            raise Invalid(f"There is no snapshot folder {folder}.")
        about = read_mapping(folder / "snapshot.yaml")
        objects = read_objects(folder)
        alerts, silences, changes = (
            read_list(folder / f"{part}.json") for part in ("alerts", "silences", "changes")
        )
        logs, metrics = read_logs(folder), tuple(sorted((folder / "metrics").rglob("*.om")))
        times = Times([*objects, *alerts, *silences, *changes])
        now = now or utc_now()
        captured_at = _captured_at(folder, about) or _newest(times, logs, metrics) or now
        shift = timedelta(seconds=int((now - captured_at).total_seconds()))
        times.move(shift)
        move_certificates(objects, shift)
        objects.extend(_changes_object(objects, changes))
        complete(objects, captured_at=captured_at + shift)
        return cls(
            folder=folder,
            name=str(about.get("name") or folder.resolve().name),
            cluster=str(about.get("cluster") or about.get("name") or folder.resolve().name),
            captured_at=captured_at + shift,
            shift=shift,
            objects=objects,
            logs={key: Log(content, shift) for key, content in logs.items()},
            metrics=metrics,
            alerts=alerts,
            silences=silences,
            changes=changes,
            rules=_rules(folder / "rules"),
            reactions=read_mapping(folder / "reactions.yaml"),
            weeks=read_mapping(folder / "weeks.yaml"),
        )


def _newest(
    times: Times, logs: Mapping[LogKey, bytes], metrics: tuple[Path, ...]
) -> datetime | None:
    of_logs = (Log(content).newest() for content in logs.values())
    found = [times.newest(), *of_logs, *map(newest_sample, metrics)]
    return max(filter(None, found), default=None)


def _captured_at(folder: Path, about: Json) -> datetime | None:
    text = about.get("captured_at")
    if text is None:
        return None
    moment = parse_time(str(text))
    if moment is None:
        raise bad(
            folder / "snapshot.yaml",
            _line_of(folder / "snapshot.yaml", "captured_at"),
            f"captured_at {text!r} is not an RFC 3339 time",
        )
    return moment


def _changes_object(objects: list[Json], changes: list[Json]) -> Iterator[Json]:
    known = any(
        one["kind"] == "ConfigMap"
        and one["metadata"]["name"] == CHANGES_NAME
        and one["metadata"].get("namespace") == CHANGES_NAMESPACE
        for one in objects
    )
    if changes and not known:
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CHANGES_NAME, "namespace": CHANGES_NAMESPACE},
            "data": {CHANGES_KEY: orjson.dumps(changes).decode()},
        }


def _rules(folder: Path) -> list[Json]:
    """The groups of all rule files, each with the name of its `file`."""
    groups: list[Json] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES):
        found: Any = read_mapping(path).get("groups") or []
        if found and not is_list_of_mappings(found):
            raise bad(path, 1, "`groups` is a list of mappings")
        groups += [{**group, "file": path.name} for group in cast("list[Json]", found)]
    return groups


def _line_of(path: Path, key: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
