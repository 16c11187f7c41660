"""One object in full, as YAML-like lines; long parts are left to the tool's own shortening."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from agent.answers.markdown import fenced, joined
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

LINES_SHOWN = 120


def told_object(asked: Asked, result: Result) -> str:
    data = result.data
    place = f"{data['namespace']}/{data['name']}" if data.get("namespace") else str(data["name"])
    head = phrase("rows.object", asked.language, kind=data["kind"], place=place)
    mark = f" [{result.whole}]" if result.whole else ""
    lines = list(_lines(data["object"], 0))
    cut = [*lines[:LINES_SHOWN], "…"] if len(lines) > LINES_SHOWN else lines
    return joined([f"{head}{mark}", fenced(cut, "yaml")])


def _lines(value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            yield from _entry(f"{pad}{key}:", one, depth)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _entry(f"{pad}-", one, depth)


def _entry(head: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, (Mapping, list)) and value:
        yield head
        yield from _lines(value, depth + 1)
    else:
        yield f"{head} {value if isinstance(value, str) else json.dumps(value)}"
