"""The assistant's own memory of answers by REST: what it keeps, and forgetting it; and asking it."""

from typing import Any, Literal

from fastapi import APIRouter

from api.dependencies import CallerTools, Chatter, takes
from api.routes import query
from api.turns.running import CurrentTurns
from core.principal import Permission

router = APIRouter(prefix="/api/v1/assistant", tags=["assistant"])


@router.post("/query", operation_id="askAssistant")
async def ask_assistant(
    body: query.Query, principal: Chatter, turns: CurrentTurns
) -> dict[str, Any]:
    """The same as POST /api/v1/query."""
    return await query.ask(body, principal, turns)


@router.get(
    "/stats", operation_id="assistantStats", dependencies=[takes(Permission.KNOWLEDGE_READ)]
)
async def assistant_stats(tools: CallerTools) -> dict[str, Any]:
    """What the assistant knows: documents, what makes their vectors, and what is kept of answers."""
    return (await tools.call("knowledge_stats")).data


@router.post(
    "/refresh", operation_id="refreshAssistant", dependencies=[takes(Permission.KNOWLEDGE_MANAGE)]
)
async def refresh_assistant(tools: CallerTools) -> dict[str, Any]:
    """The same as POST /api/v1/knowledge/refresh."""
    return (await tools.call("knowledge_refresh")).data


@router.delete(
    "/cache", operation_id="clearAssistantCache", dependencies=[takes(Permission.KNOWLEDGE_MANAGE)]
)
async def clear_assistant_cache(
    tools: CallerTools, what: Literal["answers", "vectors", "all"] = "answers"
) -> dict[str, Any]:
    """Forget answers that could be given again, or vectors that would be made again."""
    return (await tools.call("knowledge_clear_cache", what=what)).data
