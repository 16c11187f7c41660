"""Is it alive, is it ready, what does it reach, what does it count."""

from typing import Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.dependencies import Caller, Current, Opened
from api.problems import language_of, problem
from core.errors import OpsError

router = APIRouter(tags=["health"])


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
async def list_components(request: Request, principal: Caller, current: Current) -> dict[str, Any]:
    """Each system that Midwatch works with, asked just now: reached with your rights or not, why, and how fast.
    Models are asked for their lists, which costs no tokens, at most every 15 seconds."""
    from api.routes.components import components
    from api.routes.model_probe import Models

    state = request.app.state
    state.models = getattr(state, "models", None) or Models(current.settings.llm)
    told = await components(
        current.settings,
        current.sessions,
        principal,
        models=state.models,
        database=current.database,
        language=language_of(request),
    )
    return {"items": told}


async def _database(current: Opened) -> str:
    try:
        await current.database.ping()
    except OpsError as error:
        return str(error)
    return "ok"


def _tools(current: Opened) -> str:
    return "ok" if current.sessions.built else "no tool server is running"
