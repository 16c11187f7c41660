"""Lists of any kind as the API server itself prints them, custom kinds by their own columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcp_servers.backends.kinds import Kind
from mcp_servers.backends.kubernetes import PAGE_SIZE, Kubernetes
from mcp_servers.facts.kubernetes import Json, Resource

# A server that prints no tables for a kind, as an aggregated one may, sends whole objects.
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"


@dataclass(frozen=True, slots=True)
class Printed:
    """One object and its cells, by column, as text."""

    resource: Resource
    cells: dict[str, str]


async def printed(
    cluster: Kubernetes, kind: str, *, namespace: str = "", label_selector: str = ""
) -> tuple[Kind, list[Printed]]:
    """All objects of a kind in sight, in the API's order, with the columns that `kubectl get` shows.

    The object of a row has its metadata alone. Raises `NotFound` for an unknown kind or namespace.
    """
    found = await cluster.kind(kind)
    query = {"labelSelector": label_selector, "limit": str(PAGE_SIZE)}
    rows: list[Printed] = []
    for place in cluster.sight.places(found, namespace):
        token = ""
        while True:
            page = await cluster.told_as(found, place, {**query, "continue": token}, TABLE)
            rows += _rows(page, found)
            about: Json = page.get("metadata") or {}
            token = str(about.get("continue") or "")
            if not token:
                break
    if namespace and not rows:
        await cluster.list(kind, namespace=namespace, limit=1)  # says so when there is none
    return found, [one for one in rows if cluster.sight.admits(one.resource)]


def _rows(page: Json, kind: Kind) -> list[Printed]:
    if page.get("kind") != "Table":
        return [Printed(_resource(one, kind), {}) for one in page.get("items") or ()]
    columns: Sequence[Json] = page.get("columnDefinitions") or ()
    wanted = [(n, str(one["name"])) for n, one in enumerate(columns) if _is_shown(one)]
    rows: Sequence[Json] = page.get("rows") or ()
    return [
        Printed(
            _resource(row["object"], kind), {name: _text(row["cells"][n]) for n, name in wanted}
        )
        for row in rows
    ]


def _is_shown(column: Json) -> bool:
    """Not what only `-o wide` prints, nor what every row has besides: its name and its age."""
    return not column.get("priority") and column.get("name") not in ("Name", "Age")


def _resource(raw: Json, kind: Kind) -> Resource:
    return Resource({**raw, "kind": kind.name, "apiVersion": kind.api_version})


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)
