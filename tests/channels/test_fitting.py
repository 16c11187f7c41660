"""Texts and messages are cut where people would cut them, and rates are kept at any time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.backends.senders.kinds import KINDS
from mcp_servers.backends.senders.message_fitting import cut_bytes, cut_characters, fitting
from mcp_servers.backends.senders.sending_pace import Bucket, Rate, full, next_wait
from mcp_servers.facts.notices import Entry, Notice

START = datetime(2026, 11, 29, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS, st.integers(3, 80))
def test_a_cut_text_is_within_its_bytes_and_the_beginning_of_the_whole(
    text: str, most: int
) -> None:
    cut = cut_bytes(text, most)
    assert len(cut.encode()) <= most
    assert cut == text or text.startswith(cut.removesuffix("…").rstrip())


@given(TEXTS, st.integers(1, 80))
def test_a_text_cut_by_characters_is_within_them(text: str, most: int) -> None:
    assert len(cut_characters(text, most)) <= most


@pytest.mark.parametrize("whole", ["e\u0301", "👩‍👩‍👧‍👦", "👍🏽", "🇨🇭", "漢"])
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_nothing_is_torn_from_what_it_belongs_to(whole: str, before: int) -> None:
    text = "x" * before + whole + "yyyyyyyy"
    for most in range(3, len(text.encode())):
        kept = cut_bytes(text, most).removesuffix("…").rstrip()
        assert whole in kept or not set(whole) & set(kept), most


def notice(count: int, size: int = 50) -> Notice:
    entries = tuple(Entry(f"alert {n}", ("磁" * size,), firing=True) for n in range(count))
    return Notice(
        "id",
        "key",
        "firing",
        "critical",
        "t" * 400,
        "s" * 400,
        entries,
        (),
        "zh",
        "还有 {count} 条",
    )


@given(st.integers(0, 60), st.integers(100, 6000))
def test_as_many_alerts_are_told_as_fit_and_the_others_are_counted(count: int, most: int) -> None:
    def size(one: Notice) -> int:
        parts = [one.title, one.summary, one.rest]
        parts += [text for entry in one.entries for text in (entry.heading, *entry.lines)]
        return sum(len(part.encode()) for part in parts)

    small = fitting(notice(count), lambda one: size(one) <= most)
    assert size(small) <= most
    assert len(small.entries) + small.left_out == count
    assert small.entries == notice(count).entries[: len(small.entries)] or len(small.entries) == 1


LIMITS = [("dingtalk", 60, 20), ("wecom", 60, 20), ("feishu", 60, 100), ("feishu", 1, 5)]


@pytest.mark.parametrize(("kind", "seconds", "most"), LIMITS)
@given(st.lists(st.floats(0, 20), min_size=1, max_size=200))
def test_no_robot_is_told_more_than_it_allows_in_any_stretch_of_time(
    kind: str, seconds: int, most: int, waits: list[float]
) -> None:
    rate, now, sent = KINDS[kind].rate, START, list[datetime]()
    bucket = full(rate, now)
    for wait in waits:
        now += timedelta(seconds=wait)
        bucket = bucket.filled(rate, now)
        while bucket.tokens >= 1:
            bucket = bucket.taken()
            sent.append(now)
    for first in sent:
        within = [one for one in sent if first <= one < first + timedelta(seconds=seconds)]
        assert len(within) <= most


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    rate = Rate(burst=2, per_s=1)
    empty = Bucket(0.0, START)
    back = empty.filled(rate, START - timedelta(seconds=2))
    assert back.tokens == 0
    assert back.filled(rate, START + timedelta(seconds=1)).tokens == 1


def test_a_clock_that_goes_back_far_silences_nobody_until_it_has_caught_up() -> None:
    rate = Rate(burst=2, per_s=1)
    earlier = START - timedelta(hours=1)
    back = Bucket(0.0, START).filled(rate, earlier)
    assert back.tokens == 0
    assert back.filled(rate, earlier + timedelta(seconds=1)).tokens == 1


@given(st.integers(1, 40), st.floats(0, 1), st.floats(0, 5000))
def test_waits_grow_to_a_bound_and_are_never_shorter_than_asked(
    attempts: int, jitter: float, asked: float
) -> None:
    wait_s = next_wait(attempts, jitter, asked).total_seconds()
    assert asked - 1e-6 <= wait_s <= max(asked, 900.0) + 1e-6
    assert wait_s >= min(2.0**attempts, 900.0) / 2 - 1e-6
