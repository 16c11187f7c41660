"""When a silence begins: now, or with the work that it is for."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from core.errors import Invalid
from mcp_servers.alerting.sentences import SENTENCES

Start = Annotated[
    str, Field(max_length=40, description="ISO 8601, at most 7 days ahead; empty: now.")
]
AHEAD = timedelta(days=7)
# Who asked was answered, read it and said yes meanwhile.
LATE = timedelta(minutes=30)


def begun_at(text: str, now: datetime) -> datetime:
    """The moment that is meant, not before now."""
    if not text:
        return now
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise SENTENCES.error(Invalid, "silence_start", text=text) from error
    start = read if read.tzinfo else read.replace(tzinfo=UTC)
    if not now - LATE <= start <= now + AHEAD:
        raise SENTENCES.error(Invalid, "silence_start", text=text)
    return max(start.astimezone(UTC), now)
