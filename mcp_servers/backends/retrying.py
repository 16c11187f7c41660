"""Asking again: which failures may pass, how long to wait, and when to stop.

Asked again is what reads and changes nothing: GETs and access reviews. Of these, a refused, reset
or cut connection, and the statuses 429, 500, 502, 503 and 504; a wait the server asks for in
Retry-After is kept to. A request that writes is asked again only if nothing of it was sent.
Never asked again: every other refusal, an answer in a strange format, a certificate that does not
hold. All tries and the waits between them happen within the time one request may take.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TypeVar

from core.clock import monotonic_s, utc_now
from core.errors import OpsError
from core.sentences import JOINTS, Said
from mcp_servers.backends.sentences import SENTENCES

Result = TypeVar("Result")

# What a server says when the same question may be answered a moment later.
PASSING = frozenset({429, 500, 502, 503, 504})


class Passing(Exception):
    """A failure that may be over soon; `error` is what to raise when it is not."""

    def __init__(self, error: OpsError, after_s: float = 0.0) -> None:
        super().__init__(error)
        self.error = error
        self.after_s = after_s


@dataclass(frozen=True)
class Patience:
    """How often to ask, and how long to wait before the second, third … time."""

    tries: int = 4
    first_wait_s: float = 0.1
    longest_wait_s: float = 2.0
    now: Callable[[], float] = monotonic_s
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    chance: Callable[[], float] = random.SystemRandom().random

    def wait_s(self, tried: int, asked_s: float) -> float:
        """Between half and all of a wait that doubles, and never less than the server asked for."""
        full = min(self.longest_wait_s, self.first_wait_s * 2 ** (tried - 1))
        return asked_s + full * (1 + self.chance()) / 2


PATIENCE = Patience()


@dataclass(frozen=True)
class Deadline:
    """When the time of one request is over, tries and waits together."""

    ends_s: float
    now: Callable[[], float]

    @property
    def left_s(self) -> float:
        return max(0.0, self.ends_s - self.now())


async def patiently(
    ask: Callable[[Deadline], Awaitable[Result]], patience: Patience, *, within_s: float
) -> Result:
    """The answer to `ask`, which raises `Passing` for what is worth another try.

    Raises the error of the last try, which then says how often was tried.
    """
    deadline = Deadline(patience.now() + within_s, patience.now)
    for tried in count(1):
        try:
            return await ask(deadline)
        except Passing as failure:
            wait_s = patience.wait_s(tried, failure.after_s)
            if tried >= patience.tries or wait_s >= deadline.left_s:
                raise _given_up(failure, tried, deadline.left_s) from failure.__cause__
        await patience.sleep(wait_s)
    raise AssertionError("counting does not end")


def _given_up(failure: Passing, tried: int, left_s: float) -> OpsError:
    error, said = failure.error, Said()
    if failure.after_s > left_s:
        said += SENTENCES.said("asks_to_wait", seconds=f"{failure.after_s:g}")
    if tried > 1:
        said += SENTENCES.said("gave_up", tried=tried)
    message = f"{error.message} {said}".strip()
    texts = {one: JOINTS[one].join((text, said.told(one))) for one, text in error.texts.items()}
    return error.__class__(message, hint=error.hint, reason=error.reason, texts=texts)


def asked_wait_s(header: str | None, now: Callable[[], datetime] = utc_now) -> float:
    """Retry-After in seconds, which may be a number or a date; 0 when there is none to follow."""
    text = (header or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now()).total_seconds())
    except (ValueError, TypeError):
        return 0.0
