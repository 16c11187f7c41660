"""A conversation leaves as a file: to read, or with everything that is kept of it."""

from typing import Any

import pytest

from core.http import Client
from tests.api.conftest import Midwatch, Stage


async def asked(http: Client, *questions: str) -> str:
    """The conversation in which these were asked one after the other."""
    thread: dict[str, Any] = {}
    for question in questions:
        answer = await http.post(
            "/api/v1/query", json={"question": question, **thread}, timeout=240
        )
        thread = {"thread_id": answer.json()["thread_id"]}
    return thread["thread_id"]


@pytest.mark.parametrize(
    ("language", "heads"),
    [
        ("en", ("Exported from Midwatch on ", "Asked on ", "**Tools that were asked**")),
        ("zh", ("由 Midwatch 于 ", " 提问", "**Tools that were asked**")),
    ],
)
async def test_a_conversation_is_read_in_one_document(
    midwatch: Midwatch, language: str, heads: tuple[str, ...]
) -> None:
    async with midwatch.client() as http:
        thread = await asked(http, "Why is checkout failing?", "shop 有哪些 pod？")
        found = await http.get(
            f"/api/v1/threads/{thread}/export", headers={"accept-language": language}
        )
    assert found.headers["content-type"] == "text/markdown; charset=utf-8"
    assert found.headers["content-disposition"].endswith(f'filename="midwatch-{thread}.md"')
    text = found.text
    assert text.startswith("# Why is checkout failing?\n")
    for head in heads:
        assert head in text
    assert "> Why is checkout failing?" in text
    assert "OOMKilled" in text.partition("> shop 有哪些 pod？")[0]
    assert "**来源**" in text.partition("> shop 有哪些 pod？")[2]  # an answer keeps its language
    assert "- `rca_investigate(" in text


async def test_an_export_as_json_is_what_a_reader_gets(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        thread = await asked(http, "list namespaces")
        found = (await http.get(f"/api/v1/threads/{thread}/export?format=json")).json()
        read = (await http.get(f"/api/v1/threads/{thread}")).json()
        wrong = await http.get(f"/api/v1/threads/{thread}/export?format=pdf")
    assert found == {name: read[name] for name in found}
    assert len(found["messages"]) == 2
    assert (wrong.status_code, "markdown" in wrong.text) == (422, True)


async def test_a_conversation_of_somebody_else_is_not_exported(stage: Stage) -> None:
    async with stage.client() as http:
        thread = await asked(http, "Why?")
        own = await http.get(f"/api/v1/threads/{thread}/export")
    async with stage.client(await stage.token_of("bob")) as http:
        other = await http.get(f"/api/v1/threads/{thread}/export")
        none = await http.get("/api/v1/threads/nothing/export")
    assert own.status_code == 200
    assert (other.status_code, none.status_code) == (404, 404)
