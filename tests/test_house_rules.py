"""What a linter cannot say about how the project is laid out."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = [
    "agent",
    "api",
    "core",
    "evals",
    "knowledge_base",
    "mcp_servers",
    "sandbox",
    "tests",
    "tools",
]
# Public clients that live in places of their own below tests/clients are others' code.
MODULES = [
    path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if "site-packages" not in path.parts
]
VAGUE = {"utils", "helpers", "common", "misc", "manager", "managers", "service", "services"}
MAY_CATCH_ALL = {"api/jobs/runner.py"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PRODUCT = [path for path in MODULES if name(path).split("/")[0] not in {"tests", "tools"}]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_are_short_and_named_for_what_they_hold(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    assert not VAGUE & set(path.relative_to(ROOT).with_suffix("").parts)


def test_tools_are_published_nowhere_but_in_access() -> None:
    registering = {
        name(path)
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"add_tool", "tool"}
    }
    assert registering <= {"mcp_servers/access.py"}


def test_only_two_places_catch_everything() -> None:
    catching = {name(path) for path in PRODUCT if "noqa: BLE001" in path.read_text()}
    assert catching <= MAY_CATCH_ALL


def test_nothing_is_left_for_later_or_skipped() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X ", "pytest." + "skip", "mark." + "skip")
    left = {name(path) for path in MODULES for word in words if word in path.read_text()}
    assert left == set()


def test_no_file_names_a_package_registry_or_this_machine() -> None:
    lines = (ROOT / "requirements.lock").read_text() + (ROOT / "requirements-test.lock").read_text()
    assert "://" not in lines
