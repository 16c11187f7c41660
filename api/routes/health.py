"""Is it alive, is it ready, what does it reach, what does it count."""

from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.dependencies import Caller, Current, Opened
from api.problems import problem
from core.clock import monotonic_s
from core.errors import OpsError
from core.principal import Principal
from core.settings import Cluster, Settings
from mcp_servers.client import Sessions, Tools

router = APIRouter(tags=["health"])

# A cheap read of each system, for whoever may do it.
PROBES = {
    "kubernetes": "kubernetes_list_namespaces",
    "prometheus": "prometheus_targets",
    "alertmanager": "prometheus_alerts",
}


class Version(BaseModel):
    version: str


@router.get("/livez", operation_id="livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="readyz")
async def readyz(
    request: Request, current: Current, verbose: str | None = Query(default=None)
) -> Any:
    """Questions can be answered and kept. `?verbose` says what was looked at."""
    checks = {"database": await _database(current), "tools": _tools(current)}
    failed = [f"{name}: {why}" for name, why in checks.items() if why != "ok"]
    if failed:
        return problem("upstream_unavailable", "; ".join(failed), request)
    return {"status": "ok", **({"checks": checks} if verbose is not None else {})}


@router.get("/metrics", operation_id="metrics", response_class=Response)
async def metrics(current: Current) -> Response:
    """What Midwatch counts about itself, for Prometheus."""
    text = "text/plain; version=0.0.4; charset=utf-8"
    return Response(current.metrics.exposition(), media_type=text)


@router.get("/version", operation_id="version")
async def version(request: Request) -> Version:
    """The version that runs."""
    return Version(version=request.app.version)


@router.get("/api/v1/health/components", operation_id="listComponents")
async def list_components(principal: Caller, current: Current) -> dict[str, Any]:
    """Each system that Midwatch works with: reached with your rights or not, why, and how fast."""
    told = await components(current.settings, current.sessions, principal)
    kept = await _timed(_database_component(current))
    return {"items": [kept, *told]}


async def components(
    settings: Settings, sessions: Sessions, principal: Principal
) -> list[dict[str, Any]]:
    """What `midwatch doctor` shows; `status` is ok, off (not configured) or failed.

    `response_ms` is how long a system took that was asked just now.
    """
    tools = Tools(sessions, principal)
    offered = {spec.name for spec in await tools.list()}
    configured = _configured(settings)
    probes = [
        await _timed(_probed(tools, name, tool)) if name in configured else _off(name)
        for name, tool in PROBES.items()
        if tool in offered
    ]
    return [
        {"name": "cluster", "status": "ok", "detail": settings.cluster.value},
        *probes,
        *([await _timed(_foreign(tools))] if "foreign_list_servers" in offered else []),
        {"name": "model", "status": "ok", "detail": _model(settings)},
        {"name": "tool servers", "status": "ok", "detail": ", ".join(sorted(sessions.built))},
    ]


async def _timed(probe: Awaitable[dict[str, str]]) -> dict[str, Any]:
    started_s = monotonic_s()
    told = await probe
    return {**told, "response_ms": round((monotonic_s() - started_s) * 1000)}


async def _database_component(current: Opened) -> dict[str, str]:
    why = await _database(current)
    return {"name": "database", "status": "ok" if why == "ok" else "failed", "detail": why}


def _configured(settings: Settings) -> set[str]:
    """The systems with an address; the practice cluster brings all three."""
    if settings.cluster is Cluster.SANDBOX:
        return set(PROBES)
    addresses = {"prometheus": settings.prometheus.url, "alertmanager": settings.alertmanager.url}
    return {"kubernetes", *(name for name, url in addresses.items() if url)}


def _off(name: str) -> dict[str, str]:
    return {"name": name, "status": "off", "detail": f"MIDWATCH_{name.upper()}__URL is not set"}


async def _probed(tools: Tools, name: str, tool: str) -> dict[str, str]:
    try:
        answer = await tools.call(tool)
    except OpsError as error:
        return {"name": name, "status": "failed", "detail": f"{error.code}: {error}"}
    first = next(iter(answer.text.splitlines()), "")
    # Alerts come from Prometheus while Alertmanager is away, and the note says why.
    away = name == "alertmanager" and answer.data["source"] != name
    detail = answer.data["note"] if away else first
    return {"name": name, "status": "failed" if away else "ok", "detail": detail[:200]}


async def _foreign(tools: Tools) -> dict[str, str]:
    """Servers of others; one that nobody accepted yet is not a failure, it waits for a person."""
    answer = await tools.call("foreign_list_servers")
    states = {one["name"]: one["state"] for one in answer.data["servers"]}
    failed = {"changed", "unreachable"} & set(states.values())
    detail = ", ".join(f"{name}: {state}" for name, state in states.items())
    status = "failed" if failed else "ok"
    return {"name": "foreign servers", "status": status, "detail": detail}


def _model(settings: Settings) -> str:
    if settings.llm.provider == "offline":
        return "offline: rules, no model is used"
    return f"{settings.llm.provider} {settings.llm.model} {settings.llm.base_url}".strip()


async def _database(current: Opened) -> str:
    try:
        await current.database.ping()
    except OpsError as error:
        return str(error)
    return "ok"


def _tools(current: Opened) -> str:
    return "ok" if current.sessions.built else "no tool server is running"
