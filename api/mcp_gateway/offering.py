"""What one caller may use, and how a refusal crosses the protocol where no tool result carries it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS
from starlette.requests import Request

from api.problems import language_of
from core.errors import Invalid, NotFound, OpsError
from core.principal import Principal
from mcp_servers.client import Tools


async def tools_of(tools: Tools) -> frozenset[str]:
    """The names of all tools that this caller may use."""
    return frozenset(one.name for one in await tools.list())


def spoken(principal: Principal, request: Request | None) -> str:
    """The language of refusals: the caller's own, else what their client asks for."""
    if principal.language != "auto" or request is None:
        return principal.language
    return language_of(request)


@asynccontextmanager
async def refusals_told(language: str) -> AsyncGenerator[None]:
    """An `OpsError` inside becomes the protocol's error: a sentence, and the fields for programs."""
    try:
        yield
    except OpsError as error:
        code = INVALID_PARAMS if isinstance(error, (Invalid, NotFound)) else INTERNAL_ERROR
        raise MCPError(code, error.told(language), error.fields()) from error
