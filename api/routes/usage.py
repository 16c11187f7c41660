"""What the models were used for, and what that cost."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.dependencies import Current, Needs
from api.listing import Cursor, sort_by
from core.clock import utc_now
from core.principal import Permission, Principal
from core.storage.records import UsageRow
from core.storage.repositories.usage import Usage

router = APIRouter(prefix="/api/v1", tags=["usage"])

Reader = Annotated[Principal, Depends(Needs(Permission.USAGE_READ))]
Subject = Annotated[str, Query(max_length=200)]


class Call(BaseModel):
    """One request to a model."""

    at: datetime
    subject: str
    thread_id: str
    run_id: str
    request_id: str
    subagent: str
    provider: str
    model: str
    outcome: str = Field(description="`ok`, or the stable name of what went wrong.")
    input_tokens: int = Field(description="With those read from and written to the cache.")
    output_tokens: int = Field(description="With those of reasoning.")
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    estimated: bool = Field(description="The provider did not say how many tokens it took.")
    cost_usd: float | None = Field(description="null: the model has no known price.")
    unpriced: bool
    first_token_ms: int | None = Field(description="null: nothing came.")
    duration_ms: int
    app: str = Field(
        description="By what who asked came in: page, sign-in, provider, slack, dingtalk, feishu, or key: and the label of an API token."
    )
    prompt: str | None = Field(description="What was new in it; null unless texts are kept.")
    reply: str | None


class Calls(BaseModel):
    items: list[Call]
    next_cursor: str = Field(description="Goes on below the last call; empty at the end.")


@router.get("/usage", operation_id="listUsage")
async def list_usage(
    _reader: Reader,
    current: Current,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    subject: Subject = "",
) -> dict[str, Any]:
    """What each model was used for; `unpriced` counts calls whose model has no known price."""
    until = utc_now()
    since = until - timedelta(days=days)
    async with current.database.session() as session:
        totals = await Usage(session).totals(since=since, until=until, subject=subject)
    return {"since": since, "until": until, "items": totals}


@router.get("/usage/calls", operation_id="listModelCalls")
async def list_model_calls(
    _reader: Reader,
    current: Current,
    subject: Subject = "",
    thread_id: Annotated[str, Query(max_length=64)] = "",
    sort: Annotated[
        str,
        sort_by(
            "at subject subagent provider model outcome input_tokens output_tokens cost_usd "
            "first_token_ms duration_ms app"
        ),
    ] = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Calls:
    """Every call of a model, the newest first; it appears within a second."""
    async with current.database.session() as session:
        found = await Usage(session).calls(
            subject=subject, thread_id=thread_id, sort=sort, cursor=cursor, limit=limit
        )
    return Calls(items=[_call(row) for row in found.rows], next_cursor=found.cursor)


def _call(row: UsageRow) -> Call:
    return Call(
        at=row.created_at,
        subject=row.subject,
        thread_id=row.conversation_id,
        run_id=row.run_id,
        request_id=row.request_id,
        subagent=row.subagent,
        provider=row.provider,
        model=row.model,
        outcome=row.outcome,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        reasoning_tokens=row.reasoning_tokens,
        estimated=row.estimated,
        cost_usd=row.cost_usd,
        unpriced=row.cost_usd is None,
        first_token_ms=row.first_token_ms,
        duration_ms=row.duration_ms,
        app=row.app,
        prompt=row.prompt,
        reply=row.reply,
    )
