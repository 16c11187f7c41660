"""Times as Alertmanager reads and writes them."""

from datetime import UTC, datetime
from typing import Any

from sandbox.alertmanager_api.refusals import MALFORMED, unchecked


def written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: Any) -> datetime | None:
    """None for what is missing, is no RFC 3339 time, or is Go's zero time."""
    try:
        moment = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo and moment.year > 1 else None


def required(body: str, text: Any) -> datetime | None:
    """A time of a request's body: None if it is missing, refused if it is unreadable."""
    found = parse(text)
    if text and found is None and not str(text).startswith("0001-"):
        why = f'parsing time "{text}" as "2006-01-02 15:04:05": cannot parse "{text}" as "2006"'
        raise unchecked(MALFORMED, f'parsing {body} body from "" failed, because {why}')
    return found
