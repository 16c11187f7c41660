"""Exchanges that were noted while the API's own tests ran → the examples of its OpenAPI document.

EXAMPLES_FOLDER=/tmp/noted .venv/bin/python -m pytest -p tools.noting_exchanges -n auto --dist loadfile tests/api
.venv/bin/python -m tools.record_examples /tmp/noted

Of each operation the exchange that shows most goes to `api/examples.json`. Operations that were not asked keep
the example that they have.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

from api.app import create_app
from api.examples import PLACE, Json, media
from core.redaction import redact_fields
from core.settings import load

WRITTEN = Path(__file__).parents[1] / "api" / PLACE
# An example is to be read: of a list so many, of a text so much, and about so much in all.
ITEMS, CHARACTERS, BYTES = 1, 200, 1_500
KIND = re.compile(r":\w+(?=})")
# Addresses and folders of the machine that ran the tests.
OURS = (
    (re.compile(r"\b(https?)://(?:127\.0\.0\.1|localhost)(?::\d+)?"), r"\1://midwatch.example"),
    (re.compile(r"\b(?:127\.0\.0\.1|localhost)(?::\d+)?"), "midwatch.example"),
    (re.compile(r"(?<![\w.])/(?:tmp|work|root|home)/[^\s\"',;)]*"), "/var/lib/midwatch"),
)


class Exchange(NamedTuple):
    request: Any
    response: Any


def exchanges(folder: Path) -> dict[str, list[Exchange]]:
    """All that were noted, by method and path, as they may be shown."""
    found: dict[str, list[Exchange]] = {}
    for place in sorted(folder.glob("*.jsonl")):
        for line in place.read_text("utf-8").splitlines():
            route, sent, told = json.loads(line)
            # In the document a place in a path has a name only, no kind.
            found.setdefault(KIND.sub("", route), []).append(Exchange(shown(sent), shown(told)))
    return found


def shown(value: Any) -> Any:
    """The value, short enough to be read, without what is secret and without names of this machine."""
    return shortened(redact_fields(value))


def shortened(value: Any) -> Any:
    match value:
        case dict():
            return {_text(key): shortened(one) for key, one in value.items()}
        case [str(), str()]:  # a pair says little without its other half
            return [_text(one) for one in value]
        case list():
            return [shortened(one) for one in value[:ITEMS]]
        case str():
            return _text(value)
        case _:
            return value


def _text(value: str) -> str:
    for pattern, other in OURS:
        value = pattern.sub(other, value)
    return value if len(value) <= CHARACTERS else f"{value[: CHARACTERS - 1]}…"


def chosen(among: list[Exchange], operation: Json, schemas: Json) -> Json:
    """Of the sound ones that are short enough the one that tells most, else the shortest."""
    sound = [one for one in among if all(fits(*pair, schemas) for pair in pairs(one, operation))]
    short = [one for one in sound if size(one) <= BYTES]
    if short:
        best = max(short, key=said)
    elif sound:
        best = min(sound, key=size)
    else:
        return {}
    return {part: getattr(best, part) for part, _ in media(operation)}


def pairs(one: Exchange, operation: Json) -> Iterator[tuple[Any, Json]]:
    for part, body in media(operation):
        yield getattr(one, part), body["schema"]


def fits(value: Any, schema: Json, schemas: Json) -> bool:
    return not list(jsonschema.Draft202012Validator({**schema, **schemas}).iter_errors(value))


def size(one: Exchange) -> int:
    return len(json.dumps(one, ensure_ascii=False))


def said(value: Any) -> int:
    """How many things a value says."""
    match value:
        case Mapping():
            return sum(map(said, value.values()))
        case list() | tuple():
            return sum(map(said, value))
        case _:
            return int(value not in (None, "", False, 0))


def main(noted: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        document = create_app(load(env_file=None, data_dir=Path(place))).openapi()
    found, schemas = exchanges(noted), {"components": document["components"]}
    examples: dict[str, Json] = json.loads(WRITTEN.read_text("utf-8"))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if best := chosen(found.get(f"{method} {path}", []), operation, schemas):
                examples[operation["operationId"]] = best
    lines = [f"{json.dumps(name)}: {_line(examples[name])}" for name in sorted(examples)]
    WRITTEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
