"""budgets_expect: what somebody says of a change of spend, so that its like is no news."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.payers import known_payer
from core.principal import Principal
from core.storage.budget_records import SpendNoteRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.hourly_changes import hours_of
from mcp_servers.budgets.sentences import SENTENCES
from mcp_servers.budgets.spend_changes import studied

HOURLY = "T"


class Expected(BaseModel):
    id: str
    scope: str
    direction: str
    start: str
    note: str

    def as_text(self) -> str:
        return f"{self.scope} {self.direction} from {self.start}: expected, {self.note}"


async def budgets_expect(
    scope: Annotated[str, Field(max_length=400, description="As the anomaly tells it.")],
    start: Annotated[
        str,
        Field(
            pattern=r"^\d{4}-\d\d-\d\d(T\d\d:00(:00)?Z?)?$",
            description="Its first day, or of hours YYYY-MM-DDTHH:00.",
        ),
    ],
    note: Annotated[str, Field(min_length=1, max_length=500, description="Why it was expected.")],
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> Expected:
    """Say that a change of spend was expected: it, and what is like it, is no news any more."""
    step = "hour" if HOURLY in start else "day"
    scope = known_payer(scope)
    found = await (_hours if step == "hour" else _days)(purse, desk, caller, scope)
    start = f"{start[:13]}:00Z" if step == "hour" else start
    for one in found:
        if (one.scope, one.start) == (scope, start):
            break
    else:
        known = ", ".join(f"{one.scope} {one.start}" for one in found) or "none"
        raise SENTENCES.error(Invalid, "no_anomaly", scope=scope, start=start, known=known)
    name = hashlib.sha256(f"{scope}\0{start}\0{one.direction}".encode()).hexdigest()[:32]
    row = SpendNoteRow(
        id=name,
        scope=scope,
        direction=one.direction,
        size=one.size,
        start=datetime.fromisoformat(start).astimezone(UTC).date()
        if step == "hour"
        else datetime.fromisoformat(start).date(),
        note=note,
        created_by=caller.subject,
        created_at=utc_now(),
        step=step,
    )
    async with desk.session() as tables:
        await tables.days.note(row)
    return Expected(id=name, scope=scope, direction=one.direction, start=start, note=note)


class _Change(BaseModel):
    """`size`: its impact a day, or an hour."""

    scope: str
    start: str
    direction: str
    size: float


async def _days(purse: Purse, desk: Desk, caller: Principal, scope: str) -> list[_Change]:
    lines = (await studied(purse, desk, caller, "", _by(scope))).lines
    return [
        _Change(
            scope=one.scope,
            start=str(one.start),
            direction=one.direction,
            size=abs(one.impact) / ((one.end - one.start).days + 1),
        )
        for one in lines
    ]


async def _hours(purse: Purse, _: Desk, caller: Principal, scope: str) -> list[_Change]:
    return [
        _Change(
            scope=one.scope,
            start=f"{one.start:%Y-%m-%dT%H}:00Z",
            direction=one.direction,
            size=abs(one.impact) / one.hours,
        )
        for one in await hours_of(purse, caller, _by(scope))
    ]


def _by(scope: str) -> str:
    return f"label:{scope.partition('=')[0]}" if "=" in scope else "namespace"
