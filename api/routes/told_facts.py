"""What you and your organisation told Midwatch to remember."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from agent.teaching import MOST_CHARACTERS
from api.dependencies import Chatter, Current
from api.listing import Cursor, Limit, sort_by
from api.sent import Sent
from api.turns.notebooks import KeptNotebook
from core.storage.records import FactRow
from core.storage.repositories.told_facts import ToldFacts

router = APIRouter(prefix="/api/v1/facts", tags=["facts"])


class Fact(BaseModel):
    id: str
    text: str
    told_by: str
    told_at: datetime
    everybody: bool = Field(description="Told to the whole organisation.")


class FactList(BaseModel):
    items: list[Fact]
    next_cursor: str = Field(description="Goes on after the last item; empty at the end.")


class NewFact(Sent):
    text: str = Field(
        min_length=1, max_length=MOST_CHARACTERS, examples=["team payments owns shop"]
    )
    everybody: bool = False


@router.get("", operation_id="listFacts")
async def list_facts(
    principal: Chatter,
    current: Current,
    sort: Annotated[str, sort_by("text told_by told_at")] = "",
    cursor: Cursor = "",
    limit: Limit = None,
) -> FactList:
    """Yours and the organisation's, the oldest first."""
    async with current.database.session() as session:
        found = await ToldFacts(session).page(
            principal.subject, sort=sort, cursor=cursor, limit=limit
        )
    return FactList(items=[_fact(row) for row in found.rows], next_cursor=found.cursor)


@router.post("", operation_id="tellFact", status_code=204)
async def tell_fact(body: NewFact, principal: Chatter, current: Current) -> None:
    """Tell a fact; telling it again changes nothing."""
    notebook = KeptNotebook(current.database, principal)
    await notebook.keep(" ".join(body.text.split()), everybody=body.everybody)


@router.delete("/{fact_id}", operation_id="deleteFact", status_code=204)
async def delete_fact(fact_id: str, principal: Chatter, current: Current) -> None:
    """Delete one of yours, or as a manager one of the organisation's."""
    await KeptNotebook(current.database, principal).forget(fact_id)


def _fact(row: FactRow) -> Fact:
    return Fact(
        id=row.id,
        text=row.text,
        told_by=row.subject,
        told_at=row.created_at,
        everybody=row.scope == "organisation",
    )
