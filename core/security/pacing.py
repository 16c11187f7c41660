"""How many requests a person or a key may make: a bucket each, which fills again steadily."""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.clock import monotonic_s
from core.errors import TooMany
from core.sentences import Sentences

WINDOW_S = 60
# Buckets that are remembered; the one that was left alone for longest is forgotten, and is full again.
MOST_BUCKETS = 10_000
WORDS = Sentences("core.security", "pacing")


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of `most` requests; all of them are there again after `full_in_s`."""

    policy: str
    most: int
    left: int
    full_in_s: int


@dataclass
class Pace:
    """The buckets of this process. `most` by policy, in a minute; 0: as many as come.

    A bucket holds a minute's requests, so that a burst passes, and fills by their mean.
    """

    most: dict[str, int] = field(default_factory=dict[str, int])
    now_s: Callable[[], float] = monotonic_s
    _buckets: OrderedDict[tuple[str, str], _Bucket] = field(
        default_factory=OrderedDict[tuple[str, str], _Bucket]
    )

    def take(self, whose: dict[str, str]) -> "Counted":
        """Count one request for each policy of `whose`, or none of them where one has nothing left."""
        chosen = [(one, name, self.most[one]) for one, name in whose.items() if self.most.get(one)]
        buckets = [self._filled(one, name, most) for one, name, most in chosen]
        short = [
            math.ceil((1 - bucket.left) * WINDOW_S / most)
            for bucket, (_, _, most) in zip(buckets, chosen, strict=True)
            if bucket.left < 1
        ]
        for bucket in () if short else buckets:
            bucket.left -= 1
        allowed = [
            Allowance(
                one, most, int(bucket.left), math.ceil((most - bucket.left) * WINDOW_S / most)
            )
            for bucket, (one, _, most) in zip(buckets, chosen, strict=True)
        ]
        return Counted(allowed, max(short, default=0))

    def _filled(self, policy: str, name: str, most: int) -> _Bucket:
        key, now_s = (policy, name), self.now_s()
        bucket = self._buckets.setdefault(key, _Bucket(most, now_s))
        bucket.left = min(most, bucket.left + (now_s - bucket.at_s) * most / WINDOW_S)
        bucket.at_s = now_s
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket


@dataclass(frozen=True, slots=True)
class Counted:
    """One request, counted. `wait_s` is 0 where it may go on."""

    allowed: Sequence[Allowance]
    wait_s: int

    def check(self) -> None:
        """Raises `TooMany`, with how long to wait."""
        if self.wait_s:
            raise WORDS.error(TooMany, "too_many", seconds=self.wait_s)

    def headers(self) -> dict[str, str]:
        """As the IETF's draft of RateLimit headers has them; none where nothing is limited."""
        if not self.allowed:
            return {}
        policy = ", ".join(f'"{one.policy}";q={one.most};w={WINDOW_S}' for one in self.allowed)
        left = ", ".join(f'"{one.policy}";r={one.left};t={one.full_in_s}' for one in self.allowed)
        wait = {"Retry-After": str(self.wait_s)} if self.wait_s else {}
        return {"RateLimit-Policy": policy, "RateLimit": left, **wait}
