"""The knowledge base by REST: search, list, read, upload, delete, refresh, statistics, cache."""

import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api.dependencies import CallerTools, takes
from api.listing import sort_by
from api.sent import Sent
from api.turns.afterwards import drafted
from core.principal import Permission

router = APIRouter(prefix="/api/v1/knowledge", tags=["knowledge"])

Filter = Annotated[str, Query(max_length=200)]


class Search(Sent):
    query: str = Field(min_length=1, max_length=500, examples=["how do I drain a node"])
    k: int = Field(default=5, ge=1, le=20, description="How many passages at most.")
    service: str = ""
    tag: str = ""
    language: Literal["", "en", "zh"] = ""
    rule: str = Field(default="", description="A rule of diagnosis, such as pod.oom_killed.")


@router.post(
    "/search", operation_id="searchKnowledge", dependencies=[takes(Permission.KNOWLEDGE_READ)]
)
async def search_knowledge(tools: CallerTools, body: Search) -> dict[str, Any]:
    """Passages that answer a question, and whether any of them really does."""
    return (await tools.call("knowledge_search", **body.model_dump())).data


class Drafting(Sent):
    """An incident or an alert by its id, or what is wrong now with what is named; with none, the last incident."""

    kind: Literal["postmortem", "runbook"] = "postmortem"
    incident_id: str = Field(default="", max_length=64, examples=["inc-0a1b2c3d4e5f"])
    alert_id: str = Field(default="", max_length=32, description="As /api/v1/alerts shows it.")
    namespace: str = Field(default="", max_length=63)
    resource_kind: str = Field(default="", max_length=100, examples=["Deployment"])
    name: str = Field(default="", max_length=253, examples=["checkout"])
    symptom: str = Field(default="", max_length=500)
    language: Literal["en", "zh"] = "en"


class Rating(Sent):
    question: str = Field(min_length=1, max_length=500)
    helpful: bool
    docs: list[str] = Field(default=[], max_length=20, description="Documents that it cited.")
    comment: str = Field(default="", max_length=500)


@router.post(
    "/feedback", operation_id="rateAnswer", dependencies=[takes(Permission.KNOWLEDGE_READ)]
)
async def rate_answer(tools: CallerTools, body: Rating) -> dict[str, Any]:
    """Whether an answer from the knowledge base helped; who said so is not kept."""
    return (await tools.call("knowledge_rate_answer", **body.model_dump())).data


@router.get(
    "/gaps", operation_id="knowledgeGaps", dependencies=[takes(Permission.KNOWLEDGE_MANAGE)]
)
async def gaps(
    tools: CallerTools, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """What people asked that no page answers, or whose answers did not help."""
    return (await tools.call("knowledge_gaps", limit=limit)).data


@router.delete(
    "/gaps/{gap_id}", operation_id="closeGap", dependencies=[takes(Permission.KNOWLEDGE_MANAGE)]
)
async def close_gap(tools: CallerTools, gap_id: str) -> dict[str, Any]:
    """Take a question off the list of gaps."""
    return (await tools.call("knowledge_close_gap", gap_id=gap_id)).data


@router.post("/draft", operation_id="draftPage", dependencies=[takes(Permission.INCIDENTS_READ)])
async def draft_page(tools: CallerTools, body: Drafting) -> dict[str, Any]:
    """A postmortem or a runbook in Markdown, for a person to edit; nothing is added by it."""
    return await drafted(tools, body.model_dump(exclude_defaults=True))


@router.get(
    "/documents", operation_id="listDocuments", dependencies=[takes(Permission.KNOWLEDGE_READ)]
)
async def list_documents(
    tools: CallerTools,
    service: Filter = "",
    tag: Filter = "",
    rule: Filter = "",
    cursor: str = "",
    sort: Annotated[str, sort_by("doc title language passages owner service")] = "",
) -> dict[str, Any]:
    """The documents that the caller may read."""
    filters = {"service": service, "tag": tag, "rule": rule, "sort": sort}
    return (await tools.call("knowledge_list_documents", cursor=cursor, **filters)).data


@router.get(
    "/documents/{doc:path}",
    operation_id="getDocument",
    dependencies=[takes(Permission.KNOWLEDGE_READ)],
)
async def get_document(
    tools: CallerTools, doc: str, offset: Annotated[int, Query(ge=0)] = 0
) -> dict[str, Any]:
    """A document as Markdown, from a place in it on."""
    return (await tools.call("knowledge_get_document", doc=doc, offset=offset)).data


@router.put(
    "/documents/{name:path}",
    operation_id="putDocument",
    dependencies=[takes(Permission.KNOWLEDGE_MANAGE)],
)
async def put_document(tools: CallerTools, name: str, request: Request) -> dict[str, Any]:
    """Add the file in the body, or replace the document of that name. A .zip adds the pages in it."""
    content = await request.body()
    encoded = base64.b64encode(content).decode()
    return (await tools.call("knowledge_add_document", name=name, content_base64=encoded)).data


@router.delete(
    "/documents/{doc:path}",
    operation_id="deleteDocument",
    dependencies=[takes(Permission.KNOWLEDGE_MANAGE)],
)
async def delete_document(tools: CallerTools, doc: str) -> dict[str, Any]:
    """Take a document out; what is shipped stays."""
    return (await tools.call("knowledge_delete_document", doc=doc)).data


@router.post(
    "/refresh", operation_id="refreshKnowledge", dependencies=[takes(Permission.KNOWLEDGE_MANAGE)]
)
async def refresh(tools: CallerTools) -> dict[str, Any]:
    """Look through the folders that were added: changed pages go in, deleted ones out."""
    return (await tools.call("knowledge_refresh")).data


@router.get(
    "/stats", operation_id="knowledgeStats", dependencies=[takes(Permission.KNOWLEDGE_READ)]
)
async def stats(tools: CallerTools) -> dict[str, Any]:
    """How many documents there are, and how far a running ingest is."""
    return (await tools.call("knowledge_stats")).data


@router.delete(
    "/cache", operation_id="clearKnowledgeCache", dependencies=[takes(Permission.KNOWLEDGE_MANAGE)]
)
async def clear_cache(
    tools: CallerTools, what: Literal["answers", "vectors", "all"] = "answers"
) -> dict[str, Any]:
    """Forget answers that could be given again, or vectors that would be made again."""
    return (await tools.call("knowledge_clear_cache", what=what)).data
