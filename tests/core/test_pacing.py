"""Buckets that fill again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import TooMany
from core.security.pacing import MOST_BUCKETS, Pace


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_minutes_requests_may_come_at_once_and_then_as_many_as_come_in_a_minute() -> None:
    clock = Clock()
    pace = Pace({"user": 60}, clock)
    assert [pace.take({"user": "ann"}).wait_s for _ in range(61)] == [0] * 60 + [1]
    assert pace.take({"user": "bob"}).wait_s == 0
    clock.now_s += 1
    assert pace.take({"user": "ann"}).wait_s == 0
    assert pace.take({"user": "ann"}).wait_s == 1
    clock.now_s += 3600
    assert pace.take({"user": "ann"}).headers() == {
        "RateLimit-Policy": '"user";q=60;w=60',
        "RateLimit": '"user";r=59;t=1',
    }


def test_what_is_refused_by_one_bucket_takes_nothing_from_the_other() -> None:
    clock = Clock()
    pace = Pace({"user": 10, "key": 2}, clock)
    taken = [pace.take({"user": "ann", "key": "k"}) for _ in range(5)]
    assert [one.wait_s for one in taken] == [0, 0, 30, 30, 30]
    assert taken[-1].headers() == {
        "RateLimit-Policy": '"user";q=10;w=60, "key";q=2;w=60',
        "RateLimit": '"user";r=8;t=12, "key";r=0;t=60',
        "Retry-After": "30",
    }
    with pytest.raises(TooMany, match="Wait 30 s") as refused:
        taken[-1].check()
    assert "请等待 30 秒" in refused.value.told("zh")


def test_nothing_is_counted_where_nothing_is_limited() -> None:
    for pace in (Pace(), Pace({"user": 0})):
        counted = pace.take({"user": "ann"})
        counted.check()
        assert counted.headers() == {}


def test_no_more_buckets_are_kept_than_there_is_room_for() -> None:
    pace = Pace({"user": 5}, Clock())
    for number in range(MOST_BUCKETS + 10):
        pace.take({"user": str(number)})
    assert len(pace._buckets) == MOST_BUCKETS


@given(st.integers(1, 50), st.lists(st.floats(0, 20), max_size=60))
def test_no_minute_has_more_than_twice_its_requests(most: int, rests: list[float]) -> None:
    clock = Clock()
    pace, passed = Pace({"user": most}, clock), list[float]()
    for rest in rests:
        clock.now_s += rest
        counted = pace.take({"user": "ann"})
        if not counted.wait_s:
            passed.append(clock.now_s)
        assert counted.allowed[0].left >= 0
    for at in passed:
        assert len([one for one in passed if at <= one < at + 60]) <= 2 * most
