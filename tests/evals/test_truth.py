"""The truth reader, and what every shipped case must have."""

import re
from pathlib import Path

import pytest

from core.errors import Invalid
from evals.truth import Truth, cases_in
from tools.cases.making import folder_of, known, make

CASES = Path(__file__).parents[2] / "evals" / "cases"
DEVELOPMENT, HELD_OUT = cases_in(CASES / "rca"), cases_in(CASES / "rca_held_out")
CHINESE = re.compile("[一-鿿]")


def written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truth.yaml").write_text(text, "utf-8")
    return folder


def test_one_question_a_list_and_lists_by_language_are_all_read(tmp_path: Path) -> None:
    one = Truth.read(written(tmp_path / "a", "question: Why?"))
    many = Truth.read(written(tmp_path / "b", 'question: ["Why?", 为什么]'))
    split = Truth.read(written(tmp_path / "c", 'question: {en: ["Why?"], zh: [为什么]}'))
    assert one.questions == ["Why?"]
    assert many.questions == split.questions == ["Why?", "为什么"]


def test_a_fix_is_a_name_alone_or_with_its_object(tmp_path: Path) -> None:
    alone = Truth.read(written(tmp_path / "a", "fix: none"))
    whole = Truth.read(written(tmp_path / "b", "fix: {id: fix.memory}"))
    assert (alone.fix, whole.fix) == ("none", "fix.memory")
    assert not Truth.read(written(tmp_path / "c", "fix:\nverdict: found")).fix


def test_cluster_scoped_resources_need_no_namespace(tmp_path: Path) -> None:
    text = "root_causes: [{rules: [node.not_ready], resources: [{kind: Node, name: n1}]}]"
    [root] = Truth.read(written(tmp_path, text)).said.root_causes
    assert root.takes("node.not_ready", ("Node", "", "n1"))


@pytest.mark.parametrize("text", ["verdict: [", "root_causes: [{rules: x}]", "- a list"])
def test_a_truth_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid, match=r"Cannot read .*truth\.yaml"):
        Truth.read(written(tmp_path, text))


def test_folders_without_a_truth_are_no_cases(tmp_path: Path) -> None:
    written(tmp_path / "b", "question: Why?")
    (tmp_path / "a").mkdir()
    assert [one.name for one in cases_in(tmp_path)] == ["b"]


@pytest.mark.parametrize("truth", [*DEVELOPMENT, *HELD_OUT], ids=lambda one: one.name)
def test_every_case_is_whole(truth: Truth) -> None:
    asked = truth.questions
    assert any(CHINESE.search(one) for one in asked)
    assert any(not CHINESE.search(one) for one in asked)
    assert bool(truth.said.root_causes) == (truth.said.verdict == "found")
    assert sum(one.stat().st_size for one in truth.folder.rglob("*") if one.is_file()) < 40_000


def test_a_third_of_the_cases_is_held_out_and_none_is_in_both() -> None:
    share = len(HELD_OUT) / (len(HELD_OUT) + len(DEVELOPMENT))
    assert 0.28 < share < 0.38
    assert not {one.name for one in DEVELOPMENT} & {one.name for one in HELD_OUT}


def test_the_cases_are_what_their_generator_writes(tmp_path: Path) -> None:
    for case in known().values():
        make(case, tmp_path)
        assert contents(folder_of(case, tmp_path)) == contents(folder_of(case, CASES)), case.name
    assert known().keys() == {one.name for one in [*DEVELOPMENT, *HELD_OUT]}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
