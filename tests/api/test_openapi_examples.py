"""Examples in the OpenAPI document: there for every body, sound, and without anything of the machine they are from."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from api.app import create_app
from api.examples import media, recorded
from core.redaction import redact_fields
from tests.api.conftest import offline


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(offline(tmp_path_factory.mktemp("data"))).openapi()


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            for part, body in media(operation):
                yield f"{part} of {operation['operationId']}", body


def shown(document: dict[str, Any], body: dict[str, Any]) -> list[Any]:
    """The examples of a body: its own, those of its schema, and of each of the fields of this."""
    name = body["schema"].get("$ref", "").rpartition("/")[2]
    schema = document["components"]["schemas"].get(name, body["schema"])
    own = [body["example"]] if "example" in body else []
    return [
        *own,
        *(one["value"] for one in body.get("examples", {}).values()),
        *schema.get("examples", ()),
    ]


def test_every_body_of_json_has_an_example(document: dict[str, Any]) -> None:
    assert [name for name, body in bodies(document) if not shown(document, body)] == []


def test_however_often_it_is_asked_for_no_parameter_is_named_twice(tmp_path: Path) -> None:
    app = create_app(offline(tmp_path))
    first = json.dumps(app.openapi())
    assert json.dumps(app.openapi()) == first
    for path, operations in app.openapi()["paths"].items():
        for operation in operations.values():
            named = [(one["in"], one["name"].lower()) for one in operation.get("parameters", ())]
            assert len(named) == len(set(named)), path


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    components = {"components": document["components"]}
    wrong: list[str] = []
    for name, body in bodies(document):
        check = jsonschema.Draft202012Validator({**body["schema"], **components})
        wrong += [
            f"{name}: {e.message}" for one in shown(document, body) for e in check.iter_errors(one)
        ]
    assert wrong == []


def test_no_example_is_of_an_operation_that_is_not_there(document: dict[str, Any]) -> None:
    there = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert recorded().keys() <= there


def test_no_example_tells_a_secret_or_the_machine_that_it_is_from() -> None:
    told = json.dumps(recorded())
    assert redact_fields(recorded()) == recorded()
    assert not re.search(r"127\.0\.0\.1|localhost|/tmp/|/work/|/root/|/home/", told)
    assert str(Path.home()) not in told
