"""The page's words: every one that its modules say exists, in both languages alike, and none is left over."""

import json
import re
from pathlib import Path

import pytest

from api.routes.pages import WEB

MODULES = [*WEB.glob("*.mjs"), *WEB.glob("parts/*.mjs"), *WEB.glob("pages/*.mjs")]
SAID = re.compile(r"""\bt\(([^()]*(?:\([^()]*\)[^()]*)*)""")
KEY = re.compile(r'"(\w+)"')
PLACE = re.compile(r"\{(\w+)\}")


def words(part: str, name: str) -> dict[str, str | list[str]]:
    return json.loads((WEB / "i18n" / f"{part}{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("part", ["", "pages."])
def test_both_languages_have_the_same_words_with_the_same_places_to_fill(part: str) -> None:
    english, chinese = words(part, "en"), words(part, "zh-CN")
    assert list(english) == list(chinese)
    for key, text in english.items():
        said = chinese[key]
        assert type(text) is type(said)
        if isinstance(text, str) and isinstance(said, str):
            assert set(PLACE.findall(text)) == set(PLACE.findall(said)), key


def test_no_word_is_in_both_parts() -> None:
    assert not set(words("", "en")) & set(words("pages.", "en"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_what_a_module_says_is_there(module: Path) -> None:
    """Of a choice between two words, both; what stands in other calls there is no word."""
    known = {*words("", "en"), *words("pages.", "en")}
    inside = ("===", "!==", "?")
    for call in SAID.findall(module.read_text("utf-8")):
        first = call.split(",")[0] if not any(one in call for one in inside) else call
        literal = re.fullmatch(r'\s*"(\w+)"\s*', first)
        chosen = re.findall(r'[?:]\s*"(\w+)"', first)
        for key in [literal[1]] if literal else chosen:
            assert key in known, key


def test_only_the_pages_beside_the_chat_say_words_of_theirs() -> None:
    chat = "".join(module.read_text("utf-8") for module in MODULES if module.parent.name != "pages")
    first = {*words("", "en")}
    said = {key for call in SAID.findall(chat) for key in re.findall(r'^\s*"(\w+)"', call)}
    assert said <= first
