"""What else clients of OpenAI's API ask for below `/v1`: told in the shape that they raise from."""

from fastapi import APIRouter, Request

from api.openai_compat.failures import OpenAIRoute
from api.sentences import SENTENCES
from core.errors import NotFound

router = APIRouter(prefix="/v1", route_class=OpenAIRoute)
KNOWN = "GET /v1/models, POST /v1/chat/completions, POST /v1/responses"


@router.api_route(
    "/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
)
async def elsewhere(path: str, request: Request) -> None:
    """404, embeddings and the like: also where a known address is asked by another method."""
    raise SENTENCES.error(
        NotFound, "no_openai_route", method=request.method, path=f"/v1/{path}", known=KNOWN
    )
