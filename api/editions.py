"""Where embedded and production differ: start-up chooses addresses here, and nowhere else."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson

from api.sentences import SENTENCES
from core.errors import Invalid, OpsError, UpstreamUnavailable, from_code
from core.settings import AlertmanagerSettings, Cluster, Settings
from core.settings.models import ModelSettings, NamedModel

if TYPE_CHECKING:
    from agent.graph import Assistant
    from agent.models import Lineup, ModelChoice
    from core.principal import Principal
    from core.storage.database import Database
    from core.telemetry import Metrics
    from mcp_servers.client import (
        Acceptances,
        AuditSink,
        Connections,
        Desk,
        FixDesk,
        IncidentStore,
        KnowledgePlace,
        Sessions,
    )

# How long the practice cluster has to end its streams.
END_TIMEOUT_S = 5.0
SHIPPED = Path(__file__).parent.parent / "sandbox" / "snapshots"


@asynccontextmanager
async def prepared(
    settings: Settings, *, meanwhile: str = "mcp_servers.client"
) -> AsyncGenerator[Settings]:
    """The settings with the addresses to use; starts the practice cluster when it is asked for.

    That is a process of its own. The module `meanwhile` is imported while it reads its snapshot.
    """
    if settings.cluster is not Cluster.SANDBOX:
        yield settings
        return
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "sandbox", snapshot_folder(settings.snapshot)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        import_module(meanwhile)
        addresses = await _addresses(process)
        yield settings.model_copy(
            update={
                "kubernetes": settings.kubernetes.model_copy(
                    update={"kubeconfig": Path(addresses["kubeconfig"]), "context": ""}
                ),
                "prometheus": settings.prometheus.model_copy(
                    update={"url": addresses["prometheus"]}
                ),
                "alertmanager": AlertmanagerSettings(url=addresses["alertmanager"]),
            }
        )
    finally:
        await _end(process)


async def _addresses(process: asyncio.subprocess.Process) -> dict[str, str]:
    """Where the practice cluster listens. Raises what it says when it cannot."""
    output = cast("asyncio.StreamReader", process.stdout)
    line = await output.readline()
    if not line:
        raise SENTENCES.error(UpstreamUnavailable, "practice_ended", code=await process.wait())
    told: dict[str, str] = orjson.loads(line)
    if "code" in told:
        raise from_code(told["code"], told["message"], told["hint"])
    return told


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its standard input, by which it ends; one that hangs is killed."""
    try:
        async with asyncio.timeout(END_TIMEOUT_S):
            cast("asyncio.StreamWriter", process.stdin).close()
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def snapshot_folder(named: Path) -> Path:
    """The folder itself, or the shipped snapshot of that name."""
    if named.is_dir():
        return named
    if len(named.parts) == 1 and (SHIPPED / named).is_dir():
        return SHIPPED / named
    known = ", ".join(shipped_snapshots())
    raise SENTENCES.error(Invalid, "no_snapshot", named=str(named), known=known)


def shipped_snapshots() -> list[str]:
    """The names of the practice clusters that come with Midwatch."""
    return sorted(path.name for path in SHIPPED.glob("*") if (path / "objects").is_dir())


def connections(settings: Settings, *, knowledge: "KnowledgePlace | None" = None) -> "Connections":
    """Where the real systems are, for the tool servers."""
    from mcp_servers.client import ClusterAddress, Connections, ForeignAddress

    # The pages that people added, if they did: a question by itself makes no index.
    pages = settings.knowledge_folder if settings.knowledge_folder.is_dir() else None
    return Connections(
        kubeconfig=settings.kubernetes.kubeconfig,
        context=settings.kubernetes.context,
        cluster=settings.kubernetes.name,
        impersonate=settings.kubernetes.impersonate,
        callers=settings.kubernetes.impersonate_callers,
        caller_groups=settings.kubernetes.caller_groups,
        prometheus_url=settings.prometheus.url,
        alertmanager_url=settings.alertmanager.url,
        alertmanagers=tuple(
            ClusterAddress(name, one.members, one.labels)
            for name, one in settings.alertmanagers.items()
        ),
        timeout_s=settings.kubernetes.timeout_s,
        knowledge=knowledge or knowledge_place(settings, pages),
        rules_folder=settings.rules.folder,
        foreign=tuple(
            ForeignAddress(
                name=name,
                url=one.url,
                token=one.token.get_secret_value(),
                pin=one.pin,
                timeout_s=one.timeout_s,
            )
            for name, one in settings.foreign.items()
        ),
        price_book=settings.costs.price_book,
        opencost_url=settings.costs.opencost_url,
        opencost_currency=settings.costs.opencost_currency,
    )


def knowledge_place(
    settings: Settings,
    folder: Path | None,
    *,
    sources: Sequence[Path] = (),
    shipped: bool = True,
    in_redis: bool = True,
    keeps_up: bool = False,
) -> "KnowledgePlace":
    """The knowledge base in `folder`, None: in memory, with the embedder of the settings.

    It is in Redis instead where the settings say so; `in_redis` False: whatever they say.
    """
    from mcp_servers.client import KnowledgePlace

    own = settings.knowledge
    return KnowledgePlace(
        redis_url=settings.redis.url if in_redis and own.index == "redis" else "",
        redis_root=own.redis_root,
        keeps_up=keeps_up,
        folder=folder,
        sources=tuple(sources),
        shipped=shipped,
        embedder=own.embedder,
        embedder_url=own.embedder_url,
        embedder_key=own.embedder_key.get_secret_value(),
    )


def model_choice(settings: Settings) -> "ModelChoice":
    return _choice(settings.llm)


def lineup(settings: Settings) -> "Lineup":
    """Who stands in for the first model, and who works for single subagents."""
    from agent.models import Lineup, ModelChoice

    llm = settings.llm
    named = {name: _choice(one) for name, one in llm.more.items()} | {"offline": ModelChoice()}
    return Lineup(
        fallbacks=tuple(named[name] for name in llm.fallbacks),
        subagents={subagent: named[name] for subagent, name in llm.subagents.items()},
        retries=llm.retries,
        failures=llm.failures,
        rest_s=llm.rest_s,
    )


def _choice(one: ModelSettings | NamedModel) -> "ModelChoice":
    from agent.models import ModelChoice

    return ModelChoice(
        provider=one.provider,
        model=one.model or "rules",
        api_key=one.api_key.get_secret_value(),
        base_url=one.base_url,
        timeout_s=one.timeout_s,
    )


@asynccontextmanager
async def opened_sessions(settings: Settings) -> AsyncGenerator["Sessions"]:
    """The tool servers over `settings`' systems, and the practice cluster when it is one of them."""
    async with (
        prepared(settings) as ready,
        kept_acceptances(ready) as acceptances,
        tool_sessions(ready, acceptances=acceptances) as sessions,
    ):
        yield sessions


@asynccontextmanager
async def kept_acceptances(settings: Settings) -> AsyncGenerator["Acceptances | None"]:
    """What was accepted of servers of others; without any, no database is opened for it."""
    if not settings.foreign:
        yield None
        return
    from core.storage.database import Database
    from core.storage.kept_acceptances import KeptAcceptances

    async with Database.opened(settings.database_url) as database:
        yield KeptAcceptances(database)


@asynccontextmanager
async def offline_sessions() -> AsyncGenerator["Sessions"]:
    """The tool servers without a system behind them, for tools that work on what they are given."""
    from mcp_servers.client import Connections

    async with _over(Connections(clusterless=True)) as sessions:
        yield sessions


@asynccontextmanager
async def knowledge_sessions(place: "KnowledgePlace") -> AsyncGenerator["Sessions"]:
    """The knowledge server alone, over the index at `place`."""
    from mcp_servers.client import Connections

    async with _over(
        Connections(clusterless=True, knowledge=place), only=["knowledge"]
    ) as sessions:
        yield sessions


@asynccontextmanager
async def tool_sessions(
    ready: Settings,
    *,
    audit: "AuditSink | None" = None,
    metrics: "Metrics | None" = None,
    knowledge: "KnowledgePlace | None" = None,
    incidents: "IncidentStore | None" = None,
    acceptances: "Acceptances | None" = None,
    fixes: "FixDesk | None" = None,
    desk: "Desk | None" = None,
) -> AsyncGenerator["Sessions"]:
    """The tool servers over the systems at the addresses of `ready`, as `prepared` gave them."""
    reach = connections(ready, knowledge=knowledge)
    over = _over(
        reach,
        audit=audit,
        metrics=metrics,
        incidents=incidents,
        acceptances=acceptances,
        fixes=fixes,
        desk=desk,
    )
    async with over as sessions:
        yield sessions


def alert_desk(settings: Settings, database: "Database") -> "Desk":
    """What alerts and channels work with: the database, the keys to secrets, and the way out."""
    from core.security.encryption import vault_of
    from core.storage.kept_alerts import KeptAlerts
    from mcp_servers.client import desk_over

    return desk_over(
        KeptAlerts(database),
        vault_of(settings),
        practice=settings.cluster is Cluster.SANDBOX,
        private_hosts=settings.channels.private_hosts,
        public_url=settings.server.public_url,
    )


@asynccontextmanager
async def desk_sessions(settings: Settings, *, with_cluster: bool) -> AsyncGenerator["Sessions"]:
    """The tool servers over this installation's database; the cluster only where it is asked."""
    from core.storage.database import Database
    from mcp_servers.client import Connections

    async with Database.opened(settings.database_url) as database:
        desk = alert_desk(settings, database)
        if not with_cluster:
            async with _over(Connections(clusterless=True), desk=desk) as sessions:
                yield sessions
            return
        async with prepared(settings) as ready, tool_sessions(ready, desk=desk) as sessions:
            yield sessions


@asynccontextmanager
async def _over(
    reach: "Connections",
    *,
    audit: "AuditSink | None" = None,
    metrics: "Metrics | None" = None,
    incidents: "IncidentStore | None" = None,
    acceptances: "Acceptances | None" = None,
    fixes: "FixDesk | None" = None,
    only: Sequence[str] = (),
    desk: "Desk | None" = None,
) -> AsyncGenerator["Sessions"]:
    from mcp_servers.client import in_process

    failure: OpsError | None = None
    some = {"only": only} if only else {}
    servers = in_process(
        reach,
        audit=audit,
        metrics=metrics,
        incidents=incidents,
        acceptances=acceptances,
        fixes=fixes,
        **some,
        desk=desk,
    )
    async with servers as sessions:
        try:
            yield sessions
        except OpsError as error:  # through the sessions' task groups it would come out as a group
            failure = error
    if failure:
        raise failure


def fix_desk_over(database: "Database", settings: Settings, reach: Settings) -> "FixDesk":
    """Where plans and changes are kept, and what bounds them; `reach` names the cluster to try on
    copies of."""
    from api.jobs.rehearsals import rehearser
    from core.security.tokens import sealing_key
    from core.storage.kept_fixes import KeptFixes
    from mcp_servers.client import fix_desk

    return fix_desk(
        KeptFixes(database),
        key=sealing_key(settings),
        policy_file=settings.fixes.policy,
        stop_file=settings.stop_file,
        rehearse=rehearser(reach),
    )


@asynccontextmanager
async def opened_assistant(
    settings: Settings,
    sessions: "Sessions",
    *,
    memory: Path | str | None,
    keeper: "Principal | None" = None,
) -> AsyncGenerator["Assistant"]:
    """The supervisor and its subagents. `memory` None: conversations end with the process.

    `keeper` keeps answers about pages; None: nobody does.
    """
    from agent.graph import Assistant
    from agent.limits import Limits

    limits = Limits(
        tool_calls=settings.limits.tool_calls,
        tokens=settings.limits.tokens,
        time_s=settings.limits.time_s,
        usd=settings.budgets.turn_usd,
        approval=timedelta(seconds=settings.limits.approval_s),
    )
    async with Assistant.opened(
        model=model_choice(settings),
        lineup=lineup(settings),
        sessions=sessions,
        memory=memory,
        limits=limits,
        prices=settings.llm.prices,
        foreign={name: one.subagents for name, one in settings.foreign.items()},
        keeper=keeper if settings.knowledge.answers else None,
    ) as assistant:
        yield assistant
