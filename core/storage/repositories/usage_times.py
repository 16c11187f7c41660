"""What is needed of each model call to say how fast, how surely and how dearly models answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select

from core.storage.models import ModelUsage
from core.storage.statements import Session

CALLS = cast("Table", ModelUsage.__table__)


@dataclass(frozen=True, slots=True)
class CallTimes:
    """One call, without its texts. `cost_usd` None: no known price; `first_token_ms` None: nothing came."""

    created_at: datetime
    subject: str
    model: str
    subagent: str
    app: str
    outcome: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    first_token_ms: int | None
    duration_ms: int


FIELDS = tuple(CallTimes.__dataclass_fields__)


async def times(
    session: Session,
    *,
    since: datetime,
    until: datetime,
    subject: str = "",
    model: str = "",
    app: str = "",
    limit: int,
) -> list[CallTimes]:
    """Over [since, until), the newest first; `subject`, `model` and `app` "": of all."""
    query = (
        select(*(CALLS.c[name] for name in FIELDS))
        .where(CALLS.c.created_at >= since, CALLS.c.created_at < until)
        .order_by(CALLS.c.number.desc())
        .limit(limit)
    )
    if subject:
        query = query.where(CALLS.c.subject == subject)
    if app:
        query = query.where(CALLS.c.app == app)
    if model:
        query = query.where(CALLS.c.model == model)
    return [CallTimes(*row) for row in await session.execute(query)]
