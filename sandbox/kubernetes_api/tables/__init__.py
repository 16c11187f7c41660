"""Objects as the rows that `kubectl get` prints."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sandbox.kubernetes_api.fields import at, entries, values
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.tables import infrastructure, pods, workloads
from sandbox.kubernetes_api.tables.durations import age
from sandbox.kubernetes_api.views import stored_form

Json = dict[str, Any]
Row = Callable[[Json, datetime], list[Any]]

_ROWS: dict[str, tuple[str, Row]] = {
    "pods": (pods.COLUMNS, pods.row),
    **workloads.ROWS,
    **infrastructure.ROWS,
}
_STEP = re.compile(r"\w+\[\?\([^)]*\)\]|\w+\[\d+\]|[\w-]+")
_INDEX = re.compile(r"(\w+)\[(\d+)\]")
_FILTER = re.compile(r"""(\w+)\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]""")


def table(
    kind: Kind, items: Sequence[Json], metadata: Json, *, now: datetime, include: str
) -> Json:
    """A `Table`. `include` says what travels with each row: Metadata, Object or None."""
    columns, row = _columns(kind)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": [{"cells": row(stored_form(one), now), **_object(one, include)} for one in items],
    }


def _object(one: Json, include: str) -> Json:
    if include == "None":
        return {}
    if include == "Object":
        return {"object": one}
    about = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {"object": {**about, "metadata": one["metadata"]}}


def _columns(kind: Kind) -> tuple[list[Json], Row]:
    if kind.resource in _ROWS:
        names, row = _ROWS[kind.resource]
        return _standard_columns(names), row
    return _custom_columns(kind)


def _standard_columns(names: str) -> list[Json]:
    """Names from a line, `_` for a space; those after the bar, or starred, are for `-o wide`."""
    columns: list[Json] = []
    wide = False
    for name in names.split():
        if name == "|":
            wide = True
            continue
        title = name.rstrip("*")
        columns.append(_column(title.replace("_", " "), wide or name != title))
    return columns


def _column(title: str, wide: bool, kind: str = "string") -> Json:
    shown = {"name": title, "type": kind, "description": "", "priority": int(wide)}
    return {**shown, "format": "name" if title == "Name" else ""}


def _custom_columns(kind: Kind) -> tuple[list[Json], Row]:
    """The columns a CustomResourceDefinition names, or name and age."""
    told = list(kind.columns)
    columns = [_column("Name", wide=False)]
    columns += [
        _column(str(one.get("name")), bool(one.get("priority")), str(one.get("type", "string")))
        for one in told
    ]
    if not told:
        columns.append(_column("Age", wide=False, kind="date"))

    def row(one: Json, now: datetime) -> list[Any]:
        cells = [_cell(one, column, now) for column in told]
        own_age = [age(one["metadata"].get("creationTimestamp"), now)]
        return [one["metadata"]["name"], *(cells if told else own_age)]

    return columns, row


def _cell(one: Json, column: Json, now: datetime) -> Any:
    value = _by_json_path(one, str(column.get("jsonPath", "")))
    if column.get("type") == "date":
        return age(value, now)
    return "" if value is None else value


def _by_json_path(one: Json, path: str) -> Any:
    """The simple paths that definitions use: fields, indexes, and one field compared."""
    value: Any = one
    for step in _STEP.findall(path):
        if found := _FILTER.fullmatch(step):
            name, field, wanted = found.groups()
            value = next((e for e in entries(value, name) if str(e.get(field)) == wanted), None)
        elif found := _INDEX.fullmatch(step):
            value = dict(enumerate(values(value, found[1]))).get(int(found[2]))
        else:
            value = at(value, step)
    return value
