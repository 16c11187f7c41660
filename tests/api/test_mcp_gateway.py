"""What an editor finds at `/mcp` besides tools that answer: few tools first, prompts, resources, views."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp.types import (
    INVALID_PARAMS,
    ContentBlock,
    PromptReference,
    ReadResourceResult,
    ResourceTemplateReference,
    TextContent,
)

from api.mcp_gateway.prompts import STARTERS
from api.mcp_gateway.resources import SHELVES
from api.mcp_gateway.sentences import PROMPTS, VIEWS
from api.mcp_gateway.toolsets import FIRST_TOOLS
from api.mcp_gateway.views import VIEWS_OF_TOOLS
from core.sentences import Sentences
from tests.api.conftest import Midwatch
from tests.api.doors import ANSWER_S

MOST_TOOLS = 12
MOST_TOKENS = 3_000
BYTES_A_TOKEN = 4
CHECKOUT = {"namespace": "shop", "name": "checkout"}


@asynccontextmanager
async def connected(midwatch: Midwatch, asked: str = "", token: str = "") -> AsyncGenerator[Client]:
    headers = {"Authorization": f"Bearer {token or midwatch.token}"}
    async with httpx2.AsyncClient(headers=headers, verify=False, timeout=ANSWER_S) as http:
        transport = streamable_http_client(f"{midwatch.address}/mcp{asked}", http_client=http)
        async with Client(transport) as client:
            yield client


async def tool_names(client: Client) -> set[str]:
    return {one.name for one in (await client.list_tools()).tools}


def text_of(block: ContentBlock) -> str:
    assert isinstance(block, TextContent)
    return block.text


def read_as_json(result: ReadResourceResult) -> Any:
    [content] = result.contents
    assert content.mime_type == "application/json"
    return json.loads(content.model_dump()["text"])


async def test_what_is_listed_unasked_is_small_enough_to_be_read_with_every_question(
    midwatch: Midwatch,
) -> None:
    async with connected(midwatch) as client:
        listed = await client.list_tools()
    assert {one.name for one in listed.tools} == {"ask", *FIRST_TOOLS}
    assert len(listed.tools) <= MOST_TOOLS
    read = listed.model_dump_json(by_alias=True, exclude_none=True).encode()
    assert len(read) // BYTES_A_TOKEN <= MOST_TOKENS


async def test_toolsets_add_whole_servers_and_all_is_all(midwatch: Midwatch) -> None:
    async with connected(midwatch, "?toolsets=forecast") as client:
        alone = await tool_names(client)
    async with connected(midwatch, "?toolsets=default,forecast") as client:
        both = await tool_names(client)
    async with connected(midwatch, "?toolsets=all") as client:
        every = await tool_names(client)
    assert alone == {name for name in every if name.startswith("forecast_")} != set()
    assert both == alone | FIRST_TOOLS | {"ask"}
    assert every > both


async def test_an_unknown_toolset_is_refused_with_those_that_are_known(midwatch: Midwatch) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with midwatch.client() as http:
        refused = await http.post("/mcp?toolsets=default,coffee", json=ping)
    assert refused.status_code == 422
    assert "coffee" in refused.json()["detail"]
    assert "forecast" in refused.json()["detail"]


async def test_a_tool_that_is_not_listed_may_be_called_by_who_may_use_it(
    midwatch: Midwatch,
) -> None:
    async with connected(midwatch) as client:
        called = await client.call_tool("kubernetes_list_nodes", {})
    assert not called.is_error
    guest = await midwatch.token_of("guest-of-toolsets", "guest")
    async with connected(midwatch, "?toolsets=all", guest) as client:
        refused = await client.call_tool("kubernetes_get_logs", CHECKOUT)
        assert "kubernetes_get_logs" not in await tool_names(client)
    assert refused.is_error


async def test_prompts_come_filled_in_either_language(midwatch: Midwatch) -> None:
    async with connected(midwatch) as client:
        listed = (await client.list_prompts()).prompts
        given = {"workload": "checkout", "namespace": "shop"}
        english = await client.get_prompt("rca", given)
        chinese = await client.get_prompt("rca", {**given, "language": "zh"})
    assert [one.name for one in listed] == [one.name for one in STARTERS]
    assert all(one.title and one.description for one in listed)
    told = text_of(english.messages[0].content)
    assert "why checkout fails. It is in the namespace shop. Call rca_investigate" in told
    assert "checkout 为什么出错。它在命名空间 shop 中。" in text_of(chinese.messages[0].content)


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("rca", {}, "needs workload"),
        ("rca", {"workload": "x", "colour": "red"}, "takes no 'colour'"),
        ("rca", {"workload": "x" * 301}, "too long"),
        ("cost_review", {"language": "fr"}, "not written in 'fr'"),
        ("coffee", {}, "no prompt 'coffee'"),
    ],
)
async def test_a_prompt_that_cannot_be_filled_says_what_to_give(
    midwatch: Midwatch, name: str, given: dict[str, str], why: str
) -> None:
    async with connected(midwatch) as client:
        with pytest.raises(MCPError, match=why) as refused:
            await client.get_prompt(name, given)
    assert refused.value.code == INVALID_PARAMS


async def test_incidents_runbooks_and_budgets_are_read_by_the_addresses_that_lists_give(
    midwatch: Midwatch,
) -> None:
    budget = {"name": "mcp.budget", "amount": "5", "namespace": "shop"}
    async with midwatch.client() as http:
        added = await http.post("/api/v1/budgets", json=budget)
    assert added.status_code == 201, added.text
    async with connected(midwatch) as client:
        await client.call_tool("rca_investigate", CHECKOUT)
        listed = {one.name: one.uri for one in (await client.list_resources()).resources}
        templates = (await client.list_resource_templates()).resource_templates
        for shelf in SHELVES:
            page = read_as_json(await client.read_resource(listed[shelf.name]))
            assert page["rows"], shelf.name
            one = await client.read_resource(page["rows"][0]["uri"])
            assert one.contents[0].mime_type == shelf.mime_type
        budgets = read_as_json(await client.read_resource("midwatch://budgets"))["rows"]
        [address] = [row["uri"] for row in budgets if row["name"] == budget["name"]]
        assert (
            read_as_json(await client.read_resource(address))["rows"][0]["name"] == budget["name"]
        )
    assert {one.uri_template for one in templates} == {
        "midwatch://incidents/{id}", "midwatch://runbooks/{+doc}", "midwatch://budgets/{name}",
    }  # fmt: skip
    async with midwatch.client() as http:  # others count the budgets there are
        gone = await http.delete(f"/api/v1/budgets/{budget['name']}")
    assert gone.status_code in (200, 204), gone.text


async def test_a_long_list_of_runbooks_goes_on_at_the_address_it_names(midwatch: Midwatch) -> None:
    async with connected(midwatch) as client:
        first = read_as_json(await client.read_resource("midwatch://runbooks"))
        second = read_as_json(await client.read_resource(first["next"]))
    shown = [row["doc"] for row in [*first["rows"], *second["rows"]]]
    assert len(set(shown)) == len(shown) > len(first["rows"])


@pytest.mark.parametrize(
    "uri",
    [
        "midwatch://runbooks/../../etc/passwd", "midwatch://runbooks/%2e%2e%2fcore%2fsettings",
        "midwatch://incidents/inc-nope", "midwatch://secrets", "file:///etc/passwd",
        "ui://midwatch/../server.py", "ui://midwatch/frame.html", "https://example.com/",
    ],
)  # fmt: skip
async def test_an_address_that_is_none_of_ours_is_refused_in_a_sentence(
    midwatch: Midwatch, uri: str
) -> None:
    async with connected(midwatch) as client:
        with pytest.raises(MCPError, match="There is no") as refused:
            await client.read_resource(uri)
    assert refused.value.code == INVALID_PARAMS


async def test_who_may_not_read_something_is_neither_offered_nor_given_it(
    midwatch: Midwatch,
) -> None:
    _, token = await midwatch.opened.sign_in.make_api_token(
        "admin", label="alerts alone", scopes=frozenset({"alerts:read"})
    )
    async with connected(midwatch, token=token) as client:
        assert [one.name for one in (await client.list_prompts()).prompts] == ["alert_tuning"]
        assert (await client.list_resources()).resources == []
        assert (await client.list_resource_templates()).resource_templates == []
        with pytest.raises(MCPError, match="knowledge:read"):
            await client.read_resource("midwatch://runbooks")
        with pytest.raises(MCPError, match="no prompt 'rca'"):
            await client.get_prompt("rca", {"workload": "checkout"})


async def test_tools_with_a_view_name_it_and_it_is_one_page_without_foreign_addresses(
    midwatch: Midwatch,
) -> None:
    async with connected(midwatch, "?toolsets=all") as client:
        assert EXTENSION_ID in (client.server_capabilities.extensions or {})
        listed = {one.name: one for one in (await client.list_tools()).tools}
        pages = {
            name: (await client.read_resource((listed[name].meta or {})["ui"]["resourceUri"]))
            for name in VIEWS_OF_TOOLS
        }
    for name, result in pages.items():
        [page] = result.contents
        assert page.mime_type == APP_MIME_TYPE, name
        text = page.model_dump()["text"]
        assert "<!doctype html>" in text
        assert "/*" not in text
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text
        assert len(text) < 40_000


async def test_a_tool_with_a_view_answers_in_text_too(midwatch: Midwatch) -> None:
    async with connected(midwatch) as client:
        answer = await client.call_tool("rca_investigate", CHECKOUT)
    assert "256Mi" in text_of(answer.content[0])
    assert answer.structured_content
    assert answer.structured_content["root_causes"]


@pytest.mark.parametrize("words", [PROMPTS, VIEWS], ids=["prompts", "views"])
def test_prompts_and_views_have_the_same_words_in_both_languages(words: Sentences) -> None:
    english, chinese = words.keys("en"), words.keys("zh")
    assert english.keys() == chinese.keys()
    for key, entry in english.items():
        assert entry["message"] != chinese[key]["message"], key


async def offered(client: Client, ref: Any, argument: str, begun: str, **others: str) -> list[str]:
    told = {"name": argument, "value": begun}
    found = await client.complete(ref, told, others or None)
    return found.completion.values


async def test_arguments_of_prompts_are_completed_with_what_the_caller_sees(
    midwatch: Midwatch,
) -> None:
    rca, review = PromptReference(name="rca"), PromptReference(name="cost_review")
    async with connected(midwatch) as client:
        assert client.server_capabilities.completions is not None
        assert await offered(client, rca, "namespace", "sh") == ["shop"]
        assert await offered(client, rca, "workload", "check", namespace="shop") == ["checkout"]
        assert await offered(client, rca, "workload", "check", namespace="data") == []
        assert await offered(client, rca, "language", "") == ["en", "zh"]
        assert await offered(client, review, "window", "p7") == ["P7D"]
        assert await offered(client, rca, "symptom", "it") == []
        with pytest.raises(MCPError) as unknown:
            await offered(client, PromptReference(name="coffee"), "namespace", "")
        assert unknown.value.error.code == INVALID_PARAMS
    bounded = frozenset({"data"})
    await midwatch.opened.sign_in.add_user("dee", role="user", namespaces=bounded)
    token = (await midwatch.opened.sign_in.make_api_token("dee", label="t"))[1]
    async with connected(midwatch, token=token) as client:
        assert await offered(client, rca, "namespace", "") == ["data"]
        assert await offered(client, rca, "workload", "checkout") == []


async def test_addresses_of_resources_are_completed(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        budget = {"name": "completed", "amount": "5", "namespace": "shop"}
        assert (await http.post("/api/v1/budgets", json=budget)).status_code == 201
        async with connected(midwatch) as client:
            templates = (await client.list_resource_templates()).resource_templates
            refs = {one.name: ResourceTemplateReference(uri=one.uri_template) for one in templates}
            assert await offered(client, refs["budgets_one"], "name", "compl") == ["completed"]
            runbooks = await offered(client, refs["runbooks_one"], "doc", "")
            assert runbooks
            with pytest.raises(MCPError):
                await offered(client, ResourceTemplateReference(uri="midwatch://x/{id}"), "id", "")
        await http.delete("/api/v1/budgets/completed")


async def test_a_subscriber_is_told_when_what_it_may_read_has_changed(midwatch: Midwatch) -> None:
    budget = {"name": "listened", "amount": "5", "namespace": "shop"}
    async with midwatch.client() as http, connected(midwatch) as client:
        assert (await http.post("/api/v1/budgets", json=budget)).status_code == 201
        at = "midwatch://budgets/listened"
        async with client.listen(resource_subscriptions=[at]) as told:
            await http.patch("/api/v1/budgets/listened", json={"owner": "sue"})
            async with asyncio.timeout(ANSWER_S):
                event = await anext(aiter(told))
        assert event == ResourceUpdated(uri=at)
        read = read_as_json(await client.read_resource(at))
        assert read["rows"][0]["owner"] == "sue"
        await http.delete("/api/v1/budgets/listened")


async def test_nobody_listens_to_what_they_may_not_read_nor_to_everything(
    midwatch: Midwatch,
) -> None:
    token = await midwatch.token_of("lia", role="guest")
    many = [f"midwatch://runbooks/{n}" for n in range(21)]
    for addresses, whose in (
        (["midwatch://incidents/inc-nowhere"], midwatch.token),
        (["midwatch://budgets"], token),
        (many, midwatch.token),
    ):
        async with connected(midwatch, token=whose) as client:
            with pytest.raises(MCPError):
                async with client.listen(resource_subscriptions=addresses):
                    raise AssertionError(addresses)
