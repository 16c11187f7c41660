"""What a client of LangGraph's platform asks first: who this is, and which assistants there are."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.dependencies import Chatter
from api.langgraph_compat.asking import check_assistant
from api.langgraph_compat.door import PREFIX, KeyRoute
from api.langgraph_compat.shapes import GRAPH, Wire

router = APIRouter(prefix=PREFIX, tags=["langgraph"], route_class=KeyRoute)
SINCE = "2026-01-01T00:00:00+00:00"
MESSAGES: Wire = {"type": "object", "properties": {"messages": {"type": "array"}}}


class AssistantsAsked(BaseModel):
    model_config = ConfigDict(extra="allow")

    graph_id: str | None = None


@router.get("/info", operation_id="langgraphInfo")
async def info(_principal: Chatter) -> dict[str, Any]:
    """Which part of the platform there is."""
    flags = {"assistants": True, "crons": False, "langsmith": False}
    return {"version": version("midwatch"), "flags": flags}


@router.get("/ok", operation_id="langgraphOk")
async def ok(_principal: Chatter) -> dict[str, bool]:
    """The service answers."""
    return {"ok": True}


@router.post("/assistants/search", operation_id="searchAssistants")
async def search_assistants(_principal: Chatter, body: AssistantsAsked) -> list[dict[str, Any]]:
    """The one assistant there is."""
    return [_assistant()] if body.graph_id in (None, GRAPH, "agent") else []


@router.get("/assistants/{assistant_id}", operation_id="getAssistant")
async def get_assistant(assistant_id: str, _principal: Chatter) -> dict[str, Any]:
    """404 for every name but `midwatch`, and `agent`, which stands for it."""
    check_assistant(assistant_id)
    return _assistant()


@router.get("/assistants/{assistant_id}/schemas", operation_id="getAssistantSchemas")
async def get_schemas(assistant_id: str, _principal: Chatter) -> dict[str, Any]:
    """What goes in and comes out: messages."""
    check_assistant(assistant_id)
    schemas = dict.fromkeys(("input_schema", "output_schema", "state_schema"), MESSAGES)
    return {"graph_id": GRAPH, **schemas, "config_schema": None, "context_schema": None}


def _assistant() -> Wire:
    return {
        "assistant_id": GRAPH,
        "graph_id": GRAPH,
        "name": "Midwatch",
        "description": "",
        "config": {},
        "context": {},
        "metadata": {},
        "version": 1,
        "created_at": SINCE,
        "updated_at": SINCE,
    }
