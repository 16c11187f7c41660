"""The index keeps step with its documents, answers from a file, and is never seen half changed."""

import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from core.errors import UpstreamUnavailable
from knowledge_base.chunking import document
from knowledge_base.embedder import Embedder, Vectors
from knowledge_base.index import Entry, Scope
from knowledge_base.index.local_index import FILE, LocalIndex
from knowledge_base.ingest import ingest, reembed
from knowledge_base.reading.folders import Source
from knowledge_base.reports import Report
from knowledge_base.searching import search

DISK = "# Disk full\n\nThe disk of the node is full.\n"
MEMORY = "# 内存不足\n\n容器因为内存不足被终止。\n"
SECRET = "---\ngroups: [admin]\nservice: vault\ntags: [keys]\n---\n# Disk keys\n\nThe disk keys.\n"


class Counting:
    """Vectors of two numbers: how often a text says disk, and how long it is."""

    name = "counting"

    def embed(self, texts: list[str]) -> Vectors:
        rows = [[1.0 + text.lower().count("disk"), 1.0] for text in texts]
        table = np.array(rows, np.float32)
        return table / np.linalg.norm(table, axis=1, keepdims=True)


def put(
    index: LocalIndex,
    pages: Mapping[str, str],
    *,
    prefix: str | None = "",
    embedder: Embedder | None = None,
) -> Report:
    sources = [Source(doc, lambda text=text: text) for doc, text in pages.items()]
    return ingest(index, sources, prefix=prefix, embedder=embedder)


def found(index: LocalIndex, question: str, scope: Scope | None = None) -> list[str]:
    return [hit.passage.doc for hit in search(index, question, k=10, scope=scope or Scope())]


def test_documents_are_found_in_both_languages() -> None:
    index = LocalIndex(None)
    assert put(index, {"disk": DISK, "memory": MEMORY}).added == 2
    assert found(index, "disks are filling, full?")[0] == "disk"
    assert found(index, "容器内存不足怎么办")[0] == "memory"
    assert found(index, "weather") == []
    assert found(index, '"); DROP TABLE passages; -- *') == []


def test_a_question_finds_a_page_that_exists_in_the_other_language_only() -> None:
    index = LocalIndex(None)
    put(index, {"memory": MEMORY, "disk": DISK})
    assert found(index, "not enough memory for the container")[0] == "memory"
    assert found(index, "磁盘写满了")[0] == "disk"


def test_only_what_changed_is_put_in_again() -> None:
    index = LocalIndex(None)
    put(index, {"disk": DISK, "memory": MEMORY})
    again = put(index, {"disk": DISK, "memory": MEMORY})
    assert (again.unchanged, again.added, again.changed, again.removed) == (2, 0, 0, 0)
    report = put(index, {"disk": DISK.replace("full", "empty")})
    assert (report.changed, report.removed) == (1, 1)
    assert found(index, "empty") == ["disk"]
    assert found(index, "内存") == []


def test_documents_of_another_prefix_are_left_alone() -> None:
    index = LocalIndex(None)
    put(index, {"mine/disk": DISK}, prefix="mine/")
    put(index, {"runbooks/memory": MEMORY}, prefix="runbooks/")
    assert sorted(index.fingerprints()) == ["mine/disk", "runbooks/memory"]


def test_an_index_in_a_folder_is_there_after_a_restart(tmp_path: Path) -> None:
    put(LocalIndex(tmp_path / "new"), {"disk": DISK})
    again = LocalIndex(tmp_path / "new")
    assert found(again, "disk") == ["disk"]
    assert put(again, {"disk": DISK}).unchanged == 1


def test_a_file_that_is_no_index_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database at all, but long enough to be one\n" * 20)
    with pytest.raises(UpstreamUnavailable, match="Cannot open the knowledge index"):
        LocalIndex(tmp_path)


def test_groups_service_tag_and_language_bound_what_is_found() -> None:
    index = LocalIndex(None)
    put(index, {"disk": DISK, "keys": SECRET, "memory": MEMORY})
    user = Scope(readers=frozenset({"user"}))
    assert found(index, "disk keys", user) == ["disk"]
    assert found(index, "disk keys", Scope(readers=frozenset({"admin"})))[0] == "keys"
    assert found(index, "disk", Scope(service="vault")) == ["keys"]
    assert found(index, "disk", Scope(tag="keys")) == ["keys"]
    assert found(index, "磁盘 disk", Scope(language="zh")) == []
    assert [one.doc for one in index.documents(user)] == ["disk", "memory"]
    assert index.body("keys", user) is None


def test_groups_bound_what_vectors_find_too() -> None:
    index = LocalIndex(None)
    put(index, {"keys": SECRET, "memory": MEMORY}, embedder=Counting())
    user = Scope(readers=frozenset({"user"}))
    hits = search(index, "disk disk", k=5, embedder=Counting(), scope=user)
    assert "keys" not in [hit.passage.doc for hit in hits]


def test_a_page_that_is_there_twice_is_shown_once_with_its_other_place() -> None:
    index = LocalIndex(None)
    put(index, {"a/disk": DISK, "b/disk": DISK})
    [hit] = search(index, "disk full", k=5)
    assert (hit.passage.doc, hit.also_in) == ("a/disk", ("b/disk",))


def test_readers_see_the_old_index_or_the_new_one_and_never_half(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    names = [f"p{n}" for n in range(30)]
    put(index, dict.fromkeys(names, "# One\n\nold words"))
    seen: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(len({one.title for one in index.documents()}))

    reader = threading.Thread(target=read)
    reader.start()
    for title in ("Two", "Three", "Four"):
        put(index, dict.fromkeys(names, f"# {title}\n\nnew words"))
    stop.set()
    reader.join()
    assert seen == {1}


def test_another_process_that_writes_is_noticed(tmp_path: Path) -> None:
    ours, theirs = LocalIndex(tmp_path), LocalIndex(tmp_path)
    put(ours, {"disk": DISK}, embedder=Counting())
    assert search(ours, "disk", k=3, embedder=Counting())
    put(theirs, {"keys": SECRET}, prefix=None, embedder=Counting())
    docs = [hit.passage.doc for hit in search(ours, "disk keys", k=3, embedder=Counting())]
    assert docs[0] == "keys"


def test_two_ingests_at_once_both_arrive(tmp_path: Path) -> None:
    indexes = [LocalIndex(tmp_path), LocalIndex(tmp_path)]
    work = [
        threading.Thread(
            target=put,
            args=(index, {f"{n}/{i}": DISK for i in range(20)}),
            kwargs={"prefix": f"{n}/"},
        )
        for n, index in enumerate(indexes)
    ]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert len(indexes[0].fingerprints()) == 40


def test_vectors_of_another_embedder_are_kept_until_all_are_rebuilt() -> None:
    class Other(Counting):
        name = "other"

    index = LocalIndex(None)
    put(index, {"disk": DISK}, embedder=Counting())
    report = put(index, {"keys": SECRET}, prefix=None, embedder=Other())
    assert "still those of counting" in report.vectors
    reembed(index, Other())
    assert index.embedder == "other"
    assert search(index, "disk keys", k=1, embedder=Other())[0].nearness > 0


def test_an_embedder_that_is_away_leaves_pages_that_words_find() -> None:
    class Away(Counting):
        def embed(self, texts: list[str]) -> Vectors:
            raise UpstreamUnavailable("The embeddings endpoint does not answer.")

    index = LocalIndex(None)
    assert "does not answer" in put(index, {"disk": DISK}, embedder=Away()).vectors
    assert found(index, "disk") == ["disk"]


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


def test_an_entry_replaces_the_one_of_its_name() -> None:
    index = LocalIndex(None)
    for text in (DISK, MEMORY):
        index.apply([Entry(document("page", text), fingerprint=text)])
    assert found(index, "disk") == []
    assert [one.title for one in index.documents()] == ["内存不足"]
