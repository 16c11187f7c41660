"""The MCP server that stands for all of Midwatch: permitted tools, `ask`, prompts, resources, views."""

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from mcp.server.apps import EXTENSION_ID
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
    Tool,
    ToolAnnotations,
)

from api.mcp_gateway import prompts, resources, views
from api.mcp_gateway.asking import ASK, Ask, question_of
from api.mcp_gateway.completing import completed
from api.mcp_gateway.listening import Listening
from api.mcp_gateway.offering import refusals_told, spoken, tools_of
from api.mcp_gateway.toolsets import has_ask, listed
from core.errors import OpsError
from core.principal import Permission, Principal
from mcp_servers.client import Sessions, Tools, ToolSpec

if TYPE_CHECKING:
    from mcp.types import ContentBlock

Context = ServerRequestContext[Any, Any]
INSTRUCTIONS = (
    "Questions about a Kubernetes cluster, its costs and alerts. Prefer ask for anything open-ended. "
    "Only some tools are listed at first; the person who set this up can have more listed by toolset."
)


def gateway(
    sessions: Sessions,
    ask: Ask | None,
    *,
    caller: Callable[[Context], Principal],
    toolsets: Callable[[Context], frozenset[str]],
) -> Server[dict[str, Any]]:
    """`ask` None: the tools alone. `toolsets`: which tools a caller lists; all permitted ones may be called."""

    async def list_tools(
        context: Context, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        principal, chosen = caller(context), toolsets(context)
        specs = await Tools(sessions, principal).list()
        offered = [_listing(one) for one in listed(specs, chosen)]
        if ask and has_ask(chosen) and principal.may(Permission.CHAT_USE):
            offered.insert(0, ASK)
        return ListToolsResult(tools=offered)

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        principal, arguments = caller(context), params.arguments or {}
        try:
            if ask and params.name == ASK.name:
                return await _asked(context, ask, principal, arguments)
            answer = await Tools(sessions, principal).call(params.name, **arguments)
        except OpsError as error:
            return _failure(error, spoken(principal, context.request))
        return _result(answer.text, answer.data)

    server = Server(
        "midwatch",
        version=version("midwatch"),
        title="Midwatch",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        **_prompting(sessions, caller),
        **_reading(sessions, caller),
        on_completion=_completing(sessions, caller),
        on_subscriptions_listen=Listening(sessions, caller),
    )
    server.extensions[EXTENSION_ID] = {}
    return server


def _prompting(sessions: Sessions, caller: Callable[[Context], Principal]) -> dict[str, Any]:
    async def list_prompts(
        context: Context, _params: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        principal = caller(context)
        tools = await tools_of(Tools(sessions, principal))
        return ListPromptsResult(prompts=prompts.prompts_for(tools, principal.language))

    async def get_prompt(context: Context, params: GetPromptRequestParams) -> GetPromptResult:
        principal = caller(context)
        tools = await tools_of(Tools(sessions, principal))
        async with refusals_told(spoken(principal, context.request)):
            text = prompts.prompt(params.name, params.arguments or {}, tools, principal.language)
        return prompts.as_messages(text)

    return {"on_list_prompts": list_prompts, "on_get_prompt": get_prompt}


def _reading(sessions: Sessions, caller: Callable[[Context], Principal]) -> dict[str, Any]:
    async def list_resources(
        context: Context, _params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        principal = caller(context)
        offer = await tools_of(Tools(sessions, principal)), principal.language
        return ListResourcesResult(
            resources=[*resources.resources_for(*offer), *views.views_for(*offer)]
        )

    async def list_templates(
        context: Context, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        principal = caller(context)
        offer = await tools_of(Tools(sessions, principal)), principal.language
        return ListResourceTemplatesResult(resource_templates=resources.templates_for(*offer))

    async def read(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        principal = caller(context)
        async with refusals_told(spoken(principal, context.request)):
            if params.uri.startswith(views.SCHEME):
                return ReadResourceResult(contents=[views.view(params.uri)])
            found = await resources.read(params.uri, Tools(sessions, principal))
        return ReadResourceResult(contents=[found])

    return {
        "on_list_resources": list_resources,
        "on_list_resource_templates": list_templates,
        "on_read_resource": read,
    }


def _completing(
    sessions: Sessions, caller: Callable[[Context], Principal]
) -> Callable[[Context, CompleteRequestParams], Awaitable[CompleteResult]]:
    async def complete(context: Context, params: CompleteRequestParams) -> CompleteResult:
        principal = caller(context)
        tools = Tools(sessions, principal)
        others = (params.context.arguments if params.context else None) or {}
        typed = params.argument
        async with refusals_told(spoken(principal, context.request)):
            offered = await tools_of(tools)
            found = await completed(params.ref, typed.name, typed.value, others, tools, offered)
        return CompleteResult(completion=found)

    return complete


async def _asked(
    context: Context, ask: Ask, principal: Principal, arguments: Mapping[str, Any]
) -> CallToolResult:
    told = 0

    async def progress(message: str) -> None:
        nonlocal told
        told += 1
        await context.session.report_progress(told, None, message)

    shape = await ask(principal, question_of(arguments), progress)
    return _result(shape["answer"], shape)


def _listing(spec: ToolSpec) -> Tool:
    shown_by = views.view_of(spec.name)
    return Tool(
        name=spec.name,
        description=spec.description,
        input_schema=spec.input_schema,
        annotations=ToolAnnotations(
            read_only_hint=not spec.changes,
            destructive_hint=spec.changes,
            idempotent_hint=spec.once,
        ),
        _meta={"ui": {"resourceUri": shown_by}} if shown_by else None,
    )


def _result(text: str, data: dict[str, Any], *, failed: bool = False) -> CallToolResult:
    content: list[ContentBlock] = [TextContent(type="text", text=text)]
    return CallToolResult(content=content, structured_content=data, is_error=failed)


def _failure(error: OpsError, language: str) -> CallToolResult:
    """A sentence for the model and a code for programs, as every tool of ours fails."""
    return _result(error.told(language), error.fields(), failed=True)
