"""Another embedder takes over while people ask, and nobody sees half of it."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp_servers.client import KnowledgePlace, Sessions, Tools
from tests.knowledge.test_embedder import endpoint
from tests.servers.test_knowledge import ANN, encoded, knowing

PATIENCE_S = 60.0


def lengths(body: dict[str, Any]) -> tuple[int, Any]:
    rows = [{"index": n, "embedding": [len(one), 1.0]} for n, one in enumerate(body["input"])]
    return 200, {"data": rows}


async def stats_when(sessions: Sessions, embedder: str) -> dict[str, Any]:
    """What is told of the base as soon as its vectors are those of an embedder."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        told = (await Tools(sessions, ANN).call("knowledge_stats")).data
        if told["embedder"] == embedder:
            return told
    raise AssertionError(told)


def held_until(let_go: threading.Event) -> Callable[[dict[str, Any]], tuple[int, Any]]:
    """An endpoint that answers nobody before it is let go."""

    def held_up(body: dict[str, Any]) -> tuple[int, Any]:
        let_go.wait(PATIENCE_S)
        return lengths(body)

    return held_up


async def test_the_old_vectors_serve_until_the_new_ones_are_all_there(tmp_path: Path) -> None:
    let_go = threading.Event()
    async with knowing(KnowledgePlace(folder=tmp_path)) as sessions:
        await Tools(sessions, ANN).call("knowledge_search", query="container OOMKilled")
    heard: list[dict[str, Any]] = []
    with endpoint(held_until(let_go), heard) as url:
        place = KnowledgePlace(
            folder=tmp_path, embedder="openai:m", embedder_url=url, keeps_up=True
        )
        async with knowing(place) as sessions:
            answer = await Tools(sessions, ANN).call("knowledge_search", query="disks fill up")
            assert (answer.data["missing"], answer.data["relevant"]) == ("", True)
            told = (await Tools(sessions, ANN).call("knowledge_stats")).data
            assert told["embedder"] == "use-multilingual-512"
            let_go.set()
            await stats_when(sessions, f"m@{url}")
            after = await Tools(sessions, ANN).call("knowledge_search", query="disks fill up")
            assert after.data["missing"] == ""
            assert heard[-1]["input"] == ["disks fill up"]
            told = (await Tools(sessions, ANN).call("knowledge_stats")).data
            assert told["kept_vectors"] > 1_000


async def test_pages_are_taken_in_while_vectors_are_made_anew_and_no_text_is_sent_twice(
    tmp_path: Path,
) -> None:
    let_go = threading.Event()
    async with knowing(KnowledgePlace(folder=tmp_path)) as sessions:
        await Tools(sessions, ANN).call("knowledge_search", query="container OOMKilled")
    heard: list[dict[str, Any]] = []
    with endpoint(held_until(let_go), heard) as url:
        place = KnowledgePlace(
            folder=tmp_path, embedder="openai:m", embedder_url=url, keeps_up=True
        )
        async with knowing(place) as sessions:
            tools = Tools(sessions, ANN)
            refreshing = asyncio.create_task(tools.call("knowledge_refresh"))
            page = {"name": "walrus.md", "content_base64": encoded("# Walrus\n\nFeed it.")}
            added = await tools.call("knowledge_add_document", **page)
            assert (added.data["added"], refreshing.done()) == (1, False)
            let_go.set()
            refreshed = await refreshing
            assert refreshed.data["without_vectors"] == ""
            await stats_when(sessions, f"m@{url}")
    sent = Counter(text for one in heard for text in one["input"])
    assert len(sent) > 1_000
    assert [text for text, times in sent.items() if times > 1] == []


async def test_a_question_that_was_asked_before_is_not_sent_again(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    with endpoint(lengths, heard) as url:
        place = KnowledgePlace(
            folder=tmp_path, shipped=False, embedder="ollama:m", embedder_url=url
        )
        async with knowing(place) as sessions:
            tools = Tools(sessions, ANN)
            page = {"name": "walrus.md", "content_base64": encoded("# Walrus\n\nFeed it.")}
            await tools.call("knowledge_add_document", **page)
            heard.clear()
            for _ in range(3):
                await tools.call("knowledge_search", query="walrus")
    assert [one["input"] for one in heard] == [["walrus"]]


async def test_a_key_is_sent_to_the_address_alone_that_it_is_for(tmp_path: Path) -> None:
    old: list[dict[str, Any]] = []
    page = {"name": "walrus.md", "content_base64": encoded("# Walrus\n\nFeed it.")}
    with endpoint(lengths, old) as url, endpoint(lambda _: (503, {}), []) as other:
        first = KnowledgePlace(tmp_path, shipped=False, embedder="openai:m", embedder_url=url)
        async with knowing(first) as sessions:
            await Tools(sessions, ANN).call("knowledge_add_document", **page)
        second = KnowledgePlace(
            tmp_path, shipped=False, embedder="openai:m", embedder_url=other, embedder_key="secret"
        )
        async with knowing(second) as sessions:
            answer = await Tools(sessions, ANN).call("knowledge_search", query="feeding")
            refreshed = await Tools(sessions, ANN).call("knowledge_refresh")
    assert answer.data["missing"] == ""
    assert [one["auth"] for one in old] == [None] * len(old)
    assert "status 503" in refreshed.data["without_vectors"]
