"""Every index keeps step with its documents, and is never seen half changed."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UpstreamUnavailable
from knowledge_base.chunking import document
from knowledge_base.embedding import into_vectors
from knowledge_base.index import PAGES, Entry, Index, Scope
from knowledge_base.index.redis_changes import SMALL
from knowledge_base.ingest import ingest
from knowledge_base.reading.folders import Source
from knowledge_base.reports import Report
from knowledge_base.searching import asked_of, search
from knowledge_base.vectors import Embedder, Vectors
from tests.knowledge.conftest import Opener

DISK = "# Disk full\n\nThe disk of the node is full.\n"
MEMORY = "# 内存不足\n\n容器因为内存不足被终止。\n"
SECRET = "---\ngroups: [admin]\nservice: vault\ntags: [keys]\n---\n# Disk keys\n\nThe disk keys.\n"


class Counting:
    """Vectors of two numbers: how often a text says disk, and how long it is."""

    name = "counting"
    is_costly = False

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = [[1.0 + text.lower().count("disk"), 1.0] for text in texts]
        table = np.array(rows, np.float32)
        return table / np.linalg.norm(table, axis=1, keepdims=True)


def put(
    index: Index,
    pages: Mapping[str, str],
    *,
    prefix: str | None = "",
    embedder: Embedder | None = None,
) -> Report:
    sources = [Source(doc, lambda text=text: text) for doc, text in pages.items()]
    return ingest(index, sources, prefix=prefix, embedder=embedder)


def found(index: Index, question: str, scope: Scope | None = None) -> list[str]:
    return [hit.passage.doc for hit in search(index, question, k=10, scope=scope or Scope())]


def test_documents_are_found_in_both_languages(index: Index) -> None:
    assert put(index, {"disk": DISK, "memory": MEMORY}).added == 2
    assert found(index, "disks are filling, full?")[0] == "disk"
    assert found(index, "容器内存不足怎么办")[0] == "memory"
    assert found(index, "weather") == []
    assert found(index, '"); DROP TABLE passages; -- *') == []


def test_a_question_finds_a_page_that_exists_in_the_other_language_only(index: Index) -> None:
    put(index, {"memory": MEMORY, "disk": DISK})
    assert found(index, "not enough memory for the container")[0] == "memory"
    assert found(index, "磁盘写满了")[0] == "disk"


def test_only_what_changed_is_put_in_again(index: Index) -> None:
    put(index, {"disk": DISK, "memory": MEMORY})
    again = put(index, {"disk": DISK, "memory": MEMORY})
    assert (again.unchanged, again.added, again.changed, again.removed) == (2, 0, 0, 0)
    report = put(index, {"disk": DISK.replace("full", "empty")})
    assert (report.changed, report.removed) == (1, 1)
    assert found(index, "empty") == ["disk"]
    assert found(index, "内存") == []


def test_documents_of_another_prefix_are_left_alone(index: Index) -> None:
    put(index, {"mine/disk": DISK}, prefix="mine/")
    put(index, {"runbooks/memory": MEMORY}, prefix="runbooks/")
    assert sorted(index.fingerprints()) == ["mine/disk", "runbooks/memory"]


def test_groups_service_tag_and_language_bound_what_is_found(index: Index) -> None:
    put(index, {"disk": DISK, "keys": SECRET, "memory": MEMORY})
    user = Scope(readers=frozenset({"user"}))
    assert found(index, "disk keys", user) == ["disk"]
    assert found(index, "disk keys", Scope(readers=frozenset({"admin"})))[0] == "keys"
    assert found(index, "disk", Scope(service="vault")) == ["keys"]
    assert found(index, "disk", Scope(tag="keys")) == ["keys"]
    assert found(index, "磁盘 disk", Scope(language="zh")) == []
    assert [one.doc for one in index.documents(user)] == ["disk", "memory"]
    assert index.body("keys", user) is None


def test_groups_bound_what_vectors_find_too(index: Index) -> None:
    put(index, {"keys": SECRET, "memory": MEMORY}, embedder=Counting())
    user = Scope(readers=frozenset({"user"}))
    hits = search(index, "disk disk", k=5, embedder=Counting(), scope=user)
    assert "keys" not in [hit.passage.doc for hit in hits]


def test_a_page_that_is_a_heading_alone_stops_no_other(index: Index) -> None:
    report = put(index, {"heading": "# Disk\n", "disk": DISK}, embedder=Counting())
    assert (report.added, report.skipped) == (2, [])
    hits = search(index, "disk", k=5, embedder=Counting())
    assert [hit.passage.doc for hit in hits] == ["disk"]


@pytest.mark.parametrize("embedder", [None, Counting()])
def test_whose_sight_is_bounded_finds_of_past_incidents_those_in_it_alone(
    index: Index, embedder: Embedder | None
) -> None:
    head = "---\ntags: [incident, past-incident]\ngroups: [{}]\n---\n# Disk of {}\n\nThe disk of {} was full.\n"
    pages = {
        name: head.format(f"'incidents:*', 'incidents:{name}'", name, name) for name in ("a", "b")
    }
    put(index, {**pages, "keys": SECRET, "disk": DISK}, embedder=embedder)

    def seen(*groups: str) -> set[str]:
        scope = Scope(incidents=frozenset(groups))
        hits = search(index, "disk full before", k=10, embedder=embedder, scope=scope)
        assert index.count(scope) == len(index.documents(scope))
        return {hit.passage.doc for hit in hits}

    assert seen("incidents:a") == {"a", "keys", "disk"}
    assert seen("incidents:*") == {"a", "b", "keys", "disk"}
    assert seen() == {"keys", "disk"}
    assert index.body("b", Scope(incidents=frozenset({"incidents:a"}))) is None


@pytest.mark.parametrize("embedder", [None, Counting()])
def test_however_many_incidents_there_are_the_page_about_the_fault_comes_first(
    index: Index, embedder: Embedder | None
) -> None:
    head = "---\ntags: [incident, past-incident]\ngroups: ['incidents:*']\n---\n# The disk is full\n\nThe disk of {} is full: disk full.\n"
    others = [f"word{n}" for n in range(100)]
    past = {f"past-incidents/{one}": head.format(f"{one} " * 30) for one in others}
    put(index, {**past, "disk": DISK, "memory": MEMORY}, embedder=embedder)

    def found(question: str, **scope: Any) -> list[str]:
        hits = search(index, question, k=4, embedder=embedder, scope=Scope(**scope))
        return [hit.passage.doc for hit in hits]

    assert found("the disk is full")[0] == "disk"
    assert len(found("was the disk full before")) == 4
    assert len(found("the disk is full", tag="past-incident")) == 4
    assert found("the disk is full", readers=frozenset({"user"}))[0] == "disk"
    of_one = index.search(asked_of("disk", scope=PAGES), limit=5)
    assert (of_one.passages, of_one.holding["disk"]) == (2, 1)


def test_a_page_that_is_there_twice_is_shown_once_with_its_other_place(index: Index) -> None:
    put(index, {"a/disk": DISK, "b/disk": DISK})
    [hit] = search(index, "disk full", k=5)
    assert (hit.passage.doc, hit.also_in) == ("a/disk", ("b/disk",))


def test_readers_see_the_old_index_or_the_new_one_and_never_half(index: Index) -> None:
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


def test_another_process_that_writes_is_noticed(opened: Opener) -> None:
    ours, theirs = opened(), opened()
    put(ours, {"disk": DISK}, embedder=Counting())
    assert search(ours, "disk", k=3, embedder=Counting())
    put(theirs, {"keys": SECRET}, prefix=None, embedder=Counting())
    docs = [hit.passage.doc for hit in search(ours, "disk keys", k=3, embedder=Counting())]
    assert docs[0] == "keys"


def test_two_ingests_at_once_both_arrive(opened: Opener) -> None:
    indexes = [opened(), opened()]
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


def test_vectors_of_another_embedder_are_kept_until_all_are_rebuilt(index: Index) -> None:
    class Other(Counting):
        name = "other"

    put(index, {"disk": DISK}, embedder=Counting())
    report = put(index, {"keys": SECRET}, prefix=None, embedder=Other())
    assert "still those of counting" in str(report.vectors)
    into_vectors(index, Other())
    assert index.embedder == "other"
    assert search(index, "disk keys", k=1, embedder=Other())[0].nearness > 0


def test_an_embedder_that_is_away_leaves_pages_that_words_find(index: Index) -> None:
    class Away(Counting):
        def embed(self, texts: Sequence[str]) -> Vectors:
            raise UpstreamUnavailable("The embeddings endpoint does not answer.")

    assert "does not answer" in put(index, {"disk": DISK}, embedder=Away()).vectors.told("en")
    assert found(index, "disk") == ["disk"]


def test_an_entry_replaces_the_one_of_its_name(index: Index) -> None:
    for text in (DISK, MEMORY):
        index.apply([Entry(document("page", text), fingerprint=text)])
    assert found(index, "disk") == []
    assert [one.title for one in index.documents()] == ["内存不足"]


def test_a_great_change_is_one_change_too(opened: Opener) -> None:
    index, names = opened(), [f"p{n}" for n in range(2 * SMALL)]
    put(index, dict.fromkeys(names, "# One\n\nold words"), embedder=Counting())
    seen: set[frozenset[str]] = set()
    stop = threading.Event()

    def read() -> None:
        reader = opened()
        while not stop.is_set():
            seen.add(frozenset(one.title for one in reader.documents()))
            searched = search(reader, "words", k=10, embedder=Counting())
            seen.add(frozenset(one.passage.title for one in searched))

    reading = threading.Thread(target=read)
    reading.start()
    put(index, dict.fromkeys(names[1:], "# Two\n\nnew words"), embedder=Counting())
    stop.set()
    reading.join()
    assert seen <= {frozenset({"One"}), frozenset({"Two"})}
    assert len(index.fingerprints()) == index.count() == len(names) - 1
    assert not index.without_vectors()


def test_a_great_change_and_a_small_one_at_once_both_arrive(opened: Opener) -> None:
    indexes = [opened(), opened()]
    put(indexes[0], {"kept": MEMORY})
    great = {f"great/{n}": f"# Page {n}\n\n{DISK}" for n in range(2 * SMALL)}
    work = threading.Thread(target=put, args=(indexes[0], great), kwargs={"prefix": "great/"})
    work.start()
    for number in range(5):
        put(indexes[1], {f"small/{number}": DISK}, prefix=None)
    work.join()
    assert indexes[0].count() == len(great) + 6
    assert found(indexes[1], "容器内存不足") == ["kept"]


def test_every_change_has_a_version_of_its_own(index: Index) -> None:
    seen = [index.version()]
    for pages in ({"disk": DISK}, {"disk": MEMORY}, {}):
        put(index, pages)
        seen.append(index.version())
    assert len(set(seen)) == 4
    put(index, {})
    assert index.version() == seen[-1]


def test_vectors_are_not_put_to_a_page_that_has_changed_since(index: Index) -> None:
    put(index, {"disk": DISK, "memory": MEMORY, "gone": DISK}, embedder=Counting())
    made = [
        Entry(document(doc, body), mark, replaces=mark, vectors=np.ones((1, 3), np.float32) / 3**0.5,
              name_vectors=np.ones((1, 3), np.float32) / 3**0.5)
        for doc, body, mark in index.bodies()
    ]  # fmt: skip
    put(index, {"disk": SECRET, "memory": MEMORY}, embedder=Counting())
    index.revector(made, "other")
    assert index.embedder == "other"
    assert index.without_vectors() == {"disk"}
    assert sorted(index.fingerprints()) == ["disk", "memory"]
    assert found(index, "disk keys") == ["disk"]


def test_groups_among_readers_are_those_that_pages_name(index: Index) -> None:
    put(index, {"disk": DISK, "keys": SECRET, "both": "---\ngroups: [admin, 'user:ann']\n---\nx"})
    assert index.groups_among({"admin", "user:ann", "user", "*"}) == {"admin", "user:ann"}
    assert index.groups_among({"user"}) == frozenset()


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), max_size=3))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_group_is_called_it_lets_in_its_own_alone(
    index: Index, names: list[str]
) -> None:
    groups = [one.strip() for one in names if one.strip()]
    front = yaml.safe_dump({"groups": groups or ["none"], "tags": groups}, allow_unicode=True)
    put(index, {"page": f"---\n{front}---\n# Disk\n\ndisk"})
    [told] = [one.about.groups for one in index.documents()]
    for readers in (*told, "*", "all", "", "a|b", "-"):
        scope = Scope(readers=frozenset({readers}))
        assert (index.count(scope) == 1) == (readers in told)
        assert (found(index, "disk", scope) == ["page"]) == (readers in told)
    assert all(index.count(Scope(tag=one)) for one in index.documents()[0].about.tags)


@pytest.mark.parametrize(
    "question", ["a.b-c d'e f_g", "@w_text:{x} | -y ~z", "*", "(", "为什么 \\ %", "x" * 500]
)
def test_no_question_breaks_an_index(index: Index, question: str) -> None:
    put(
        index, {"disk": DISK, "names": "# a.b-c\n\nd'e f_g node.left_cordoned"}, embedder=Counting()
    )
    search(index, question, k=5, embedder=Counting())
    assert found(index, "what is node.left_cordoned")[0] == "names"


def test_many_writers_on_an_empty_base_take_nothing_from_each_other(opened: Opener) -> None:
    indexes = [opened() for _ in range(6)]
    work = [
        threading.Thread(target=put, args=(one, {f"{n}/{i}": DISK for i in range(4)}),
                         kwargs={"prefix": f"{n}/"})
        for n, one in enumerate(indexes)
    ]  # fmt: skip
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert len(indexes[0].fingerprints()) == indexes[0].count() == 24
    assert len({hit.passage.doc for hit in search(indexes[1], "disk full", k=5)}) == 1
