"""One MCP endpoint: the caller's permitted tools, and `ask` for a whole turn."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import (
    RequestBodyLimitMiddleware,
    StreamableHTTPSessionManager,
)
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.events import SubagentStarted, ToolStarted
from api.dependencies import Opened, paced
from api.sent import replayed
from api.sentences import SENTENCES
from api.turns.answers import Answered
from api.turns.questions import Question
from api.turns.running import MAX_QUESTION_CHARACTERS, Turns
from api.turns.runs import Run
from core.errors import Invalid, OpsError, Unauthenticated
from core.principal import Permission, Principal
from mcp_servers.client import Sessions, Tools, ToolSpec

if TYPE_CHECKING:
    from mcp.types import ContentBlock

MAX_BODY_BYTES = 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
Context = ServerRequestContext[Any, Any]
Progress = Callable[[str], Awaitable[None]]


Ask = Callable[[Principal, Question, Progress], Awaitable[dict[str, Any]]]

ASK = Tool(
    name="ask",
    title="Ask Midwatch",
    description=(
        "Ask the operations assistant a question about the cluster in English or Chinese: what is "
        "wrong and why, costs, alerts, how-to. Returns a Markdown answer with numbered citations. "
        "Pass the returned thread_id to continue the conversation."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "question": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_QUESTION_CHARACTERS,
                "description": "What to find out, e.g. 'Why is checkout failing?'",
            },
            "thread_id": {"type": "string", "description": "The conversation to continue."},
            "language": {"type": "string", "enum": ["auto", "en", "zh"], "default": "auto"},
        },
        "required": ["question"],
        "additionalProperties": False,
    },
    output_schema={
        "type": "object",
        "properties": {
            "thread_id": {"type": "string"},
            "answer": {"type": "string", "description": "Markdown."},
            "language": {"type": "string"},
            "route": {"type": "array", "items": {"type": "string"}},
            "citations": {"type": "array", "items": {"type": "object"}},
            "tool_calls": {"type": "array", "items": {"type": "object"}},
            "approvals": {"type": "array", "items": {"type": "object"}},
            "usage": {"type": "array", "items": {"type": "object"}},
            "duration_ms": {"type": "integer"},
        },
        "required": ["thread_id", "answer", "citations", "tool_calls", "usage", "duration_ms"],
    },
    annotations=ToolAnnotations(read_only_hint=True, open_world_hint=True),
)


def gateway(
    sessions: Sessions,
    ask: Ask,
    *,
    caller: Callable[[Context], Principal],
    servers: tuple[str, ...] = (),
) -> Server[dict[str, Any]]:
    """The MCP server that stands for all of Midwatch, or for `servers` alone (then without ask)."""

    async def list_tools(
        context: Context, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        principal = caller(context)
        offered = [_listing(spec) for spec in await Tools(sessions, principal).list(*servers)]
        if not servers and principal.may(Permission.CHAT_USE):
            offered.insert(0, ASK)
        return ListToolsResult(tools=offered)

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        principal, arguments = caller(context), params.arguments or {}
        try:
            if params.name == ASK.name and not servers:
                return await answered(context, principal, arguments)
            answer = await Tools(sessions, principal).call(params.name, **arguments)
        except OpsError as error:
            return _failure(error)
        return _result(answer.text, answer.data)

    async def answered(
        context: Context, principal: Principal, arguments: Mapping[str, Any]
    ) -> CallToolResult:
        told = 0

        async def progress(message: str) -> None:
            nonlocal told
            told += 1
            await context.session.report_progress(told, None, message)

        shape = await ask(principal, _question(arguments), progress)
        return _result(shape["answer"], shape)

    return Server(
        "midwatch",
        title="Midwatch",
        instructions="Read-only questions about a cluster. Prefer ask for anything open-ended.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def shape_of(run: Run, progress: Progress) -> dict[str, Any]:
    """A run watched to its end; the caller hears which subagent and which tool is at work."""
    answered = Answered(run.thread_id)
    async for event in run.follow():
        answered.add(event)
        if isinstance(event, SubagentStarted):
            await progress(event.name)
        elif isinstance(event, ToolStarted):
            await progress(f"{event.server}: {event.tool}")
    return answered.shape(duration_ms=run.duration_ms)


def _question(arguments: Mapping[str, Any]) -> Question:
    text = str(arguments.get("question", "")).strip()
    language = str(arguments.get("language") or "auto")
    if not text or len(text) > MAX_QUESTION_CHARACTERS:
        raise SENTENCES.error(
            Invalid, "question_length", max_question_characters=MAX_QUESTION_CHARACTERS
        )
    if language not in {"auto", "en", "zh"}:
        raise SENTENCES.error(Invalid, "no_such_language", language=language)
    return Question(text, thread_id=str(arguments.get("thread_id") or ""), language=language)


def _listing(spec: ToolSpec) -> Tool:
    return Tool(
        name=spec.name,
        description=spec.description,
        input_schema=spec.input_schema,
        annotations=ToolAnnotations(
            read_only_hint=not spec.changes,
            destructive_hint=spec.changes,
            idempotent_hint=spec.once,
        ),
    )


def _result(text: str, data: dict[str, Any], *, failed: bool = False) -> CallToolResult:
    content: list[ContentBlock] = [TextContent(type="text", text=text)]
    return CallToolResult(content=content, structured_content=data, is_error=failed)


def _failure(error: OpsError) -> CallToolResult:
    """A sentence for the model and a code for programs, as every tool of ours fails."""
    return _result(str(error), error.fields(), failed=True)


class Endpoint:
    """`/mcp` over streamable HTTP, without sessions, for callers with a bearer token.

    It answers in plain JSON, or with a stream when the caller asks for progress, which only a
    stream can carry.
    """

    def __init__(self, server: Server[dict[str, Any]], opened: Opened) -> None:
        self._opened = opened
        security = _security(opened.settings.server.host)
        self._plain, self._streaming = (
            StreamableHTTPSessionManager(
                server, json_response=plain, stateless=True, security_settings=security
            )
            for plain in (True, False)
        )
        self._bounded: ASGIApp = RequestBodyLimitMiddleware(self._dispatch, MAX_BODY_BYTES)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with self._plain.run(), self._streaming.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        kind, _, credential = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not credential:
            raise SENTENCES.error(Unauthenticated, "no_token")
        request.state.principal = await self._opened.sign_in.principal(credential.strip())
        paced(request, self._opened.pace, request.state.principal, credential.strip())
        await self._bounded(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        streams = b'"progressToken"' in body and _accepts_stream(scope)
        manager = self._streaming if streams else self._plain
        await manager.handle_request(scope, replayed(body, receive), send)


def endpoint(opened: Opened, turns: Turns) -> Endpoint:
    """The gateway over HTTP: turns are recorded, and end when their caller gives up."""

    async def ask(principal: Principal, question: Question, progress: Progress) -> dict[str, Any]:
        run = await turns.start(
            principal,
            question,
        )
        try:
            return await shape_of(run, progress)
        finally:
            turns.abandon(run)

    return Endpoint(gateway(opened.sessions, ask, caller=_verified), opened)


def _verified(context: Context) -> Principal:
    request: Request | None = context.request
    if request is None:
        raise SENTENCES.error(Unauthenticated, "no_identity")
    return request.state.principal


def _security(host: str) -> TransportSecuritySettings:
    """On loopback, refuse other host names: a page elsewhere may have pointed its own here."""
    if host not in LOOPBACK:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    hosts = [f"{name}{port}" for name in LOOPBACK_NAMES for port in ("", ":*")]
    origins = [f"{scheme}://{name}" for name in hosts for scheme in ("http", "https")]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _accepts_stream(scope: Scope) -> bool:
    return any(
        name == b"accept" and b"text/event-stream" in value for name, value in scope["headers"]
    )
