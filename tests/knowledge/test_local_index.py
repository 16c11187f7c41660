"""The index in a file: there after a restart, taken over from earlier formats."""

import sqlite3
from pathlib import Path

import pytest

from core.errors import UpstreamUnavailable
from knowledge_base.index.local_index import FILE, LocalIndex
from tests.knowledge.test_index import DISK, found, put


def test_an_index_in_a_folder_is_there_after_a_restart(tmp_path: Path) -> None:
    put(LocalIndex(tmp_path / "new"), {"disk": DISK})
    again = LocalIndex(tmp_path / "new")
    assert found(again, "disk") == ["disk"]
    assert put(again, {"disk": DISK}).unchanged == 1


def test_a_file_that_is_no_index_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database at all, but long enough to be one\n" * 20)
    with pytest.raises(UpstreamUnavailable, match="Cannot open the knowledge index"):
        LocalIndex(tmp_path)


def test_an_index_of_an_earlier_format_is_taken_over(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "knowledge-1.db")
    old.executescript(
        "CREATE TABLE passages (id INTEGER PRIMARY KEY, doc, title, heading, text);"
        "INSERT INTO passages (doc, title, heading, text) VALUES"
        " ('mine/disk', 'Disk full', 'Check', 'Look at df.'), ('runbooks/x', 'Old', '', 'shipped');"
    )
    old.close()
    index = LocalIndex(tmp_path)
    assert found(index, "disk df") == ["mine/disk"]
    assert not (tmp_path / "knowledge-1.db").exists()
