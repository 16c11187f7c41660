"""Every sentence an error says is written in both languages, and filled with what it is given."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest

from core.errors import KINDS

ROOT = Path(__file__).parents[2]
ROOMS = ("agent", "api", "core", "knowledge_base", "mcp_servers")
CATALOGUES = sorted(
    path for room in ROOMS for path in (ROOT / room).rglob("catalogue/refusals_en.toml")
)


def kinds_of_errors() -> set[str]:
    """The kinds there are, and what is made of them anywhere."""
    known = {"OpsError", *(kind.__name__ for kind in KINDS.values())}
    classes = [
        (node.name, {ast.unparse(base) for base in node.bases})
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    while more := {name for name, bases in classes if bases & known} - known:
        known |= more
    return known


KINDS_OF_ERRORS = kinds_of_errors()
Entry = Mapping[str, str]


def named(path: Path) -> str:
    return path.relative_to(ROOT).parent.parent.as_posix()


def entries(path: Path) -> Mapping[str, Entry]:
    return tomllib.loads(path.read_text("utf-8"))


def gaps(entry: Entry) -> set[str]:
    """What an entry has to be filled with."""
    text = " ".join(entry.values())
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def calls(package: Path) -> Iterator[tuple[str, set[str]]]:
    """Each sentence a package's own modules say by name, and what they give it."""
    module = package.relative_to(ROOT).as_posix().replace("/", ".")
    imported = re.compile(rf"^from {module}\.sentences import (?:\w+, )*SENTENCES\b", re.MULTILINE)
    for path in package.glob("**/*.py"):
        text = path.read_text("utf-8")
        if not imported.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "SENTENCES.error",
                "SENTENCES.said",
            ):
                keys = [one.value for one in node.args if isinstance(one, ast.Constant)]
                if keys and all(one.arg for one in node.keywords):
                    yield str(keys[0]), {str(one.arg) for one in node.keywords}


@pytest.mark.parametrize("path", CATALOGUES, ids=named)
def test_both_languages_have_the_same_sentences_with_the_same_gaps(path: Path) -> None:
    english, chinese = entries(path), entries(path.with_name("refusals_zh.toml"))
    assert english.keys() == chinese.keys()
    assert len(english) > 0
    for key, entry in english.items():
        assert gaps(entry) == gaps(chinese[key]), key
        assert entry.keys() == chinese[key].keys(), key
        assert entry["message"] != chinese[key]["message"] or key == "no_arguments", key


@pytest.mark.parametrize("path", CATALOGUES, ids=named)
def test_what_is_said_by_name_is_there_and_is_given_all_it_needs(path: Path) -> None:
    known = entries(path)
    for key, given in calls(path.parent.parent):
        assert key in known
        assert gaps(known[key]) <= given, key


def in_english_alone() -> Iterator[str]:
    """Where an error is made of a sentence that stands in the code, which only English readers read.

    What another system said may stand as it is: that is no literal.
    """
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in KINDS_OF_ERRORS:
                said = (*node.args, None)[0]
                literal = (
                    isinstance(said, ast.Constant | ast.JoinedStr) and ast.unparse(said) != "''"
                )
                if literal and not any(one.arg == "texts" for one in node.keywords):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_error_is_said_in_english_alone() -> None:
    assert list(in_english_alone()) == []
