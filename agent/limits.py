"""What one turn may use before it must end with what it has."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """`usd` None: whatever it costs. Once it is spent, rules answer the rest of the turn."""

    tool_calls: int = 16
    tokens: int = 200_000
    time_s: float = 120.0
    history_tokens: int = 750  # of earlier turns, before the question of this one
    usd: Decimal | None = None
    approval: timedelta = timedelta(minutes=15)  # how long a person has to answer


# The same call asked again this often is a loop, not a second thought.
MAX_REPEATED_CALLS = 3

# Replies with neither text nor a usable call before the model counts as failed.
MAX_EMPTY_REPLIES = 2

# Subagents that one question may pass through.
MAX_HAND_OFFS = 3

# A result longer than this is cut before a model reads it; tools answer far below it.
MAX_RESULT_CHARACTERS = 24_000
