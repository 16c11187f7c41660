"""Pure: what clusters and people say, as one line of Markdown that is read as it stands."""

import re
from datetime import UTC, datetime

LINE_CHARACTERS = 400
# Marks that would make something else of a quoted line: HTML, code, stress, a table, a link.
_LOUD = re.compile(r"([\\`*<|]|(?<=\])\()")


def minute(moment: datetime) -> str:
    """In UTC; a moment without a zone is one."""
    at = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{at:%Y-%m-%d %H:%M}"


def flat(text: str) -> str:
    """On one line."""
    return " ".join(text.split())[:LINE_CHARACTERS]


def line(text: str, at_most: int = LINE_CHARACTERS) -> str:
    """On one line, and with nothing in it that Markdown would take for a mark."""
    one = " ".join(text.split())
    cut = one if len(one) <= at_most else f"{one[: at_most - 1]}…"
    return _LOUD.sub(r"\\\1", cut)
