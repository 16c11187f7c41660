"""YAML and JSON files to plain values; a bad file is one sentence with its name and line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import orjson
import yaml

from core.errors import Invalid

Json = dict[str, Any]

SUFFIXES = frozenset({".yaml", ".yml", ".json"})

# YAML 1.1 reads 12:30:45 as a number to base 60 and a bare date as a time; Kubernetes reads text.
_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$"),
    "tag:yaml.org,2002:float": re.compile(
        r"([-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"
    ),
}
_TIME = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.CSafeLoader):
    """The safe C loader, reading scalars as Kubernetes does."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - that is how PyYAML declares it
        first: [(tag, _NUMBERS.get(tag, pattern)) for tag, pattern in known if tag != _TIME]
        for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def read_documents(path: Path) -> list[tuple[Any, int]]:
    """Every document of a file with the line it starts on. Raises `Invalid` naming file and line."""
    content = _content(path)
    if path.suffix == ".json":
        return [(_json(path, content), 1)]
    try:
        return list(_yaml(content))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise bad(path, mark.line + 1 if mark else 1, error.problem or str(error)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise bad(path, 1, f"it is not YAML ({_first_line(error)})") from error


def read_list(path: Path) -> list[Json]:
    """A file that holds one JSON list of objects; an absent file is an empty list."""
    if not path.exists():
        return []
    [(value, _)] = read_documents(path)
    if not is_list_of_mappings(value):
        raise bad(path, 1, "it must hold a list of objects")
    return cast("list[Json]", value)


def is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) for one in cast("list[Any]", value)
    )


def read_mapping(path: Path) -> Json:
    """A file that holds one mapping; an absent or empty file is an empty one."""
    documents = read_documents(path) if path.exists() else []
    value: Any = documents[0][0] if documents else {}
    if not isinstance(value, dict):
        raise bad(path, documents[0][1], "it must hold one mapping")
    return cast("Json", value)


def bad(path: Path, line: int, problem: str) -> Invalid:
    return Invalid(f"{path}, line {line}: {problem.rstrip('.')}.")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise bad(path, 1, f"it cannot be read ({error.strerror})") from error


def _json(path: Path, content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise bad(path, error.lineno, f"it is not JSON ({error.msg})") from error


def _yaml(content: bytes) -> Iterator[tuple[Any, int]]:
    loader: Any = _Loader(content)
    try:
        while loader.check_node():
            node: Any = loader.get_node()
            yield loader.construct_document(node), node.start_mark.line + 1
    finally:
        loader.dispose()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
