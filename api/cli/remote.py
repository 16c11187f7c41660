"""A running Midwatch asked over HTTP: `--server URL` with a token."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import orjson

from api.cli.outcome import put, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import Source
from core.errors import Invalid, UpstreamUnavailable, from_code
from core.http import Client, RequestFailed, Response, client

if TYPE_CHECKING:
    from agent.approvals import Decision

# A turn may use its whole time limit before the first byte of an answer.
TURN_TIMEOUT_S = 600.0


async def call_tool(source: Source, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    async with _connected(source) as http:
        return _data(await http.post(f"/api/v1/tools/{tool}", json=arguments))


async def get(source: Source, path: str, query: Mapping[str, Any] = {}) -> dict[str, Any]:
    async with _connected(source) as http:
        return _data(await http.get(path, params=dict(query)))


async def get_text(source: Source, path: str) -> str:
    """What is no JSON. Raises what a problem document stands for."""
    async with _connected(source) as http:
        answer = await http.get(path)
        return answer.text if answer.status_code < 400 else str(_data(answer))


async def put_file(source: Source, path: str, content: bytes) -> dict[str, Any]:
    async with _connected(source) as http:
        return _data(await http.put(path, content=content))


async def put_json(source: Source, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with _connected(source) as http:
        return _data(await http.put(path, json=body))


async def delete(source: Source, path: str) -> dict[str, Any]:
    """What is told of it; empty where nothing is."""
    async with _connected(source) as http:
        return _data(await http.delete(path))


async def post(source: Source, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with _connected(source) as http:
        return _data(await http.post(path, json=body))


async def patch(source: Source, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with _connected(source) as http:
        return _data(await http.patch(path, json=body))


async def route(source: Source, question: str) -> dict[str, Any]:
    async with _connected(source) as http:
        return _data(await http.post("/api/v1/route", json={"question": question}))


async def ask(source: Source, body: dict[str, Any]) -> dict[str, Any]:
    """The answer's shape. Giving up here ends the turn there."""
    run_id = str(uuid4())
    async with _connected(source) as http:
        try:
            return _data(await http.post("/api/v1/query", json={**body, "run_id": run_id}))
        except asyncio.CancelledError:
            await http.post(f"/api/v1/runs/{run_id}/cancel")
            raise


async def resume(source: Source, thread: str, decisions: "Sequence[Decision]") -> dict[str, Any]:
    """The shape of the answer of the turn that stands in a conversation there."""
    body = {"decisions": [asdict(one) for one in decisions]}
    async with _connected(source) as http:
        return _data(await http.post(f"/api/v1/threads/{thread}/resume", json=body))


async def answer_approval(source: Source, said: "Decision") -> dict[str, Any]:
    """The shape of the answer of the turn that waited for this."""
    body = {"approved": said.approved, "typed": said.typed, "reason": said.reason}
    async with _connected(source) as http:
        return _data(await http.post(f"/api/v1/approvals/{said.approval_id}", json=body))


async def stream(source: Source, body: dict[str, Any]) -> None:
    """Print the event stream, one AG-UI event a line. Raises what ended it."""
    run_id, last = str(uuid4()), dict[str, Any]()
    asked = {
        "threadId": body["thread_id"] or str(uuid4()),
        "runId": run_id,
        "messages": [{"id": str(uuid4()), "role": "user", "content": body["question"]}],
        "forwardedProps": {"language": body["language"], "namespace": body["namespace"]},
    }
    async with _connected(source) as http:
        try:
            async with http.stream("POST", "/agui", json=asked) as response:
                if response.status_code != 200:
                    await response.aread()
                    _data(response)
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        put(line.removeprefix("data: "))
                        last = orjson.loads(line.removeprefix("data: "))
        except asyncio.CancelledError:
            await http.post(f"/api/v1/runs/{run_id}/cancel")
            raise
    if last.get("type") == "RUN_ERROR":
        raise from_code(last.get("code", "error"), last["message"])


@asynccontextmanager
async def _connected(source: Source) -> AsyncGenerator[Client]:
    if not source.token:
        raise SENTENCES.error(Invalid, "no_token")
    if not source.server.startswith(("http://", "https://")):
        raise SENTENCES.error(Invalid, "no_address", server=source.server)
    headers = {"Authorization": f"Bearer {source.token}", "Accept-Language": spoken()}
    try:
        async with client(source.server, timeout_s=TURN_TIMEOUT_S, headers=headers) as http:
            yield http
    except RequestFailed as error:
        raise SENTENCES.error(
            UpstreamUnavailable, "no_answer", server=source.server, error=str(error)
        ) from error


def _data(response: Response) -> dict[str, Any]:
    """The body, or the error that its problem document stands for."""
    if response.status_code == 204:
        return {}
    try:
        body: Any = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise SENTENCES.error(
            UpstreamUnavailable, "no_json", url=str(response.url), status_code=response.status_code
        ) from error
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    if response.status_code >= 400:
        detail = fields.get("detail") or f"HTTP {response.status_code}"
        raise from_code(str(fields.get("code", "error")), str(detail))
    return fields
