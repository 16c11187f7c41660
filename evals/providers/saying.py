"""What a scripted model says next, well or badly."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Say:
    """One reply of the model. What makes it a bad one is named by its field.

    `pause_s` waits before the first event, `drip_s` before every further one; `cut_after` closes
    the connection after so many events, `error_after` says an error there instead; `raw` is sent as
    it is, instead of events. `error` names the error of a status or of a stream. `uncounted`: the
    provider does not say what it counted.
    """

    text: str = ""
    calls: Sequence[tuple[str, Json | str]] = ()
    status: int = 200
    pause_s: float = 0.0
    drip_s: float = 0.0
    cut_after: int | None = None
    error: str = ""
    error_after: int | None = None
    retry_after: str = ""
    declines: bool = False
    raw: str | None = None
    input_tokens: int = 100
    output_tokens: int = 20
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    uncounted: bool = False
    no_ids: bool = False


# A reply that depends on what was asked: it is handed the body of the request.
Reply = Say | Callable[[Json], Say]


_IDS = count()


def new_id(prefix: str) -> str:
    """As providers do it, no two calls of a conversation have the same."""
    return f"{prefix}_{next(_IDS)}"


def text_pieces(text: str) -> list[str]:
    """Words with the space behind them, as models stream."""
    words = text.split(" ")
    return [f"{word} " for word in words[:-1]] + words[-1:] if text else []


def arguments_pieces(arguments: Json | str) -> list[str]:
    told = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return [told[i : i + 12] for i in range(0, len(told), 12)] or [""]
