"""The one way in to tools: `Tools(sessions, principal)`. No MCP type leaves this module."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult, TextContent
from mcp.types import Tool as Listing

from core.errors import NotFound, OpsError, Unauthenticated, UpstreamUnavailable, from_code
from core.http import client as http_client
from core.principal import Principal
from core.telemetry import Metrics
from mcp_servers.access import AuditSink, Gate
from mcp_servers.backends import (
    IN_MEMORY,
    Backends,
    FixDesk,
    FixStore,
    IncidentStore,
    KnowledgePlace,
)
from mcp_servers.backends.addresses import host_of
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.billing import Billing
from mcp_servers.backends.foreign import Acceptances, ForeignAddress, ForeignServer
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.senders.outgoing import Wire
from mcp_servers.caller import acting_as
from mcp_servers.facts.nearest import did_you_mean
from mcp_servers.registry import BUILDERS, built

if TYPE_CHECKING:
    from core.security.encryption import Vault
    from core.storage.kept_alerts import KeptAlerts

# An investigation asks many things of a slow cluster.
CALL_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Connections:
    """Where the real systems are; start-up fills it from the settings."""

    kubeconfig: Path | None = None
    context: str = ""
    impersonate: str = ""
    prometheus_url: str = ""
    alertmanager_url: str = ""
    timeout_s: float = 10.0
    knowledge: KnowledgePlace = IN_MEMORY
    rules_folder: Path | None = None  # rules that people added; None: none
    foreign: tuple[ForeignAddress, ...] = ()  # tool servers of others
    price_book: Path | None = None  # None: the one that comes with Midwatch
    clusterless: bool = False  # for tools that work on what they are given: no kubeconfig is read


@dataclass(frozen=True)
class ToolSpec:
    """A tool as its caller is offered it."""

    name: str
    server: str
    description: str
    input_schema: dict[str, Any]
    changes: bool


@dataclass(frozen=True)
class Answer:
    """`text` is compact and meant for a model; `data` is complete and meant for programs."""

    text: str
    data: dict[str, Any]


class Sessions:
    """Open connections to tool servers, shared by all callers of the process.

    Close them in the task that opened them: use `in_process` and `over_http` with `async with`.
    """

    def __init__(
        self,
        clients: Mapping[str, Client],
        wire: "_Wire | None" = None,
        changing: frozenset[str] = frozenset(),
    ) -> None:
        self._clients, self._wire, self._changing = clients, wire, changing
        self._offers: dict[tuple[str, frozenset[str], bool], list[ToolSpec]] = {}

    @property
    def built(self) -> frozenset[str]:
        """The servers that exist."""
        return frozenset(self._clients)

    async def offered(self, server: str, principal: Principal) -> list[ToolSpec]:
        """What a server shows this caller; asked once for each set of permissions.

        What a server of others may show changes while we run, so that is asked each time.
        """
        if server in self._changing:
            return await self._shown(server, principal)
        # Over HTTP the token decides and is the same for all, whatever the principal holds.
        held = frozenset[str]() if self._wire else frozenset[str](principal.permissions)
        key = (server, held, principal.present)
        if key not in self._offers:
            self._offers[key] = await self._shown(server, principal)
        return self._offers[key]

    async def _shown(self, server: str, principal: Principal) -> list[ToolSpec]:
        with acting_as(principal):
            tools = (await self._clients[server].list_tools()).tools
        return [_spec(one) for one in tools if one.name.startswith(f"{server}_")]

    async def send(
        self, name: str, arguments: Mapping[str, Any], principal: Principal
    ) -> CallToolResult | None:
        """One call as `principal`; None when no server could have such a tool."""
        client = self._clients.get(name.partition("_")[0])
        if client is None:
            return None
        # The session's own call_tool would check our output against our schema once more.
        params = CallToolRequestParams(name=name, arguments=dict(arguments))
        try:
            with acting_as(principal):
                return await client.session.send_request(
                    CallToolRequest(params=params), CallToolResult
                )
        except (MCPError, httpx2.HTTPError) as error:
            if self._wire:
                raise self._wire.failure() from error
            raise UpstreamUnavailable(f"The tool server did not answer {name}: {error}.") from error


@dataclass
class _Wire:
    """Remembers the last HTTP status, which the SDK's errors leave out."""

    url: str
    status: int = 0

    async def heard(self, response: httpx2.Response) -> None:
        self.status = response.status_code

    def failure(self) -> OpsError:
        if self.status in (401, 403):
            return Unauthenticated(
                f"The tool server at {host_of(self.url)} does not accept this token."
            )
        told = f" (status {self.status})" if self.status >= 400 else ""
        return UpstreamUnavailable(f"The tool server at {host_of(self.url)} does not answer{told}.")


def fix_desk(
    store: FixStore, *, key: str, policy_file: Path | None = None, stop_file: Path | None = None
) -> FixDesk:
    """What it takes to change things. `key` seals approvals; nothing is written while `stop_file` exists."""
    return FixDesk(store, key, f"run-{token_hex(8)}", policy_file, stop_file)


@asynccontextmanager
async def in_process(
    connections: Connections,
    *,
    audit: AuditSink | None = None,
    metrics: Metrics | None = None,
    incidents: IncidentStore | None = None,
    acceptances: Acceptances | None = None,
    fixes: FixDesk | None = None,
    desk: Desk | None = None,
    only: Collection[str] = BUILDERS.keys(),
) -> AsyncGenerator[Sessions]:
    """Every built server, or those named, in memory. Raises `Invalid` on a malformed kubeconfig or rule file."""
    gate = Gate(audit=audit, metrics=metrics)
    async with _closing() as stack:
        backends = replace(
            connected(connections),
            incidents=incidents,
            acceptances=acceptances,
            fixes=fixes,
            desk=desk or Desk(),
        )
        stack.push_async_callback(backends.close)
        clients = {
            name: await stack.enter_async_context(Client(server, cache=None))
            for name, server in built(backends, gate, only).items()
        }
        yield Sessions(clients, changing=frozenset(one.name for one in connections.foreign))


@asynccontextmanager
async def _closing() -> AsyncGenerator[AsyncExitStack]:
    """Closes what was opened, but keeps errors of the block from it.

    The task groups inside would wrap an `OpsError` into exception groups that nobody expects.
    """
    stack = AsyncExitStack()
    try:
        yield stack
    finally:
        await stack.aclose()


def desk_over(
    store: "KeptAlerts",
    keys: "Vault",
    *,
    practice: bool,
    private_hosts: Collection[str] = (),
    public_url: str = "",
) -> Desk:
    """What the alerting and channels servers work with, in a process that has a database."""
    wire = Wire(practice=practice, private_hosts=frozenset(private_hosts))
    return Desk(store, keys, wire, public_url)


def connected(connections: Connections) -> Backends:
    """The hands for these addresses; nothing is asked of them yet."""
    return Backends(
        kubernetes=Kubernetes(api=None, cluster_name="", timeout_s=connections.timeout_s)
        if connections.clusterless
        else Kubernetes.connect(
            kubeconfig=connections.kubeconfig,
            context=connections.context,
            impersonate=connections.impersonate,
            timeout_s=connections.timeout_s,
        ),
        prometheus=Prometheus.connect(connections.prometheus_url, connections.timeout_s),
        alertmanager=Alertmanager.connect(connections.alertmanager_url, connections.timeout_s),
        knowledge=connections.knowledge,
        rules_folder=connections.rules_folder,
        foreign=tuple(ForeignServer(one) for one in connections.foreign),
        billing=Billing(connections.price_book),
    )


@asynccontextmanager
async def over_http(url: str, token: str) -> AsyncGenerator[Sessions]:
    """The servers behind one MCP address; the token alone says whose every call is."""
    wire, headers = _Wire(url), {"Authorization": f"Bearer {token}"}
    async with _closing() as stack:
        http = http_client(url, headers=headers, timeout_s=CALL_TIMEOUT_S)
        http.event_hooks = {"response": [wire.heard]}
        await stack.enter_async_context(http)
        transport = streamable_http_client(url, http_client=http)
        try:
            client = await stack.enter_async_context(Client(transport, cache=None))
            names = {tool.name.partition("_")[0] for tool in (await client.list_tools()).tools}
        except (ExceptionGroup, MCPError, httpx2.HTTPError) as error:
            raise wire.failure() from error
        yield Sessions(dict.fromkeys(names, client), wire)


class Tools:
    """What one caller may do. Cheap to make, so every turn and request makes its own."""

    def __init__(self, sessions: Sessions, principal: Principal) -> None:
        self._sessions, self._principal = sessions, principal

    async def list(self, *servers: str) -> list[ToolSpec]:
        """The tools this caller may use, of these servers or of all; asked once and then kept."""
        wanted = servers or sorted(self._sessions.built)
        offers = [
            await self._sessions.offered(one, self._principal)
            for one in wanted
            if one in self._sessions.built
        ]
        return [spec for offer in offers for spec in offer]

    async def call(self, name: str, /, **arguments: Any) -> Answer:
        """Raises the `OpsError` that the tool raised, whichever wire lies between."""
        result = await self._sessions.send(name, arguments, self._principal)
        if result is None:
            known = [spec.name for spec in await self.list()]
            raise NotFound(f"There is no tool {name!r}.", hint=did_you_mean(name, known))
        text = "\n".join(one.text for one in result.content if isinstance(one, TextContent))
        data: dict[str, Any] = result.structured_content or {}
        if result.is_error:
            raise _raised(text, data)
        return Answer(text, data)


def _spec(tool: Listing) -> ToolSpec:
    return ToolSpec(
        name=tool.name,
        server=tool.name.partition("_")[0],
        description=tool.description or "",
        input_schema=tool.input_schema,
        changes=not (tool.annotations and tool.annotations.read_only_hint),
    )


def _raised(text: str, data: Mapping[str, Any]) -> OpsError:
    """The error as it was before it crossed the wire; a masked bug has only its text."""
    if "code" not in data:
        return OpsError(text)
    return from_code(str(data["code"]), str(data["message"]), str(data.get("hint") or ""))
