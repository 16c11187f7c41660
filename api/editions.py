"""Where embedded and production differ: start-up chooses addresses here, and nowhere else."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Invalid, OpsError
from core.settings import (
    AlertmanagerSettings,
    Cluster,
    KubernetesSettings,
    PrometheusSettings,
    Settings,
)

if TYPE_CHECKING:
    from agent.graph import Assistant
    from agent.models import ModelChoice
    from core.telemetry import Metrics
    from mcp_servers.client import AuditSink, Connections, Sessions

SHIPPED = Path(__file__).parent.parent / "sandbox" / "snapshots"


@asynccontextmanager
async def prepared(settings: Settings) -> AsyncGenerator[Settings]:
    """The settings with the addresses to use; starts the practice cluster when it is asked for."""
    if settings.cluster is not Cluster.SANDBOX:
        yield settings
        return
    from sandbox.server import serving

    async with serving(snapshot_folder(settings.snapshot)) as addresses:
        yield settings.model_copy(
            update={
                "kubernetes": KubernetesSettings(
                    kubeconfig=addresses.kubeconfig,
                    impersonate=settings.kubernetes.impersonate,
                    timeout_s=settings.kubernetes.timeout_s,
                ),
                "prometheus": PrometheusSettings(
                    url=addresses.prometheus, timeout_s=settings.prometheus.timeout_s
                ),
                "alertmanager": AlertmanagerSettings(url=addresses.alertmanager),
            }
        )


def snapshot_folder(named: Path) -> Path:
    """The folder itself, or the shipped snapshot of that name."""
    if named.is_dir():
        return named
    if len(named.parts) == 1 and (SHIPPED / named).is_dir():
        return SHIPPED / named
    known = ", ".join(shipped_snapshots())
    raise Invalid(f"There is no snapshot folder {named}.", hint=f"Shipped: {known}.")


def shipped_snapshots() -> list[str]:
    """The names of the practice clusters that come with Midwatch."""
    return sorted(path.name for path in SHIPPED.glob("*") if (path / "objects").is_dir())


def connections(settings: Settings, *, knowledge_folder: Path | None = None) -> "Connections":
    """Where the real systems are, for the tool servers."""
    from mcp_servers.client import Connections

    return Connections(
        kubeconfig=settings.kubernetes.kubeconfig,
        context=settings.kubernetes.context,
        impersonate=settings.kubernetes.impersonate,
        prometheus_url=settings.prometheus.url,
        alertmanager_url=settings.alertmanager.url,
        timeout_s=settings.kubernetes.timeout_s,
        knowledge_folder=knowledge_folder,
    )


def model_choice(settings: Settings) -> "ModelChoice":
    from agent.models import ModelChoice

    return ModelChoice(
        provider=settings.llm.provider,
        model=settings.llm.model or "rules",
        api_key=settings.llm.api_key.get_secret_value(),
        base_url=settings.llm.base_url,
        timeout_s=settings.llm.timeout_s,
    )


@asynccontextmanager
async def opened_sessions(
    settings: Settings,
    *,
    audit: "AuditSink | None" = None,
    metrics: "Metrics | None" = None,
    knowledge_folder: Path | None = None,
) -> AsyncGenerator["Sessions"]:
    """The tool servers over `settings`' systems, and the practice cluster when it is one of them."""
    from mcp_servers.client import in_process

    failure: OpsError | None = None
    async with AsyncExitStack() as stack:
        ready = await stack.enter_async_context(prepared(settings))
        reach = connections(ready, knowledge_folder=knowledge_folder)
        sessions = await stack.enter_async_context(in_process(reach, audit=audit, metrics=metrics))
        try:
            yield sessions
        except OpsError as error:  # through the sessions' task groups it would come out as a group
            failure = error
    if failure:
        raise failure


@asynccontextmanager
async def opened_assistant(
    settings: Settings, sessions: "Sessions", *, memory: Path | None
) -> AsyncGenerator["Assistant"]:
    """The supervisor and its subagents. `memory` None: conversations end with the process."""
    from agent.graph import Assistant
    from agent.limits import Limits

    limits = Limits(
        tool_calls=settings.limits.tool_calls,
        tokens=settings.limits.tokens,
        time_s=settings.limits.time_s,
    )
    choice = model_choice(settings)
    async with Assistant.opened(
        model=choice, sessions=sessions, memory=memory, limits=limits
    ) as assistant:
        yield assistant
