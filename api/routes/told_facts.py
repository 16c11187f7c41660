"""What you and your organisation told Midwatch to remember."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from agent.teaching import MOST_CHARACTERS, ToldFact
from api.dependencies import Chatter, Current
from api.sent import Sent
from api.turns.notebooks import KeptNotebook

router = APIRouter(prefix="/api/v1/facts", tags=["facts"])


class Fact(BaseModel):
    id: str
    text: str
    told_by: str
    told_at: datetime
    everybody: bool = Field(description="Told to the whole organisation.")


class NewFact(Sent):
    text: str = Field(
        min_length=1, max_length=MOST_CHARACTERS, examples=["team payments owns shop"]
    )
    everybody: bool = False


@router.get("", operation_id="listFacts")
async def list_facts(principal: Chatter, current: Current) -> dict[str, list[Fact]]:
    """Yours and the organisation's, the oldest first."""
    known = await KeptNotebook(current.database, principal).known()
    return {"items": [_fact(one) for one in known]}


@router.post("", operation_id="tellFact", status_code=204)
async def tell_fact(body: NewFact, principal: Chatter, current: Current) -> None:
    """Tell a fact; telling it again changes nothing."""
    notebook = KeptNotebook(current.database, principal)
    await notebook.keep(" ".join(body.text.split()), everybody=body.everybody)


@router.delete("/{fact_id}", operation_id="deleteFact", status_code=204)
async def delete_fact(fact_id: str, principal: Chatter, current: Current) -> None:
    """Delete one of yours, or as a manager one of the organisation's."""
    await KeptNotebook(current.database, principal).forget(fact_id)


def _fact(one: ToldFact) -> Fact:
    return Fact.model_validate(one.shape())
