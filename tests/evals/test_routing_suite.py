"""The routing suite: what it counts as right, and that it keeps held-out sentences to itself."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from evals.routing.utterances import folded, utterances
from evals.suites.routing import judge, run


def judged(folder: Path, name: str, *lines: str) -> dict[str, Any]:
    path = folder / f"{name}.txt"
    path.write_text("\n".join(lines), "utf-8")
    return judge(path).as_json()


def test_a_sentence_is_right_when_subagent_intent_and_arguments_are(tmp_path: Path) -> None:
    told = judged(tmp_path, "own", "en plain | restart web | autofix/change name=web")
    assert (told["passed"], told["failures"]) == (1, [])


def test_an_argument_too_many_is_as_wrong_as_one_too_few(tmp_path: Path) -> None:
    few = "en plain | restart web | autofix/change name=web replicas=2"
    many = "en plain | scale web to 2 replicas | autofix/change name=web"
    told = judged(tmp_path, "own", few, many)
    assert told["passed"] == 0
    assert told["metrics"]["arguments_exact"] == 0


def test_a_label_without_an_intent_asks_for_what_it_names_alone(tmp_path: Path) -> None:
    told = judged(tmp_path, "own", "en plain | scale web to 2 replicas | autofix service=web")
    assert told["passed"] == 1


def test_a_follow_up_is_read_after_its_turn(tmp_path: Path) -> None:
    line = "en follow_up | list pods in shop >> and in payments? | rca/list kind=Pod namespace=payments"
    assert judged(tmp_path, "own", line)["passed"] == 1


def test_what_fails_of_unseen_sentences_is_counted_and_not_told(tmp_path: Path) -> None:
    told = judged(tmp_path, "unseen_of_mine", "en plain | restart web | rag/how_to")
    assert (told["passed"], told["failures"]) == (0, [])


def test_figures_are_told_by_language_and_kind(tmp_path: Path) -> None:
    lines = ("en plain | restart web | autofix/change name=web", "zh typo | 重启 web | rag/how_to")
    metrics = judged(tmp_path, "own", *lines)["metrics"]
    assert metrics["by_language"]["en"]["subagent"] == 1
    assert metrics["by_kind"]["typo"]["subagent"] == 0


def test_a_service_is_a_name_whatever_it_was_taken_for() -> None:
    assert folded({"kind": "Service", "service": "web"}) == {"name": "web"}
    assert folded({"kind": "Service"}) == {"kind": "Service"}


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text("\nrestart web\n", "utf-8")
    with pytest.raises(Invalid, match=r"own\.txt line 2"):
        utterances(path)


def test_every_file_of_a_folder_is_judged(tmp_path: Path) -> None:
    for name in ("a", "b"):
        judged(tmp_path, name, "zh plain | 重启 web | autofix/change name=web")
    assert [one.name for one in run(tmp_path)] == ["routing a", "routing b"]
