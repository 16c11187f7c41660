"""knowledge over the wire: hits that can be cited, in the language of the question."""

from pathlib import Path

import pytest

from core.errors import Forbidden, Invalid, NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from mcp_servers.client import Connections, Sessions, Tools, in_process
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
    assert answer.data["hits"] == []
    assert answer.text.startswith("None of ")


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
    reach = Connections(kubeconfig=shop.kubeconfig, knowledge_folder=tmp_path / "file")
    async with in_process(reach) as sessions:
        with pytest.raises(UpstreamUnavailable, match="Cannot open the knowledge index"):
            await Tools(sessions, ANN).call("knowledge_search", query="x")
