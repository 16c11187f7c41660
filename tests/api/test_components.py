"""What is told of the systems behind: Redis, models and the rest, each asked over its own wire."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.cli.identity import OPERATOR
from api.routes.components import components
from api.routes.model_probe import Models
from core.settings.models import ModelSettings
from mcp_servers.client import Sessions
from tests.agent.real_stores import redis_serving
from tests.api.conftest import Midwatch, Server, offline
from tests.ports import free_port

AWAY = "http://127.0.0.1:9"
Component = dict[str, Any]


@dataclass
class Lists:
    """What a provider's list of models answers, and what it was asked."""

    answer: Response
    address: str = ""
    asked: list[Request] = field(default_factory=list[Request])


@pytest.fixture
async def lists() -> AsyncIterator[Lists]:
    told = Lists(JSONResponse({"data": [{"id": "qwen3"}, {"id": "claude"}]}))

    async def listed(request: Request) -> Response:
        told.asked.append(request)
        return told.answer

    routes = [Route("/v1/models", listed), Route("/v1/v1/models", listed)]
    config = uvicorn.Config(Starlette(routes=routes), lifespan="off", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        told.address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        yield told
        server.should_exit = True
        await task


async def asked(language: str = "en", **llm: Any) -> Component:
    [first, *_] = await Models(ModelSettings(**llm)).asked(language)
    return first


@pytest.mark.parametrize(
    ("provider", "model", "header", "key"),
    [
        ("openai", "qwen3", "authorization", "Bearer a-key"),
        ("anthropic", "claude", "x-api-key", "a-key"),
    ],
)
async def test_a_model_is_listed_by_its_provider_with_how_long_that_took(
    lists: Lists, provider: Any, model: str, header: str, key: str
) -> None:
    told = await asked(provider=provider, model=model, base_url=lists.address, api_key="a-key")
    assert (told["name"], told["status"]) == ("model", "ok")
    assert told["detail"] == f"{model} at 127.0.0.1 answers"
    assert told["response_ms"] >= 0
    assert lists.asked[0].headers[header] == key


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (JSONResponse({"error": "no"}, 401), "failed", "refuses the key (HTTP 401): look at MIDWATCH_LLM__API_KEY"),
        (JSONResponse({}, 503), "failed", "answers with HTTP 503"),
        (JSONResponse({}, 404), "ok", "lists no models"),
        (Response("hello"), "ok", "lists no models"),
        (JSONResponse(["a"]), "ok", "lists no models"),
        (JSONResponse({"data": [{"id": "another"}]}), "ok", "does not list qwen3"),
    ],
)  # fmt: skip
async def test_what_a_provider_says_instead_is_told(
    lists: Lists, answer: Response, status: str, words: str
) -> None:
    lists.answer = answer
    told = await asked(provider="openai", model="qwen3", base_url=lists.address, api_key="a-key")
    assert (told["status"], words in told["detail"]) == (status, True), told
    assert "a-key" not in told["detail"]


async def test_a_model_that_is_away_is_told_in_the_language_of_the_reader() -> None:
    told = await asked("zh", provider="openai", model="qwen3", base_url=f"{AWAY}/v1")
    assert told["status"] == "failed"
    assert "没有应答" in told["detail"]
    assert (await asked())["detail"] == "offline: rules, no model is used"


async def test_each_named_model_is_told_and_nobody_is_asked_again_at_once(lists: Lists) -> None:
    more = {"local": {"model": "qwen3", "base_url": lists.address}}
    models = Models(ModelSettings.model_validate({"more": more, "fallbacks": ["local"]}))
    told = [await models.asked(language) for language in ("en", "zh")]
    assert [[one["name"] for one in each] for each in told] == [["model", "model local"]] * 2
    assert [each[1]["detail"] for each in told][1] == "127.0.0.1 上的 qwen3 有应答"
    assert len(lists.asked) == 1


async def told_of(name: str, settings: Any) -> Component:
    every = await components(settings, Sessions({}), OPERATOR, models=Models(settings.llm))
    return next(one for one in every if one["name"] == name)


@pytest.mark.live
async def test_a_redis_says_what_is_kept_there_and_how_fast_it_answers(tmp_path: Path) -> None:
    with redis_serving(tmp_path) as url:
        kept = offline(tmp_path, redis={"url": url}, memory={"store": "redis"})
        told = await told_of("redis", kept)
        unused = await told_of("redis", offline(tmp_path, redis={"url": url}))
    port = url.split(":")[-1].partition("/")[0]
    assert (told["status"], told["detail"]) == ("ok", f"127.0.0.1:{port}: memory of conversations")
    assert told["response_ms"] >= 0
    assert unused["detail"].endswith("nothing is kept there")


async def test_a_redis_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    url = f"redis://:hunter2-hunter2@127.0.0.1:{free_port()}/0"
    told = await told_of("redis", offline(tmp_path, redis={"url": url}))
    assert told["status"] == "failed"
    assert "hunter2" not in told["detail"]
    assert "(nothing is kept there)" in told["detail"]
    used = offline(tmp_path, redis={"url": url}, knowledge={"index": "redis"})
    assert "(knowledge base)" in (await told_of("redis", used))["detail"]
    off = await told_of("redis", offline(tmp_path))
    assert (off["status"], off["detail"]) == ("off", "MIDWATCH_REDIS__URL is not set")


async def test_looking_at_a_database_makes_none(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    told = await told_of("database", offline(folder))
    assert (told["status"], told["detail"]) == (
        "ok", "SQLite, not made yet: midwatch up makes it",
    )  # fmt: skip
    assert not folder.exists()


async def test_components_are_told_in_the_language_of_the_page(midwatch: Midwatch) -> None:
    async with midwatch.client(**{"Accept-Language": "zh-CN"}) as http:
        items = (await http.get("/api/v1/health/components")).json()["items"]
    told = {one["name"]: one["detail"] for one in items}
    assert told["model"] == "离线：按规则作答，不用模型"
    assert "篇文档" in told["knowledge base"]
