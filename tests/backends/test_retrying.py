"""How long to wait between tries, and when to stop."""

from datetime import UTC, datetime

import pytest

from core.errors import Conflict
from mcp_servers.backends.retrying import Deadline, Passing, Patience, asked_wait_s, patiently
from tests.backends.waits import Waits

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5),
        (" 0 ", 0),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("soon", 0),
        ("-3", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_wait_is_asked_for_in_seconds_or_until_a_date(header: str | None, seconds: int) -> None:
    assert asked_wait_s(header, lambda: NOW) == seconds


def test_waits_double_up_to_a_bound_and_chance_takes_up_to_half_off() -> None:
    longest, shortest = Patience(chance=lambda: 1.0), Patience(chance=lambda: 0.0)
    assert [longest.wait_s(tried, 0) for tried in (1, 2, 3, 9)] == [0.1, 0.2, 0.4, 2.0]
    assert [shortest.wait_s(tried, 0) for tried in (1, 2, 9)] == [0.05, 0.1, 1.0]


def test_chance_never_shortens_a_wait_that_was_asked_for() -> None:
    assert Patience(chance=lambda: 0.0).wait_s(1, 5) > 5


async def test_the_error_keeps_its_kind_its_hint_and_its_cause() -> None:
    cause = ValueError("broken")

    async def ask(_: Deadline) -> None:
        raise Passing(Conflict("It broke.", hint="Mend it.")) from cause

    with pytest.raises(Conflict, match=r"It broke\. Gave up after 4 tries\. Mend it\.") as told:
        await patiently(ask, Waits().patience, within_s=10)
    assert told.value.__cause__ is cause


async def test_the_error_keeps_what_it_says_in_other_languages() -> None:
    async def ask(_: Deadline) -> None:
        raise Passing(Conflict("It broke.", reason="broken", texts={"zh": "坏了。"}), after_s=60)

    with pytest.raises(Conflict, match="It asks to wait 60 s") as told:
        await patiently(ask, Waits().patience, within_s=10)
    assert told.value.reason == "broken"
    assert told.value.told("zh") == "坏了。它要求等待 60 秒，超出了可用的时间。"


async def test_every_try_is_told_how_much_time_is_left() -> None:
    left: list[float] = []

    async def ask(deadline: Deadline) -> None:
        left.append(round(deadline.left_s, 2))
        raise Passing(Conflict("It broke."))

    with pytest.raises(Conflict):
        await patiently(ask, Waits().patience, within_s=1)
    assert left == [1.0, 0.9, 0.7, 0.3]
