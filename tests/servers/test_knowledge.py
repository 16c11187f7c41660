"""knowledge over the wire: hits that can be cited, in the language of the question."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import Forbidden, Invalid, NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from mcp_servers.client import Connections, KnowledgePlace, Sessions, Tools, in_process
from sandbox.server import Addresses

ANN = Principal("ann", permissions=frozenset(Permission))
BOB = Principal("bob", permissions=frozenset({Permission.CLUSTER_READ}))


async def test_a_question_finds_passages_that_can_be_cited(sessions: Sessions) -> None:
    answer = await Tools(sessions, ANN).call("knowledge_search", query="container OOMKilled", k=2)
    first = answer.data["hits"][0]
    assert len(answer.data["hits"]) == 2
    assert first["doc"] == "runbooks/oom-killed.en.md"
    assert (first["id"], first["source"]) == ("e1", "document")
    assert first["ref"].startswith(first["doc"])
    assert answer.text.startswith(f"[e1] {first['text']}")
    assert answer.data["documents"] >= 16


async def test_a_chinese_question_is_answered_from_the_chinese_page(sessions: Sessions) -> None:
    answer = await Tools(sessions, ANN).call("knowledge_search", query="镜像拉取失败怎么办")
    assert answer.data["hits"][0]["doc"] == "runbooks/image-pull.zh.md"


async def test_an_empty_answer_says_what_was_examined(sessions: Sessions) -> None:
    answer = await Tools(sessions, ANN).call("knowledge_search", query="football championship")
    assert answer.data["relevant"] is False
    assert answer.data["documents"] >= 120
    assert answer.text.startswith("Nothing in the knowledge base is about this.")


async def test_the_answer_stays_small(sessions: Sessions) -> None:
    answer = await Tools(sessions, ANN).call("knowledge_search", query="pod node memory image")
    assert len(answer.text) <= 4 * 1_200


async def test_without_the_right_the_tool_is_not_there(sessions: Sessions) -> None:
    with pytest.raises((Forbidden, NotFound)):
        await Tools(sessions, BOB).call("knowledge_search", query="x")
    assert await Tools(sessions, BOB).list("knowledge") == []


async def test_an_empty_question_is_refused(sessions: Sessions) -> None:
    with pytest.raises(Invalid):
        await Tools(sessions, ANN).call("knowledge_search", query="")


async def test_an_index_that_cannot_be_opened_is_told(shop: Addresses, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    reach = Connections(
        kubeconfig=shop.kubeconfig, knowledge=KnowledgePlace(folder=tmp_path / "file")
    )
    async with in_process(reach) as sessions:
        with pytest.raises(UpstreamUnavailable, match="Cannot open the knowledge index"):
            await Tools(sessions, ANN).call("knowledge_search", query="x")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@asynccontextmanager
async def knowing(place: KnowledgePlace) -> AsyncGenerator[Sessions]:
    async with in_process(
        Connections(clusterless=True, knowledge=place), only=["knowledge"]
    ) as sessions:
        yield sessions


async def test_a_rule_leads_to_its_page(sessions: Sessions) -> None:
    answer = await Tools(sessions, ANN).call(
        "knowledge_search", query="what to do", rule="pod.oom_killed", language="en"
    )
    assert {hit["doc"] for hit in answer.data["hits"]} == {"runbooks/oom-killed.en.md"}
    assert answer.data["hits"][0]["rules"] == ["pod.oom_killed"]


async def test_pages_are_added_found_before_shipped_ones_read_and_deleted() -> None:
    page = (
        "---\nowner: web team\n---\n# Our OOM procedure\n\nContainer OOMKilled: page the web team."
    )
    async with knowing(KnowledgePlace()) as sessions:
        tools = Tools(sessions, ANN)
        arguments = {"name": "web/oom.md", "content_base64": encoded(page)}
        assert (await tools.call("knowledge_add_document", **arguments)).data["added"] == 1
        again = await tools.call("knowledge_add_document", **arguments)
        assert again.data["unchanged"] == 1
        found = await tools.call("knowledge_search", query="our OOMKilled procedure")
        assert found.data["hits"][0]["owner"] == "web team"
        whole = await tools.call("knowledge_get_document", doc="web/oom.md")
        assert whole.data["text"] == page
        await tools.call("knowledge_delete_document", doc="web/oom.md")
        with pytest.raises(NotFound):
            await tools.call("knowledge_get_document", doc="web/oom.md")


async def test_access_groups_hold_for_search_list_and_reading() -> None:
    page = "---\ngroups: [manager]\n---\n# Zebra\n\nzebra zebra"
    user = Principal("eve", frozenset({"user"}), frozenset({Permission.KNOWLEDGE_READ}))
    chief = Principal("max", frozenset({"manager"}), frozenset({Permission.KNOWLEDGE_READ}))
    async with knowing(KnowledgePlace(shipped=False)) as sessions:
        arguments = {"name": "z.md", "content_base64": encoded(page)}
        await Tools(sessions, ANN).call("knowledge_add_document", **arguments)
        mine, theirs = Tools(sessions, user), Tools(sessions, chief)
        assert (await mine.call("knowledge_search", query="zebra")).data["hits"] == []
        assert (await mine.call("knowledge_list_documents")).data["total"] == 0
        with pytest.raises(NotFound):
            await mine.call("knowledge_get_document", doc="z.md")
        assert (await theirs.call("knowledge_search", query="zebra")).data["hits"]
        with pytest.raises((Forbidden, NotFound)):
            await theirs.call("knowledge_add_document", **arguments)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("../x.md", Invalid),
        ("/etc/x.md", Invalid),
        ("runbooks/x.md", Forbidden),
        ("x.exe", Invalid),
    ],
)
async def test_names_that_cannot_be_taken_are_refused(name: str, error: type[Exception]) -> None:
    async with knowing(KnowledgePlace(shipped=False)) as sessions:
        with pytest.raises(error):
            await Tools(sessions, ANN).call(
                "knowledge_add_document", name=name, content_base64=encoded("x")
            )


async def test_a_folder_is_kept_in_step_and_a_bad_page_is_listed(tmp_path: Path) -> None:
    folder, index = tmp_path / "runbooks", tmp_path / "index"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\n\nwalrus")
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00")
    place = KnowledgePlace(folder=index, sources=(folder,), shipped=False)
    async with knowing(place) as sessions:
        [report] = (await Tools(sessions, ANN).call("knowledge_refresh")).data["sources"]
    assert (report["added"], report["skipped"][0]["doc"]) == (1, f"{tmp_path.name}-runbooks/bad.md")
    (folder / "good.md").unlink()
    async with knowing(KnowledgePlace(folder=index, shipped=False)) as sessions:
        [report] = (await Tools(sessions, ANN).call("knowledge_refresh")).data["sources"]
        assert report["removed"] == 1
        assert (await Tools(sessions, ANN).call("knowledge_stats")).data["documents"] == 0


async def test_an_embedder_that_is_away_is_told_and_words_still_find() -> None:
    place = KnowledgePlace(embedder="openai:small", embedder_url="http://127.0.0.1:9/v1")
    async with knowing(place) as sessions:
        answer = await Tools(sessions, ANN).call("knowledge_search", query="container OOMKilled")
    assert answer.data["hits"][0]["doc"] == "runbooks/oom-killed.en.md"
    assert "embeddings endpoint" in answer.data["missing"]
