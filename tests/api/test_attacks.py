"""What attackers try at a service over HTTP, over a raw connection where a client would mend it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.app import create_app, running
from api.editions import prepared
from core.http import client
from tests.api.conftest import Midwatch, Stage, offline, serving

WITHIN_S = 60
EVIL = "https://evil.example"
IMPATIENT = {"patience_s": 0.3}


async def connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


async def answer_to(address: str, request: str) -> str:
    """All that comes back for these bytes, until the service hangs up."""
    incoming, onward = await connected(address)
    onward.write(request.replace("\n", "\r\n").encode())
    told = await asyncio.wait_for(incoming.read(), WITHIN_S)
    onward.close()
    return told.decode(errors="replace")


def get(path: str, *headers: str) -> str:
    return "\n".join([f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""])


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2f..%2fetc/passwd", "//etc/passwd",
        "/vendor/../../../pyproject.toml", "/vendor/..%5c..%5cpyproject.toml", "/i18n/%00",
        "/parts/....//....//pyproject.toml", "/index.html%00.mjs", "/.%252e/pyproject.toml",
    ],
)  # fmt: skip
async def test_no_path_leads_out_of_the_pages(stage: Stage, path: str) -> None:
    told = await answer_to(stage.address, get(path))
    assert told.startswith("HTTP/1.1 404 "), told
    assert "[project]" not in told
    assert "root:" not in told


@pytest.mark.parametrize(
    "path", ["/api/v1/query", "/agui", "/mcp", "/auth/token", "/v1/models", "/langgraph/info"]
)
async def test_no_other_site_is_told_that_it_may_read_answers(stage: Stage, path: str) -> None:
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    async with stage.client() as http:
        before = await http.request("OPTIONS", path, headers=asks)
        after = await http.post(path, json={"question": "Why?"}, headers={"Origin": EVIL})
    for answer in (before, after):
        assert answer.headers.get("access-control-allow-origin") not in {"*", EVIL}
        assert "access-control-allow-credentials" not in answer.headers
    assert before.status_code >= 400


NAMED = "https://chat.example.com"


@pytest.fixture(scope="module")
async def called_from_elsewhere(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The address of a service whose settings name one origin."""
    settings = offline(tmp_path_factory.mktemp("data"), langgraph={"origins": NAMED})
    app = create_app(settings)
    async with prepared(settings) as ready, running(app, ready), serving(app) as address:
        yield address


@pytest.mark.parametrize(
    "origin",
    [
        EVIL, "null", "*", f"{NAMED}.evil.example", f"{NAMED}:8443", "http://chat.example.com",
        "https://evil.example/https://chat.example.com", "https://chat.example.com@evil.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/langgraph/info", "/langgraph/threads"])
async def test_origins_like_the_one_that_is_named_may_read_nothing(
    called_from_elsewhere: str, path: str, origin: str
) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    async with client(called_from_elsewhere) as http:
        before = await http.request("OPTIONS", path, headers=asks)
        after = await http.get(path, headers={"Origin": origin})
    assert before.status_code == 400
    for answer in (before, after):
        assert "access-control-allow-origin" not in answer.headers


async def test_the_named_origin_reads_langgraph_without_cookies_and_no_other_door(
    called_from_elsewhere: str,
) -> None:
    asks = {"Origin": NAMED, "Access-Control-Request-Method": "POST"}
    wants = {**asks, "Access-Control-Request-Headers": "x-api-key,content-type"}
    async with client(called_from_elsewhere) as http:
        before = await http.request("OPTIONS", "/langgraph/threads", headers=wants)
        refused = await http.post("/langgraph/threads", json={}, headers={"Origin": NAMED})
        cookie = {**wants, "Access-Control-Request-Headers": "cookie"}
        with_cookie = await http.request("OPTIONS", "/langgraph/threads", headers=cookie)
        paths = ("/api/v1/threads", "/agui", "/mcp", "/langgraph/../api/v1/threads", "/langgraphs")
        others = [await http.request("OPTIONS", path, headers=wants) for path in paths]
    assert (before.status_code, refused.status_code) == (200, 401)
    for answer in (before, refused):
        assert answer.headers["access-control-allow-origin"] == NAMED
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers["vary"]
    assert "Content-Location" in refused.headers["access-control-expose-headers"]
    assert with_cookie.status_code == 400
    assert not [one for one in others if "access-control-allow-origin" in one.headers]


async def test_a_foreign_host_is_never_repeated(stage: Stage) -> None:
    for path in ("/", "/api/v1/threads", "/auth/me", "/login?token=x", "/openapi.json"):
        told = await answer_to(stage.address, get(path).replace("Host: x", "Host: evil.example"))
        assert "evil.example" not in told, path


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [("Host", "evil.example", 421), ("Origin", EVIL, 403), ("Host", "localhost", 200)],
)
async def test_on_loopback_mcp_answers_to_its_own_names_alone(
    midwatch: Midwatch, name: str, value: str, status: int
) -> None:
    """A page elsewhere may have pointed its own name here."""
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with midwatch.client(**{name: value, "Accept": "application/json"}) as http:
        assert (await http.post("/mcp", json=ping)).status_code == status


@pytest.mark.parametrize(
    "path",
    ["/agui", "/mcp", "/v1/chat/completions", "/v1/responses", "/api/v1/query", "/auth/token"],
)
async def test_a_body_without_end_is_refused_at_every_door(midwatch: Midwatch, path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 65_536

    # What reads a form gives up on a field that does not end before we do.
    kind, status = ("x-www-form-urlencoded", 422) if path == "/auth/token" else ("json", 413)
    headers = {"Content-Type": f"application/{kind}", "Accept": "application/json"}
    async with midwatch.client() as http:
        assert (await http.post(path, content=endless(), headers=headers)).status_code == status


@pytest.mark.parametrize(
    "line",
    [
        "X-Request-Id: a\rSet-Cookie: hit=1", "X-Request-Id: a\n Set-Cookie: hit=1",
        "Idempotency-Key: a\x00Set-Cookie: hit=1", "Accept-Language: zh\x0bSet-Cookie: hit=1",
    ],
)  # fmt: skip
async def test_no_header_that_is_sent_becomes_a_header_of_the_answer(
    stage: Stage, line: str
) -> None:
    told = await answer_to(stage.address, get("/livez", line))
    assert "hit=1" not in told.partition("\r\n\r\n")[0]


async def test_a_name_that_a_caller_chose_stays_inside_the_name_of_the_file(stage: Stage) -> None:
    chosen = 't"; filename="evil.exe'
    async with stage.client() as http:
        body = {"question": "Why?", "thread_id": chosen}
        asked = await http.post("/api/v1/query", json=body)
        if asked.status_code == 200:
            saved = await http.get("/api/v1/threads/" + asked.json()["thread_id"] + "/export")
            assert "evil.exe" not in saved.headers["content-disposition"]
        else:
            assert asked.status_code == 422


def unsigned(claims: dict[str, str]) -> str:
    parts = [json.dumps(one).encode() for one in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts) + "."


async def test_a_token_without_its_signature_or_of_another_kind_opens_nothing(
    stage: Stage,
) -> None:
    sign_in = stage.opened.sign_in
    await sign_in.add_user("ann", role="user", password="a long password")
    async with stage.client("") as http:
        whole = {"username": "ann", "password": "a long password"}
        pair = (await http.post("/auth/token", data=whole)).json()
    access: str = pair["access_token"]
    assert access.startswith("mws_")
    payload = access.rpartition(".")[0]
    tried = [
        unsigned({"sub": "admin"}), payload, f"{payload}.", access[:-4], access + "x",
        pair["refresh_token"], f"mw_{access}", "Bearer", "null",
    ]  # fmt: skip
    for token in tried:
        async with stage.client(token) as http:
            refused = await http.get("/auth/me")
        assert refused.status_code == 401, token
    async with stage.client(access) as http:
        assert (await http.get("/auth/me")).status_code == 200


async def test_a_key_with_few_scopes_makes_none_with_more(stage: Stage) -> None:
    _, small = await stage.opened.sign_in.make_api_token(
        "admin", label="small", scopes=frozenset({"tokens:manage", "cluster:read"})
    )
    async with stage.client(small) as http:
        more = {"label": "more", "scopes": ["cluster:read", "users:manage", "fixes:apply"]}
        made = await http.post("/api/v1/tokens", json=more)
        if made.status_code < 300:
            async with stage.client(made.json()["token"]) as grown:
                held = (await grown.get("/auth/me")).json()["permissions"]
            assert set(held) <= {"tokens:manage", "cluster:read"}
        else:
            assert made.status_code in {403, 422}


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[str]:
    settings = offline(tmp_path, server=IMPATIENT)
    app = create_app(settings)
    async with prepared(settings) as ready, running(app, ready), serving(app) as address:
        yield address


async def test_who_never_ends_the_head_of_a_request_is_hung_up_on(impatient: str) -> None:
    assert await answer_to(impatient, "") == ""
    assert await answer_to(impatient, "GET /livez HTTP/1.1\nHost: x\nX-Slow") == ""


async def test_a_second_head_on_a_kept_connection_is_waited_for_no_longer(impatient: str) -> None:
    first = "GET /livez HTTP/1.1\nHost: x\n\n"
    told = await answer_to(impatient, f"{first}GET /livez HTTP/1.1\nHost:")
    assert told.count("HTTP/1.1 200") == 1


async def test_a_body_that_stops_coming_is_refused_with_how_long_it_was_waited_for(
    impatient: str,
) -> None:
    head = "POST /auth/token HTTP/1.1\nHost: x\nContent-Length: 100\n"
    kind = "Content-Type: application/x-www-form-urlencoded"
    told = await answer_to(impatient, f"{head}{kind}\n\nusername=ann")
    assert told.startswith("HTTP/1.1 408 "), told
    assert "did not come within 0.3 s" in told
    assert "too_slow" in told


async def test_a_long_answer_is_not_cut_by_impatience(impatient: str) -> None:
    """What is waited for is the request: while it is answered the caller may be silent."""
    incoming, onward = await connected(impatient)
    onward.write(get("/openapi.json").replace("\n", "\r\n").encode())
    await asyncio.sleep(3 * IMPATIENT["patience_s"])
    told = await asyncio.wait_for(incoming.read(), WITHIN_S)
    onward.close()
    assert told.startswith(b"HTTP/1.1 200")
    assert told.endswith(b"}")


async def test_many_watchers_who_read_nothing_keep_nobody_waiting_and_leave_nothing(
    midwatch: Midwatch,
) -> None:
    """Each leaves its connection open without reading, and then hangs up."""
    async with midwatch.client() as http:
        asked = {"threadId": "flood", "runId": "flood", "state": {}, "tools": [], "context": []}
        question = [{"id": "1", "role": "user", "content": "Why is checkout failing?"}]
        await http.post("/agui", json={**asked, "messages": question, "forwardedProps": {}})
        before = len(asyncio.all_tasks())
        path = "/api/v1/runs/flood/events?after=0"
        request = (
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {midwatch.token}\r\n\r\n"
        )
        watchers = [await connected(midwatch.address) for _ in range(100)]
        for _, onward in watchers:
            onward.write(request.encode())
        assert (await http.get("/readyz")).status_code == 200
        for incoming, onward in watchers:
            assert (await incoming.readline()).startswith(b"HTTP/1.1 ")
            onward.close()
        for _ in range(20 * WITHIN_S):
            if len(asyncio.all_tasks()) <= before:
                break
            await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) <= before
