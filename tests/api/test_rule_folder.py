"""The folder that `midwatch sync` writes: given back as it was, whoever is cut on the way."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.rule_folder import NOTES, RuleFolder, digest_of
from core.errors import Invalid

NAMES = st.sampled_from(["a.yaml", "b.yaml", "c.yaml"])
FILES = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8", exclude_characters="\r")))


def there(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.glob("*.yaml")}


@given(st.lists(st.tuples(FILES, st.booleans()), max_size=6), FILES)
def test_what_is_refused_is_given_back_as_prometheus_last_took_it(
    steps: list[tuple[dict[str, str], bool]], refused: dict[str, str]
) -> None:
    """Some of what came before was taken, some came too late to be."""
    with tempfile.TemporaryDirectory() as name:
        folder, last = RuleFolder(Path(name)), dict[str, str]()
        for n, (files, taken) in enumerate(steps):
            notes = folder.replace(folder.notes(), digest_of(str(n)), files)
            assert there(Path(name)) == files
            if taken:
                folder.taken(notes)
                last = files
        notes = folder.replace(folder.notes(), digest_of("refused"), refused)
        back = folder.given_back(notes, "no such function")
        assert there(Path(name)) == last
        assert folder.notes() == back
        assert folder.drifted(back) == []


def test_who_was_killed_while_writing_goes_on_and_takes_its_own_files_for_nobody_elses(
    tmp_path: Path,
) -> None:
    folder = RuleFolder(tmp_path)
    folder.taken(folder.replace(folder.notes(), digest_of("1"), {"a.yaml": "one"}))
    noted = (tmp_path / NOTES).read_bytes()
    folder.replace(folder.notes(), digest_of("2"), {"a.yaml": "two", "b.yaml": "new"})
    # As if it had been killed before its last note: the files are there, the notes know less.
    (tmp_path / NOTES).write_bytes(noted.replace(digest_of("1").encode(), b""))
    (tmp_path / "b.yaml").unlink()
    assert folder.drifted(folder.notes()) == []
    notes = folder.replace(folder.notes(), digest_of("3"), {"b.yaml": "newer"})
    assert there(tmp_path) == {"b.yaml": "newer"}
    assert notes.written.digest == digest_of("3")


def test_a_file_of_somebody_else_is_neither_overwritten_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("groups: []")
    folder = RuleFolder(tmp_path)
    folder.taken(folder.replace(folder.notes(), digest_of("1"), {"a.yaml": "one"}))
    folder.taken(folder.replace(folder.notes(), digest_of("2"), {}))
    assert there(tmp_path) == {"own.yaml": "groups: []"}
    with pytest.raises(Invalid, match=r"own\.yaml is there already"):
        folder.replace(folder.notes(), digest_of("3"), {"own.yaml": "groups: [{}]"})
    assert there(tmp_path) == {"own.yaml": "groups: []"}


def test_notes_that_cannot_be_read_are_told_with_their_place(tmp_path: Path) -> None:
    (tmp_path / NOTES).write_text("{")
    with pytest.raises(Invalid, match=r"midwatch-sync\.json cannot be read"):
        RuleFolder(tmp_path).notes()
