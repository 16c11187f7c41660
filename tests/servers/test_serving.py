"""A server by itself: over HTTP the token alone says who calls; over stdio its owner does."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from core.errors import Forbidden, NotFound, OpsError, UpstreamUnavailable
from core.http import client as http_client
from core.principal import Principal
from mcp_servers.access import Gate
from mcp_servers.client import Connections, Tools, in_process, over_http
from mcp_servers.serve import app, over_stdio
from tests.servers.conftest import ANN, BOB, SHOPKEEPER
from tests.servers.toys import Written, toys

TOKENS = {"token-of-ann": ANN, "token-of-bob": BOB, "token-of-sue": SHOPKEEPER}


async def verify(token: str) -> Principal | None:
    return TOKENS.get(token)


@asynccontextmanager
async def served(written: Written | None = None) -> AsyncGenerator[str]:
    """The toy server on a free port, with its own check of tokens."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    server: MCPServer[None] = toys(Gate.over_http(verify, url=url, audit=written))
    running = uvicorn.Server(uvicorn.Config(app(server, url), log_config=None))
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: running.serve(sockets=[listener]))
        with anyio.fail_after(5):
            while not running.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await anyio.sleep(0.01)
        yield url
        running.should_exit = True


async def test_the_token_decides_what_is_listed_and_allowed() -> None:
    async with served() as url, over_http(url, "token-of-bob") as sessions:
        # What the door believes to be Ann is still Bob, because the token is Bob's.
        tools = Tools(sessions, ANN)
        assert sessions.built == {"toy"}
        assert "toy_drop" not in {spec.name for spec in await tools.list()}
        assert (await tools.call("toy_whoami")).data["text"] == "bob"
        with pytest.raises(Forbidden):
            await tools.call("toy_drop", name="x")


async def test_callers_over_http_stay_apart() -> None:
    async with served() as url:
        for token, person in TOKENS.items():
            async with over_http(url, token) as sessions:
                assert (await Tools(sessions, ANN).call("toy_whoami")).data[
                    "text"
                ] == person.subject


async def test_namespaces_are_guarded_by_the_token(written: Written) -> None:
    async with served(written) as url, over_http(url, "token-of-sue") as sessions:
        with pytest.raises(Forbidden, match="may not see namespace payments"):
            await Tools(sessions, ANN).call("toy_echo", text="a", namespace="payments")
    assert [line["subject"] for line in written.lines] == ["sue"]


async def test_errors_cross_http_unchanged() -> None:
    async with served() as url, over_http(url, "token-of-ann") as sessions:
        with pytest.raises(NotFound, match="Did you mean toy_echo"):
            await Tools(sessions, ANN).call("toy_eco")


async def test_an_error_leaves_open_sessions_as_it_was_raised() -> None:
    async with served() as url:
        with pytest.raises(NotFound):
            async with over_http(url, "token-of-ann") as sessions:
                await Tools(sessions, ANN).call("toy_eco")
    with pytest.raises(UpstreamUnavailable):
        async with in_process(Connections()) as sessions:
            await Tools(sessions, ANN).call("prometheus_query", query="up")


async def test_a_stranger_is_not_let_in() -> None:
    async with served() as url:
        with pytest.raises(OpsError, match="does not accept this token") as caught:
            async with over_http(url, "made up"):
                pass
        assert caught.value.code == "unauthenticated"
        async with http_client(url) as http:
            answer = await http.post(url, json={})
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]


async def test_another_host_name_is_not_answered() -> None:
    async with served() as url, http_client(url) as http:
        headers = {"Host": "evil.example", "Authorization": "Bearer token-of-ann"}
        assert (await http.post(url, json={}, headers=headers)).status_code == 421


async def test_a_server_that_is_away_is_said_so() -> None:
    with pytest.raises(UpstreamUnavailable, match=r"127\.0\.0\.1:1 does not answer"):
        async with over_http("http://127.0.0.1:1/mcp", "any"):
            pass


async def test_an_unknown_server_names_the_known() -> None:
    with pytest.raises(NotFound, match=r"There is no server 'kubernets'\. Did you mean kubernetes"):
        await over_stdio("kubernets", Connections(), ANN)
