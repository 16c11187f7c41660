"""What was asked of this API and answered once, as examples in its OpenAPI document.

They are recorded, not made up: `tools/record_examples.py` takes them from the practice cluster.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

PLACE = "examples.json"
JSON = "application/json"

Json = dict[str, Any]


def add(document: Json) -> None:
    """Into every body of JSON of an operation that has no example of its own."""
    told = recorded()
    for operations in document["paths"].values():
        for operation in operations.values():
            for part, body in media(operation):
                example = told.get(operation["operationId"], {}).get(part)
                if example is not None and not body.keys() & {"example", "examples"}:
                    body["example"] = example


@cache
def recorded() -> Mapping[str, Json]:
    """By operation: `request`, if it takes one, and `response`."""
    return orjson.loads(files("api").joinpath(PLACE).read_bytes())


def media(operation: Json) -> Iterator[tuple[str, Json]]:
    """The bodies of JSON that an operation takes (`request`) and gives when all is well (`response`)."""
    if body := _body(operation.get("requestBody", {})):
        yield "request", body
    for status, answer in operation["responses"].items():
        if status.startswith("2") and (body := _body(answer)):
            yield "response", body


def _body(told: Json) -> Json:
    """What is said to be JSON of no shape in particular has no example either."""
    body = told.get("content", {}).get(JSON, {})
    return body if body.get("schema") else {}
