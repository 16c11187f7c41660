"""The one way in to tools: `Tools(sessions, principal)`. No MCP type leaves this module.

It is light: MCP and the servers are loaded with the first question to them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from core.opening import OnFirstUse
from core.principal import Principal
from core.telemetry import Metrics
from mcp_servers.backends import (
    IN_MEMORY,
    Acceptances,
    Backends,
    Desk,
    FixDesk,
    FixStore,
    ForeignAddress,
    IncidentStore,
    KnowledgePlace,
    Rehearse,
)
from mcp_servers.facts.tools import Answer, ToolSpec
from mcp_servers.registry import BUILDERS, at_start, building
from mcp_servers.sentences import SENTENCES, near
from mcp_servers.unsealed import load_mcp

if TYPE_CHECKING:
    from core.security.encryption import Vault
    from core.storage.kept_alerts import KeptAlerts
    from mcp_servers.access import AuditSink, Gate, ToolServer
    from mcp_servers.backends.alertmanagers import Alertmanagers
    from mcp_servers.backends.foreign import ForeignServer
    from mcp_servers.calling import Line


@dataclass(frozen=True)
class ClusterAddress:
    """A cluster of Alertmanagers: its name, the addresses of its members, its labels."""

    name: str
    members: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Connections:
    """Where the real systems are; start-up fills it from the settings."""

    kubeconfig: Path | None = None
    context: str = ""
    cluster: str = ""  # its name; "": the context's
    impersonate: str = ""
    callers: str = ""  # who people here are to the cluster, as in oidc:{user}; "": all are Midwatch
    caller_groups: tuple[tuple[str, str], ...] = ()  # a role here, a group there
    prometheus_url: str = ""
    alertmanager_url: str = ""
    alertmanagers: tuple[ClusterAddress, ...] = ()  # clusters of them beside the first
    timeout_s: float = 10.0
    knowledge: KnowledgePlace = IN_MEMORY
    rules_folder: Path | None = None  # rules that people added; None: none
    foreign: tuple[ForeignAddress, ...] = ()  # tool servers of others
    price_book: Path | None = None  # None: the one that comes with Midwatch
    opencost_url: str = ""  # spend is then what OpenCost says, in this currency
    opencost_currency: str = "USD"
    clusterless: bool = False  # for tools that work on what they are given: no kubeconfig is read


class Sessions:
    """Connections to tool servers, shared by all callers of the process, each made when it is used.

    Close them in the task that opened them: use `in_process` and `over_http` with `async with`.
    """

    def __init__(
        self,
        lines: "Mapping[str, Callable[[], Awaitable[Line]]]",
        *,
        changing: frozenset[str] = frozenset(),
        by_token: bool = False,
    ) -> None:
        """`changing` are the servers whose tools may change. `by_token`: a token says whose all calls are."""
        self._lines, self._changing, self._by_token = lines, changing, by_token
        self._offers: dict[tuple[str, frozenset[str], bool], list[ToolSpec]] = {}

    @property
    def built(self) -> frozenset[str]:
        """The servers that exist."""
        return frozenset(self._lines)

    async def offered(self, server: str, principal: Principal) -> list[ToolSpec]:
        """What a server shows this caller; asked once for each set of permissions.

        What a server of others may show changes while we run, so that is asked each time.
        """
        if server in self._changing:
            return await self._shown(server, principal)
        # Over HTTP the token decides and is the same for all, whatever the principal holds.
        held = frozenset[str]() if self._by_token else frozenset[str](principal.permissions)
        key = (server, held, principal.present)
        if key not in self._offers:
            self._offers[key] = await self._shown(server, principal)
        return self._offers[key]

    async def _shown(self, server: str, principal: Principal) -> list[ToolSpec]:
        line = await self._lines[server]()
        return [one for one in await line.listed(principal) if one.server == server]

    async def send(
        self, name: str, arguments: Mapping[str, Any], principal: Principal
    ) -> Answer | None:
        """One call as `principal`; None when no server could have such a tool."""
        line = self._lines.get(name.partition("_")[0])
        return await (await line()).call(name, arguments, principal) if line else None


def fix_desk(
    store: FixStore,
    *,
    key: str,
    policy_file: Path | None = None,
    stop_file: Path | None = None,
    rehearse: Rehearse | None = None,
) -> FixDesk:
    """What it takes to change things. `key` seals approvals; nothing is written while `stop_file` exists."""
    return FixDesk(store, key, f"run-{token_hex(8)}", policy_file, stop_file, rehearse)


@asynccontextmanager
async def in_process(
    connections: Connections,
    *,
    audit: "AuditSink | None" = None,
    metrics: Metrics | None = None,
    incidents: IncidentStore | None = None,
    acceptances: Acceptances | None = None,
    fixes: FixDesk | None = None,
    desk: Desk | None = None,
    only: Collection[str] = BUILDERS.keys(),
) -> AsyncGenerator[Sessions]:
    """Every built server, or those named, in memory. Raises `Invalid` on a malformed kubeconfig or rule file."""
    async with _closing() as stack:
        backends = replace(
            connected(connections),
            incidents=incidents,
            acceptances=acceptances,
            fixes=fixes,
            desk=desk or Desk(),
        )
        stack.push_async_callback(backends.close)
        lines: dict[str, Callable[[], Awaitable[Line]]] = {}
        for name, build in building(backends, only).items():
            line = OnFirstUse(partial(_served, build, audit, metrics))
            stack.push_async_callback(line.close)
            lines[name] = line.get
        for name in at_start(backends) & lines.keys():
            await lines[name]()
        yield Sessions(lines, changing=frozenset(one.name for one in connections.foreign))


@asynccontextmanager
async def _served(
    build: "Callable[[Gate], ToolServer]", audit: "AuditSink | None", metrics: Metrics | None
) -> "AsyncGenerator[Line]":
    """A server of this process, loaded in a thread: others who are served do not wait for that."""

    def loaded() -> "tuple[ToolServer, Callable[[ToolServer], AbstractAsyncContextManager[Line]]]":
        load_mcp()
        from mcp_servers.access import Gate
        from mcp_servers.calling import in_memory

        return build(Gate(audit=audit, metrics=metrics)), in_memory

    server, in_memory = await asyncio.to_thread(loaded)
    async with in_memory(server) as line:
        yield line


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
    from mcp_servers.backends.senders.outgoing import Wire

    wire = Wire(practice=practice, private_hosts=frozenset(private_hosts))
    return Desk(store, keys, wire, public_url)


def connected(connections: Connections) -> Backends:
    """The hands for these addresses; nothing is asked of them yet."""
    from mcp_servers.backends.billing import Billing
    from mcp_servers.backends.kubernetes import Kubernetes
    from mcp_servers.backends.opencost import OpenCost
    from mcp_servers.backends.prometheus import Prometheus
    from mcp_servers.backends.sight import Impersonation

    alertmanagers = _alertmanagers(connections)
    return Backends(
        kubernetes=Kubernetes(api=None, cluster_name="", timeout_s=connections.timeout_s)
        if connections.clusterless
        else Kubernetes.connect(
            kubeconfig=connections.kubeconfig,
            context=connections.context,
            name=connections.cluster,
            impersonate=connections.impersonate,
            callers=Impersonation(connections.callers, connections.caller_groups)
            if connections.callers
            else None,
            timeout_s=connections.timeout_s,
        ),
        prometheus=Prometheus.connect(connections.prometheus_url, connections.timeout_s),
        alertmanager=alertmanagers.clusters[0].members[0],
        alertmanagers=alertmanagers,
        knowledge=connections.knowledge,
        rules_folder=connections.rules_folder,
        foreign=_foreign_servers(connections),
        billing=Billing(connections.price_book),
        opencost=OpenCost.connect(
            connections.opencost_url, connections.opencost_currency, connections.timeout_s
        )
        if connections.opencost_url
        else None,
    )


def _alertmanagers(connections: Connections) -> "Alertmanagers":
    """The one by its address, unless clusters alone are named, and the clusters."""
    from mcp_servers.backends.alertmanager import Alertmanager
    from mcp_servers.backends.alertmanagers import AlertmanagerCluster, Alertmanagers

    first = (ClusterAddress("default", (connections.alertmanager_url,)),)
    alone = not connections.alertmanager_url and connections.alertmanagers
    return Alertmanagers(
        tuple(
            AlertmanagerCluster(
                one.name,
                tuple(Alertmanager.connect(url, connections.timeout_s) for url in one.members),
                one.labels,
                at_home=one is first[0],
            )
            for one in (*(() if alone else first), *connections.alertmanagers)
        )
    )


def _foreign_servers(connections: Connections) -> "tuple[ForeignServer, ...]":
    if not connections.foreign:
        return ()
    from mcp_servers.backends.foreign import ForeignServer

    return tuple(ForeignServer(one) for one in connections.foreign)


@asynccontextmanager
async def over_http(url: str, token: str) -> AsyncGenerator[Sessions]:
    """The servers behind one MCP address; the token alone says whose every call is."""
    load_mcp()
    from mcp_servers.calling_over_http import at_address

    async with _closing() as stack:
        line, names = await stack.enter_async_context(at_address(url, token))
        yield Sessions(dict.fromkeys(names, line.itself), by_token=True)


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
        answer = await self._sessions.send(name, arguments, self._principal)
        if answer is None:
            known = [spec.name for spec in await self.list()]
            raise SENTENCES.error(NotFound, "no_tool", tool=name, hint=near(name, known))
        return answer
