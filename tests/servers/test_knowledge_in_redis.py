"""The knowledge base in a Redis with search, which may be away at any moment."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from redis import Redis

from core.errors import UpstreamUnavailable
from core.principal import Permission, Principal
from mcp_servers.client import KnowledgePlace, Sessions, Tools
from tests.knowledge.searching_redis import searching_redis
from tests.ports import free_port
from tests.servers.test_knowledge import ANN, encoded, knowing

PAGE = "---\ngroups: [manager]\n---\n# Walrus\n\nFeed the walrus at noon."
EVE = Principal("eve", frozenset({"user"}), frozenset({Permission.KNOWLEDGE_READ}))


def killed(port: int, once: str = "*") -> None:
    """Kill the server on a port as soon as it has a key like this."""
    with Redis(port=port) as client:
        while not client.keys(once):
            time.sleep(0.001)
        os.kill(client.info("server")["process_id"], signal.SIGKILL)


async def found(sessions: Sessions, who: Principal, question: str) -> list[str]:
    answer = await Tools(sessions, who).call("knowledge_search", query=question)
    return [hit["doc"] for hit in answer.data["hits"]]


async def test_what_one_service_adds_another_finds_and_groups_hold(tmp_path: Path) -> None:
    with searching_redis(tmp_path) as url:
        place = KnowledgePlace(redis_url=url)
        async with knowing(place) as one, knowing(place) as other:
            arguments = {"name": "walrus.md", "content_base64": encoded(PAGE)}
            await Tools(one, ANN).call("knowledge_add_document", **arguments)
            assert (await found(other, ANN, "walrus feeding"))[0] == "walrus.md"
            assert "walrus.md" not in await found(other, EVE, "walrus feeding")
            assert (await found(other, EVE, "容器内存超限被杀怎么处理"))[0].startswith(
                "runbooks/oom-killed"
            )


async def test_without_redis_the_shipped_pages_answer_and_the_answer_says_so(
    tmp_path: Path,
) -> None:
    port = free_port()
    with searching_redis(tmp_path, port) as url:
        async with knowing(KnowledgePlace(redis_url=url)) as sessions:
            arguments = {"name": "walrus.md", "content_base64": encoded(PAGE)}
            await Tools(sessions, ANN).call("knowledge_add_document", **arguments)
            await asyncio.to_thread(killed, port)
            answer = await Tools(sessions, ANN).call(
                "knowledge_search", query="container OOMKilled"
            )
            assert answer.data["hits"][0]["doc"] == "runbooks/oom-killed.en.md"
            assert "Redis does not answer" in answer.data["left_out"]
            assert "Redis 中的知识库索引没有响应" in answer.data["left_out_in"]["zh"]
            assert "Only the pages shipped with Midwatch were searched" in answer.text
            with pytest.raises(UpstreamUnavailable, match="Redis does not answer"):
                await Tools(sessions, ANN).call("knowledge_add_document", **arguments)


async def test_the_first_question_after_redis_was_emptied_finds_the_shipped_pages(
    tmp_path: Path,
) -> None:
    with searching_redis(tmp_path) as url, Redis.from_url(url) as client:
        async with knowing(KnowledgePlace(redis_url=url)) as sessions:
            assert await found(sessions, ANN, "container OOMKilled")
            client.flushall()
            answer = await Tools(sessions, ANN).call(
                "knowledge_search", query="container OOMKilled"
            )
    assert answer.data["hits"][0]["doc"] == "runbooks/oom-killed.en.md"
    assert (answer.data["relevant"], answer.data["documents"] > 100) == (True, True)


async def test_queries_that_lose_redis_on_their_way_are_answered_from_what_is_left(
    tmp_path: Path,
) -> None:
    port = free_port()
    with searching_redis(tmp_path, port) as url:
        async with knowing(KnowledgePlace(redis_url=url)) as sessions:
            tools = Tools(sessions, ANN)
            asked = "container OOMKilled"
            await tools.call("knowledge_search", query=asked)
            under_way = [
                asyncio.create_task(tools.call("knowledge_search", query=asked)) for _ in range(20)
            ]
            await asyncio.to_thread(killed, port)
            answers = await asyncio.gather(*under_way)
            answers.append(await tools.call("knowledge_search", query=asked))
    assert {one.data["hits"][0]["doc"] for one in answers} == {"runbooks/oom-killed.en.md"}
    assert "Redis does not answer" in answers[-1].data["left_out"]


async def test_an_ingest_that_loses_redis_is_told_and_the_next_one_is_whole(
    tmp_path: Path,
) -> None:
    folder, port = tmp_path / "pages", free_port()
    folder.mkdir()
    for number in range(600):
        (folder / f"{number}.md").write_text(f"# Page {number}\n\nwalrus {number}")
    place = KnowledgePlace(
        redis_url=f"redis://127.0.0.1:{port}/0", sources=(folder,), shipped=False
    )
    with searching_redis(tmp_path, port):
        async with knowing(place) as sessions:
            tools = Tools(sessions, ANN)
            ingest = asyncio.create_task(tools.call("knowledge_refresh"))
            await asyncio.to_thread(killed, port, "*:p:*")
            with pytest.raises(UpstreamUnavailable, match="Redis does not answer"):
                await ingest
    with searching_redis(tmp_path, port):
        async with knowing(place) as sessions:
            [report] = (await Tools(sessions, ANN).call("knowledge_refresh")).data["sources"]
            assert report["added"] == 600
            assert (await found(sessions, ANN, "walrus 77"))[0] == "pages/77.md"
