"""The classifier that is asked beside the rules."""

from importlib.resources import files

import pytest

from agent.intents import as_typed, read
from agent.likeness import Lines, features, likeness
from evals.routing.utterances import HERE, utterances

WEIGHTS = files("agent.lexicon").joinpath("likeness.txt").read_bytes()


@pytest.mark.parametrize(
    ("words", "subagent"),
    [
        ("restart the web deployment", "autofix"),
        ("how much does namespace shop cost", "cost"),
        ("why does the web deployment keep failing", "rca"),
        ("把 HostDown 静默一小时", "alert_admin"),
        ("怎么处理磁盘写满", "rag"),
    ],
)
def test_a_plain_sentence_is_like_others_of_its_subagent(words: str, subagent: str) -> None:
    assert likeness(words).of(subagent) > 0.9


def test_names_and_numbers_make_no_difference() -> None:
    assert features("scale web-api to 3 replicas") == features("scale cart-ui to 12 replicas")


def test_nothing_known_is_nothing_certain() -> None:
    assert likeness("ξψφ").familiar == 0.0


def test_rules_that_are_sure_are_not_overruled() -> None:
    assert read("restart the alerts-exporter deployment").subagent == "autofix"


def test_lines_are_found_as_a_dict_finds_them() -> None:
    text = WEIGHTS.partition(b"\n")[2].decode()
    lines, told = Lines(text.encode()), dict(one.split(" ", 1) for one in text.splitlines())
    assert {one: lines.after(one) for one in told} == told
    said = [one.text for path in sorted(HERE.glob("*.txt")) for one in utterances(path)]
    asked = {feature for one in said for feature in features(as_typed(one))}
    assert any(one not in told for one in asked)
    assert {one: lines.after(one) for one in asked} == {one: told.get(one) for one in asked}


def test_the_file_is_sorted_as_it_is_searched() -> None:
    lines = WEIGHTS.splitlines()[1:]
    assert lines == sorted(lines)


@pytest.mark.parametrize("word", ["", "!", "b", "bc", "0", "z", "\U0010ffff"])
def test_a_word_that_begins_no_line_is_not_found(word: str) -> None:
    assert Lines(b"a 1:2\nbcd 3:4\nc 5:6\n").after(word) is None


def test_no_lines_hold_no_word() -> None:
    assert Lines(b"").after("a") is None
