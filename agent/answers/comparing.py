"""Several things that were asked about in one breath, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.answers.amounts import as_bytes
from agent.answers.markdown import table
from agent.asked import Asked, is_of
from agent.planning_lacking import in_image
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
COLUMNS = ("name", "pods", "CPU_cores", "of_limit", "memory", "of_limit")


def together(asked: Asked, useful: Sequence[Result]) -> Result:
    """The last result; with the rows of the pages before it where several names, or all of an image, were looked for."""
    last = useful[-1]
    pages = [one for one in useful if one.tool == last.tool]
    rows = last.data.get("rows") or ()
    if (
        not (len(asked.names) > 1 or in_image(asked))
        or len(pages) < 2
        or not all("name" in row for row in rows)
    ):
        return last
    rows = [row for one in pages for row in one.data.get("rows") or ()]
    each = {(row.get("namespace"), row.get("kind"), row.get("name")): row for row in rows}
    return replace(last, data={**last.data, "rows": list(each.values())})


def of_names(asked: Asked, rows: Sequence[Json]) -> dict[str, list[Json]]:
    """The rows of each name: its own, or, where nothing is called so, those of the namespace."""
    found: dict[str, list[Json]] = {}
    for name in asked.names:
        own = [row for row in rows if is_of(row, name)]
        found[name] = own or [row for row in rows if row["namespace"] == name]
    return found


def usage_side_by_side(asked: Asked, rows: Sequence[Json]) -> str:
    """What each name uses, all its pods together; "" where only one thing was named."""
    if len(asked.names) < 2:
        return ""
    cells = [_use(asked, name, own) for name, own in of_names(asked, rows).items()]
    return table([phrase(f"columns.{one}", asked.language) for one in COLUMNS], cells)


def _use(asked: Asked, name: str, rows: Sequence[Json]) -> tuple[object, ...]:
    if not rows:
        return name, 0, phrase("rows.not_found", asked.language), "", "", ""
    cpu, memory = (sum(row[key] for row in rows) for key in ("cpu_cores", "memory_bytes"))
    return (
        name,
        len(rows),
        f"{cpu:.3g}",
        _share(cpu, [row["cpu_limit_cores"] for row in rows]),
        as_bytes(memory),
        _share(memory, [row["memory_limit_bytes"] for row in rows]),
    )


def _share(used: float, limits: Sequence[float | None]) -> str:
    """Of all limits together; nothing where one of them has none."""
    known = [one for one in limits if one]
    return f"{100 * used / sum(known):.0f} %" if known and len(known) == len(limits) else ""
