"""What every tool call passes through: identity, permission, audit, size, redaction, counting."""

import functools
import hashlib
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, cast

import anyio
import orjson
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.request_state import RequestStateSecurity
from mcp.types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from mcp.types import Tool as Listing
from pydantic import AnyHttpUrl, BaseModel, TypeAdapter

from core.absent import without
from core.clock import monotonic_s
from core.errors import Forbidden, Invalid, NotFound, OpsError
from core.principal import Permission, Principal
from core.redaction import redact_fields
from core.sentences import Fact
from core.telemetry import Metrics, logger
from mcp_servers.argument_refusals import refused
from mcp_servers.caller import Bearer, Verify, caller
from mcp_servers.facts.durations import duration
from mcp_servers.replies import MAX_DATA_CHARACTERS, code_of, failure, success
from mcp_servers.sentences import SENTENCES, near
from mcp_servers.unsealed import NoState

Tool = Callable[..., Awaitable[BaseModel]]
log = logger("midwatch.tools")

MAX_ARGUMENTS_BYTES = 16 * 1024
# Longer texts, such as a table handed in, are kept in the audit by size and digest alone.
MAX_AUDITED_CHARACTERS = 4 * 1024


class AuditSink(Protocol):
    """Where every tool call is written down."""

    async def record(
        self, *, subject: str, action: str, target: str, outcome: str, detail: Mapping[str, Any]
    ) -> None:
        """Keep one line. `outcome` is ok, an error code, cancelled, or started (before a change)."""
        ...


@dataclass(frozen=True)
class Gate:
    """What a server needs beside its hands: who verifies, who writes down, who counts.

    `principal` is set where the process itself has one owner (stdio); every call is then theirs.
    """

    audit: AuditSink | None = None
    metrics: Metrics | None = None
    verifier: Bearer | None = None
    auth: AuthSettings | None = None
    principal: Principal | None = None

    @classmethod
    def over_http(
        cls,
        verify: Verify,
        *,
        url: str,
        audit: AuditSink | None = None,
        metrics: Metrics | None = None,
    ) -> "Gate":
        """For a server at `url`. `verify` checks that a token was issued for that very address."""
        address = AnyHttpUrl(url)
        settings = AuthSettings(
            issuer_url=address, resource_server_url=address, validate_token_resource=True
        )
        return cls(audit=audit, metrics=metrics, verifier=Bearer(verify, url), auth=settings)

    def caller(self) -> Principal:
        return self.principal or caller()


@dataclass(frozen=True)
class Published:
    """What is known of a tool beside its function."""

    needs: Permission
    changes: bool
    arguments: frozenset[str]
    takes_bytes: int
    listing: Listing
    by_hand: bool = False
    secret_arguments: frozenset[str] = frozenset()

    def is_for(self, principal: Principal) -> bool:
        return principal.may(self.needs) and (principal.present or not self.by_hand)


@dataclass(frozen=True)
class _Call:
    """One call on its way through."""

    principal: Principal
    tool: str
    arguments: Mapping[str, Any]
    started_s: float = field(default_factory=monotonic_s)


class ToolServer(MCPServer[None]):
    """An MCP server that shows a caller only the tools that caller may use."""

    def __init__(self, name: str, gate: Gate, *, home: str = "", beyond: bool = True) -> None:
        """`home`: the cluster that Midwatch works on. `beyond`: its tools are not of that one alone."""
        with without("rich"):  # for a log handler that ours stands before
            super().__init__(
                name,
                token_verifier=gate.verifier,
                auth=gate.auth,
                log_level="WARNING",
                request_state_security=RequestStateSecurity(codec=NoState()),
            )
        self.gate, self._home, self._beyond = gate, home, beyond
        self.published: dict[str, Published] = {}

    def caller(self) -> Principal:
        """Who calls; a cluster without a name is to them the one that Midwatch works on."""
        return self.gate.caller().at(self._home)

    async def list_tools(self) -> list[Listing]:
        principal = self.gate.caller()
        return [one.listing for one in self.published.values() if one.is_for(principal)]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Check, write down, run, shape and count one call. Only a bug leaves as an exception."""
        try:
            call = _Call(self.gate.caller(), name, arguments)
        except OpsError as error:
            return failure(error)
        outcome = "cancelled"
        try:
            await self._admit(call)
            result = await self.run_tool(name, arguments, context)
            outcome = code_of(result)
        except OpsError as error:
            result, outcome = failure(error), error.code
        except UnexpectedToolError:
            outcome = "error"
            raise
        except ToolError as error:
            tool = self.published[name]
            schema, secret = tool.listing.input_schema, tool.secret_arguments
            result, outcome = failure(refused(error, schema, secret)), Invalid.code
        finally:
            # Also of a call that its caller gave up; that must not keep the line from being written.
            with anyio.CancelScope(shield=True):
                await self._account(call, outcome)
        return result

    async def answer(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """One call by this process itself, without the messages that MCP would make of it.

        Of a bug the log knows what it was, and the caller only that there was one.
        """
        try:
            result = await self.call_tool(name, arguments)
        except UnexpectedToolError as bug:
            log.exception("tool.broke", tool=name, exc_info=bug)
            return CallToolResult(content=[TextContent(type="text", text=str(bug))], is_error=True)
        return cast("CallToolResult", result)  # a tool of ours answers in one go

    async def admit(self, principal: Principal, tool: str) -> None:
        """What a server asks of every caller, whichever of its tools is called."""

    async def run_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None
    ) -> CallToolResult | InputRequiredResult:
        """Make a call that was admitted."""
        return await super().call_tool(name, arguments, context)

    async def _admit(self, call: _Call) -> None:
        self._check_reach(call.principal)
        await self.admit(call.principal, call.tool)
        tool = self.published.get(call.tool)
        if tool is None or not call.principal.may(tool.needs):
            raise _not_offered(call, self.published)
        if tool.by_hand and not call.principal.present:
            raise SENTENCES.error(Forbidden, "by_hand", tool=call.tool)
        if len(_written(call)) > tool.takes_bytes:
            raise SENTENCES.error(Invalid, "too_long", tool=call.tool)
        unknown = sorted(set(call.arguments) - tool.arguments)
        if unknown:
            takes = ", ".join(sorted(tool.arguments)) or SENTENCES.said("no_arguments")
            about: dict[str, Fact] = {"tool": call.tool, "name": unknown[0], "takes": takes}
            raise SENTENCES.error(Invalid, "no_argument", **about)
        namespace = call.arguments.get("namespace")
        if isinstance(namespace, str) and namespace and not call.principal.sees(namespace):
            seen = ", ".join(sorted(call.principal.namespaces or ()))
            mine = seen or SENTENCES.said("no_namespace_at_all")
            raise SENTENCES.error(Forbidden, "hidden_namespace", namespace=namespace, mine=mine)
        if tool.changes:
            await self._record(call, "started")

    def _check_reach(self, principal: Principal) -> None:
        if self._beyond or not self._home or principal.reaches(self._home):
            return
        mine = ", ".join(sorted(principal.clusters or ())) or SENTENCES.said("no_namespace_at_all")
        raise SENTENCES.error(Forbidden, "hidden_cluster", cluster=self._home, mine=mine)

    async def _account(self, call: _Call, outcome: str) -> None:
        duration_s = monotonic_s() - call.started_s
        if self.gate.metrics:
            known = call.tool if call.tool in self.published else "unknown"
            self.gate.metrics.tool_called(self.name, known, outcome, duration_s)
        await self._record(call, outcome, duration_ms=round(duration_s * 1000))

    async def _record(self, call: _Call, outcome: str, **more: int) -> None:
        if self.gate.audit is None:
            return
        tool = self.published.get(call.tool)
        secret = tool.secret_arguments if tool else frozenset[str]()
        arguments = redact_fields(_brief(call.arguments)) | dict.fromkeys(
            secret & call.arguments.keys(), "[redacted:secret]"
        )
        await self.gate.audit.record(
            subject=call.principal.subject,
            action=call.tool,
            target=_target(call.arguments),
            outcome=outcome,
            detail={"arguments": arguments, **more},
        )


def publish(
    server: ToolServer,
    tool: Tool,
    *,
    needs: Permission,
    changes: bool = False,
    once: bool = False,
    by_hand: bool = False,
    takes_bytes: int = MAX_ARGUMENTS_BYTES,
    gives_characters: int = MAX_DATA_CHARACTERS,
    secret_arguments: Collection[str] = (),
    **collaborators: object,
) -> None:
    """Register `tool` under its own name. The only way a function becomes an MCP tool.

    `collaborators` fill the tool's keyword-only parameters and stay out of its schema; a
    keyword-only `caller` is filled with the verified `Principal` of each call.
    `changes` marks a tool that alters a real system; the agent asks a person first. `once` says
    that the server itself carries the same call out once, so that making it again only tells how
    it went.
    `by_hand` marks one that only a person may call, at a door made for that one act.
    `takes_bytes` bounds the arguments of one call, `gives_characters` the data of its answer.
    `secret_arguments` are those of which the audit keeps nothing.
    """
    name, signature = tool.__name__, inspect.signature(tool, eval_str=True)
    if not name.startswith(f"{server.name}_"):
        raise TypeError(f"{name} must begin with {server.name}_")
    hidden = {p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}
    if hidden - {"caller"} != set(collaborators):
        raise TypeError(f"{name} wants {sorted(hidden)}, is given {sorted(collaborators)}")
    bound = functools.partial(tool, **cast("dict[str, Any]", collaborators))

    @functools.wraps(tool)
    async def run(**arguments: Any) -> CallToolResult:
        if "caller" in hidden:
            arguments["caller"] = server.caller()
        try:
            return success(await bound(**arguments), gives_characters)
        except OpsError as error:
            return failure(error)

    shown = [p for p in signature.parameters.values() if p.name not in hidden]
    run.__dict__["__signature__"] = inspect.Signature(shown, return_annotation=CallToolResult)
    server.add_tool(run)
    server.published[name] = Published(
        needs=needs,
        changes=changes,
        by_hand=by_hand,
        arguments=frozenset(p.name for p in shown),
        takes_bytes=takes_bytes,
        secret_arguments=frozenset(secret_arguments),
        listing=_listing(
            tool, shown, signature.return_annotation, needs=needs, changes=changes, once=once
        ),
    )


def _listing(
    tool: Tool,
    shown: list[inspect.Parameter],
    returns: Any,
    *,
    needs: Permission,
    changes: bool,
    once: bool,
) -> Listing:
    """What `tools/list` says of a tool: schemas without what a model needs no telling."""
    properties = {p.name: _argument_schema(p) for p in shown}
    required = [p.name for p in shown if p.default is p.empty]
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return Listing(
        name=tool.__name__,
        description=inspect.cleandoc(tool.__doc__ or ""),
        input_schema={**schema, "required": required} if required else schema,
        output_schema=_untitled(TypeAdapter(returns).json_schema(mode="serialization")),
        annotations=ToolAnnotations(
            read_only_hint=not changes,
            destructive_hint=changes,
            idempotent_hint=once or not changes,
        ),
        _meta={"midwatch/needs": str(needs), "midwatch/changes": changes},
    )


def _argument_schema(parameter: inspect.Parameter) -> dict[str, Any]:
    """Types, bounds and descriptions; what only the check needs is left to the check."""
    schema = _without_null(_untitled(TypeAdapter(parameter.annotation).json_schema()))
    for checked in ("pattern", "maxLength"):
        schema.pop(checked, None)
    if parameter.default is not parameter.empty and parameter.default:
        schema["default"] = parameter.default
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Nobody need say null: what has a default may be left out."""
    wanted = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(wanted) != 1:
        return schema
    return {**wanted[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _untitled(schema: Any) -> Any:
    """A schema without pydantic's titles, which repeat the names; properties so called stay."""
    if isinstance(schema, list):
        return [_untitled(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    tree = cast("dict[str, Any]", schema)
    return {
        key: _untitled(value)
        for key, value in tree.items()
        if not (key == "title" and isinstance(value, str))
    }


def _not_offered(call: _Call, published: Mapping[str, Published]) -> OpsError:
    """A tool that is not there and one that is not allowed look alike, but for the permission."""
    tool = published.get(call.tool)
    if tool is not None:
        permission = str(tool.needs)
        return SENTENCES.error(Forbidden, "not_yours", tool=call.tool, permission=permission)
    offered = [name for name, one in published.items() if call.principal.may(one.needs)]
    return SENTENCES.error(NotFound, "no_tool", tool=call.tool, hint=near(call.tool, offered))


def span_of(window: str) -> timedelta:
    """The time that a window argument stands for. Raises `Invalid` with an example."""
    try:
        return duration(window)
    except ValueError as error:
        raise SENTENCES.error(Invalid, "window", why=str(error)) from error


def _written(call: "_Call") -> bytes:
    """Raises `Invalid` for what has no place in JSON, before anything else is done with it."""
    try:
        return orjson.dumps(call.arguments, default=str)
    except TypeError as error:
        raise SENTENCES.error(Invalid, "no_json", tool=call.tool) from error


def _brief(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _short(value) for name, value in arguments.items()}


def _short(value: Any) -> Any:
    try:
        text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    except TypeError:  # the trail is JSON, too
        return _digest(repr(value))
    return _digest(text) if len(text) > MAX_AUDITED_CHARACTERS else value


def _digest(text: str) -> str:
    mark = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    return f"{len(text)} characters, sha256 {mark}"


def _target(arguments: Mapping[str, Any]) -> str:
    """What a call is about, for the audit: kind, namespace and name where it says them."""
    parts = [str(arguments.get(key) or "") for key in ("kind", "namespace", "name")]
    return "/".join(part for part in parts if part)
