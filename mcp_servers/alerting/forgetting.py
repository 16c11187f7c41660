"""What is over and old goes: alerts, messages, jobs and rounds, a few at a time."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from mcp_servers.backends.alert_desk import Desk

# So many transactions at most in one go; what is left goes the next time.
ROUNDS = 200


class Forgotten(BaseModel):
    alerts: int
    messages: int
    jobs: int
    rounds: int
    flag_events: int = Field(description="Of smart functions.")

    def as_text(self) -> str:
        return (
            f"{self.alerts} alerts, {self.messages} messages, {self.jobs} jobs, {self.rounds} rounds, "
            f"{self.flag_events} events of flags"
        )


async def alerting_forget_old(
    days: Annotated[int, Field(ge=1, le=3660, description="What is over for longer goes.")],
    *,
    desk: Desk,
) -> Forgotten:
    """Drop what came to an end longer ago than this. Run by the jobs; what fires or waits stays."""
    before, total = utc_now() - timedelta(days=days), [0, 0, 0, 0, 0]
    for _ in range(ROUNDS):
        async with desk.session() as tables:
            gone = [
                await tables.alerts.forget(before),
                await tables.outbox.forget(before),
                await tables.jobs.forget(before),
                await tables.patrols.forget(before),
                await tables.flags.forget(before),
            ]
        total = [one + more for one, more in zip(total, gone, strict=True)]
        if not any(gone):
            break
    return Forgotten(
        alerts=total[0], messages=total[1], jobs=total[2], rounds=total[3], flag_events=total[4]
    )
