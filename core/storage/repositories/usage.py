"""What the models were used for, one row a call."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, case, func, insert, select

from core.storage.models import ModelUsage, User
from core.storage.records import Spent, UsageDay, UsageRow, UsageTotal
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.repositories.mapping import columns
from core.storage.statements import Session

CALLS = cast("Table", ModelUsage.__table__)
FIELDS = tuple(UsageRow.__dataclass_fields__)
ADD = insert(CALLS)
CALL_LIST = Listing(
    {
        "at": CALLS.c.created_at,
        **{
            one: CALLS.c[one]
            for one in (
                *("subject", "subagent", "provider", "model", "outcome", "input_tokens"),
                *("output_tokens", "cost_usd", "first_token_ms", "duration_ms", "app"),
            )
        },
    },
    (Key(CALLS.c.number, descending=True),),
)


class Usage:
    """Rows are added by the usage log, and stay when their conversation is deleted."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, rows: Sequence[UsageRow]) -> None:
        await self._session.execute(ADD, [columns(row) for row in rows])

    async def totals(
        self, *, since: datetime, until: datetime, subject: str = ""
    ) -> list[UsageTotal]:
        """Per model over [since, until), the dearest first. `subject` "": of everybody."""
        query = (
            select(ModelUsage.provider, ModelUsage.model, *_sums())
            .where(ModelUsage.created_at >= since, ModelUsage.created_at < until)
            .group_by(ModelUsage.provider, ModelUsage.model)
        )
        if subject:
            query = query.where(ModelUsage.subject == subject)
        totals = [UsageTotal(*row) for row in await self._session.execute(query)]
        return sorted(totals, key=lambda total: (-total.cost_usd, -total.input_tokens))

    async def calls(
        self,
        *,
        subject: str = "",
        thread_id: str = "",
        sort: str = "",
        cursor: str = "",
        limit: int = 50,
    ) -> Part[UsageRow]:
        """The newest calls first."""
        query = select(*(CALLS.c[name] for name in FIELDS))
        if subject:
            query = query.where(CALLS.c.subject == subject)
        if thread_id:
            query = query.where(CALLS.c.conversation_id == thread_id)
        return await part(
            self._session, query, CALL_LIST, UsageRow, sort=sort, cursor=cursor, limit=limit
        )

    async def since(self, since: datetime, *, limit: int) -> list[UsageRow]:
        """The newest calls first, without their texts."""
        texts = ("prompt", "reply")
        columns = [CALLS.c[name] for name in FIELDS if name not in texts]
        query = select(*columns).where(CALLS.c.created_at >= since)
        found = await self._session.execute(query.order_by(CALLS.c.number.desc()).limit(limit))
        return [UsageRow(*fields) for fields in found]

    async def spent_since(self, since: datetime, *, subject: str = "") -> Spent:
        """`subject` "": by everybody."""
        mine = [CALLS.c.subject == subject] if subject else []
        return await self._spent(CALLS.c.created_at >= since, *mine)

    async def spent_in(self, thread_id: str) -> Spent:
        return await self._spent(CALLS.c.conversation_id == thread_id)

    async def by_day(self, since: datetime, until: datetime) -> list[UsageDay]:
        """By UTC day, person and model over [since, until), the days in their order."""
        is_sqlite = self._session.get_bind().dialect.name == "sqlite"
        at = CALLS.c.created_at
        day = func.date(at if is_sqlite else func.timezone("UTC", at))
        who = (CALLS.c.subject, func.coalesce(User.team, ""))
        tokens = func.sum(CALLS.c.input_tokens + CALLS.c.output_tokens)
        unpriced = func.sum(case((CALLS.c.cost_usd.is_(None), 1), else_=0))
        cost = func.coalesce(func.sum(CALLS.c.cost_usd), 0.0)
        query = (
            select(day, *who, CALLS.c.model, func.count(), unpriced, tokens, cost)
            .join(User, User.name == CALLS.c.subject, isouter=True)
            .where(at >= since, at < until)
            .group_by(day, *who, CALLS.c.model)
            .order_by(day)
        )
        found: list[tuple[Any, ...]] = [tuple(row) for row in await self._session.execute(query)]
        return [UsageDay(date.fromisoformat(str(row[0])), *row[1:]) for row in found]

    async def first_day(self) -> date | None:
        """When a model was first called."""
        found = (await self._session.execute(select(func.min(CALLS.c.created_at)))).scalar()
        return found.date() if found else None

    async def _spent(self, *where: ColumnElement[bool]) -> Spent:
        tokens = func.sum(CALLS.c.input_tokens + CALLS.c.output_tokens)
        query = select(func.coalesce(tokens, 0), func.coalesce(func.sum(CALLS.c.cost_usd), 0.0))
        found = (await self._session.execute(query.where(*where))).one()
        return Spent(int(found[0]), Decimal(str(found[1])))


def _sums() -> tuple[Any, ...]:
    unpriced = case((ModelUsage.cost_usd.is_(None), 1), else_=0)
    failed = case((ModelUsage.outcome == "ok", 0), else_=1)
    return (
        func.count(func.distinct(ModelUsage.run_id)),
        func.sum(ModelUsage.input_tokens),
        func.sum(ModelUsage.output_tokens),
        func.coalesce(func.sum(ModelUsage.cost_usd), 0.0),
        func.sum(unpriced),
        func.count(),
        func.sum(failed),
        func.sum(ModelUsage.cache_read_tokens),
        func.sum(ModelUsage.cache_write_tokens),
        func.sum(ModelUsage.reasoning_tokens),
    )
