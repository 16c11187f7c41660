"""How a client wants objects: in full, as rows of a table, or only their metadata."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from typing import Any

from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.reading import Page, list_body
from sandbox.kubernetes_api.tables import table

Json = dict[str, Any]

_META = "meta.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Shape:
    """`one` shapes an object, `page` a list of them."""

    one: Callable[[Json], Json]
    page: Callable[[Page], Json]


def shape_of(call: Call, kind: Kind, now: Callable[[], datetime]) -> Shape:
    """The first form of the Accept header that is known here; objects in full if there is none."""
    for wanted in call.headers.get("accept", "").split(","):
        parts = (part.strip().partition("=") for part in wanted.split(";")[1:])
        form = {name: value for name, _, value in parts}
        if form.get("v", "v1") != "v1":
            continue
        if form.get("as") == "Table":
            return _tables(call, kind, now)
        if form.get("as", "").startswith("PartialObjectMetadata"):
            return _metadata_only()
        break
    return Shape(lambda one: one, lambda page: list_body(page, kind))


def _tables(call: Call, kind: Kind, now: Callable[[], datetime]) -> Shape:
    include = call.query.get("includeObject", "Metadata")
    # Of the tables of a watch, only the first tells the columns.
    with_columns = chain([True], repeat(call.verb != "watch"))

    def of(items: list[Json], metadata: Json) -> Json:
        told = table(kind, items, metadata, now=now(), include=include)
        return told if next(with_columns) else {**told, "columnDefinitions": None}

    return Shape(
        lambda one: of([one], {"resourceVersion": one["metadata"]["resourceVersion"]}),
        lambda page: of(list(page.items), page.metadata()),
    )


def _metadata_only() -> Shape:
    return Shape(
        partial_metadata,
        lambda page: {
            "kind": "PartialObjectMetadataList",
            "apiVersion": _META,
            "metadata": page.metadata(),
            "items": [partial_metadata(one) for one in page.items],
        },
    )


def partial_metadata(one: Json) -> Json:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": one["metadata"]}
