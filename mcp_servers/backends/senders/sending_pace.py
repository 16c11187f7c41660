"""How fast a channel may be told things, and how long to wait before it is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 900.0
# About five hours of trying; a channel that is away for longer needs a person.
MOST_ATTEMPTS = 28


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: never more than `burst` + `per_s` × t messages in any t seconds."""

    burst: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many messages may be sent at once at `at`."""

    tokens: float
    at: datetime

    def filled(self, rate: Rate, now: datetime) -> "Bucket":
        """The bucket at `now`. A clock that went back adds nothing.

        One that went back by more than it takes to fill the bucket is believed from there on: else
        nobody would be told anything until it has caught up.
        """
        passed_s = (now - self.at).total_seconds()
        at = now if passed_s < -rate.burst / rate.per_s else max(now, self.at)
        return Bucket(min(rate.burst, self.tokens + max(0.0, passed_s) * rate.per_s), at)

    def taken(self) -> "Bucket":
        return Bucket(self.tokens - 1, self.at)

    def wait(self, rate: Rate) -> timedelta:
        """How long until one message may be sent."""
        return timedelta(seconds=max(0.0, 1 - self.tokens) / rate.per_s)


def full(rate: Rate, now: datetime) -> Bucket:
    return Bucket(float(rate.burst), now)


def next_wait(attempts: int, jitter: float, asked_s: float = 0.0) -> timedelta:
    """Before the next try after `attempts` of them, growing twofold; never sooner than asked for.

    `jitter` is a random number from 0 to 1, so that many that failed at once do not return at once.
    """
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(max(attempts - 1, 0), 20))
    return timedelta(seconds=max(asked_s, longest * (0.5 + jitter / 2)))
