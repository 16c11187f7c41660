"""The index keeps step with its documents and answers from a file."""

from pathlib import Path

import pytest

from core.errors import Invalid, UpstreamUnavailable
from knowledge_base.index.local_index import FILE, LocalIndex
from knowledge_base.ingest import documents_in, synchronise
from knowledge_base.segmentation import asked_words

DISK = "# Disk full\n\nThe disk of the node is full.\n"
MEMORY = "# 内存不足\n\n容器因为内存不足被终止。\n"


def found(index: LocalIndex, question: str) -> list[str]:
    return [hit.passage.doc for hit in index.search(asked_words(question), limit=10)]


def test_documents_are_found_in_both_languages() -> None:
    index = LocalIndex(None)
    assert synchronise(index, {"disk": DISK, "memory": MEMORY}, prefix="") == 2
    assert found(index, "disks are filling, full?") == ["disk"]
    assert found(index, "容器内存不足怎么办") == ["memory"]
    assert found(index, "weather") == []
    assert found(index, '"); DROP TABLE passages; -- *') == []


def test_only_what_changed_is_put_in_again() -> None:
    index = LocalIndex(None)
    synchronise(index, {"disk": DISK, "memory": MEMORY}, prefix="")
    assert synchronise(index, {"disk": DISK, "memory": MEMORY}, prefix="") == 0
    assert synchronise(index, {"disk": DISK.replace("full", "empty")}, prefix="") == 2
    assert found(index, "full") == []
    assert found(index, "empty") == ["disk"]
    assert found(index, "内存") == []


def test_documents_of_another_prefix_are_left_alone() -> None:
    index = LocalIndex(None)
    synchronise(index, {"mine/disk": DISK}, prefix="mine/")
    synchronise(index, {"runbooks/memory": MEMORY}, prefix="runbooks/")
    assert sorted(index.fingerprints()) == ["mine/disk", "runbooks/memory"]


def test_an_index_in_a_folder_is_there_after_a_restart(tmp_path: Path) -> None:
    synchronise(LocalIndex(tmp_path / "new"), {"disk": DISK}, prefix="")
    again = LocalIndex(tmp_path / "new")
    assert found(again, "disk") == ["disk"]
    assert synchronise(again, {"disk": DISK}, prefix="") == 0


def test_a_file_that_is_no_index_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database at all, but long enough to be one\n" * 20)
    with pytest.raises(UpstreamUnavailable, match="Cannot open the knowledge index"):
        LocalIndex(tmp_path)


def test_a_document_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match=r"bad\.md as UTF-8"):
        documents_in(tmp_path)


def test_only_documents_are_read_and_named_by_their_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.md").write_text("x")
    (tmp_path / "y.txt").write_text("y")
    (tmp_path / "z.png").write_bytes(b"\xff")
    assert documents_in(tmp_path, prefix="p/") == {"p/a/x.md": "x", "p/y.txt": "y"}
