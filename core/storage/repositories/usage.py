"""What the models were used for."""

from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import ModelUsage
from core.storage.records import UsageTotal


class Usage:
    """Rows are written with the turn they belong to, by `Conversations.append_turn`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

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


def _sums() -> tuple[Any, ...]:
    unpriced = case((ModelUsage.cost_usd.is_(None), 1), else_=0)
    return (
        func.count(func.distinct(ModelUsage.message_id)),
        func.sum(ModelUsage.input_tokens),
        func.sum(ModelUsage.output_tokens),
        func.coalesce(func.sum(ModelUsage.cost_usd), 0.0),
        func.sum(unpriced),
    )
