"""How far back a look into the past may go."""

from datetime import timedelta

from core.errors import Invalid
from mcp_servers.access import span_of
from mcp_servers.alerting.sentences import SENTENCES

LONGEST = timedelta(days=31)


def looked_back(window: str) -> timedelta:
    """Raises `Invalid` for more than `LONGEST`: a look that was cut would pass for the one asked for."""
    span = span_of(window)
    if span > LONGEST:
        raise SENTENCES.error(Invalid, "looked_too_far", days=LONGEST.days)
    return span
