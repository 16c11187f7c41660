"""What containers took of the hours in which they ran."""

from datetime import UTC, datetime, timedelta

from mcp_servers.engines.hours import GIB, ManyHours, TakenOf
from mcp_servers.facts.money import Amounts

HOUR = timedelta(hours=1)
FIRST = datetime(2026, 3, 2, 1, 0, 0, 250_700, tzinfo=UTC)
HOURS = [FIRST + i * HOUR for i in range(4)]
APP = ("shop", "app-1", "app")


def told(*values: float, late: timedelta = timedelta(0)) -> list[tuple[datetime, float]]:
    return [(at + late, one) for at, one in zip(HOURS, values, strict=False)]


def taken(hours: ManyHours, asked: Amounts | None = None) -> TakenOf:
    (one,) = hours.taken(lambda _: asked or Amounts())
    return one


def test_each_hour_takes_the_larger_of_asked_for_and_used() -> None:
    hours = ManyHours(HOURS)
    hours.keep("present", APP, told(1, 1, 0.5, 1))
    hours.keep("cpu_used", APP, told(0.2, 0.8, 0.1, 0.2))
    hours.keep("cpu_asked", APP, told(0.5, 0.5, 0.5, 0.5))
    hours.keep("memory_used", APP, told(GIB, 3 * GIB, 2 * GIB, GIB))
    hours.keep("memory_asked", APP, told(2 * GIB, 2 * GIB, 2 * GIB, 2 * GIB))
    one = taken(hours)
    assert one.was_asked
    assert round(one.took.cpu, 9) == 0.5 + 0.8 + 0.25 + 0.5
    assert one.took.memory == 2 + 3 + 1 + 2
    assert round(one.used.cpu, 9) == 1.3
    assert one.used.memory == 1 + 3 + 1 + 1


def test_the_specification_stands_in_where_nothing_was_measured_of_what_was_asked() -> None:
    hours = ManyHours(HOURS)
    hours.keep("present", APP, told(1, 1))
    hours.keep("cpu_used", APP, told(0.2, 0.2))
    one = taken(hours, Amounts(cpu=0.5, memory=1, gpu=2))
    assert not one.was_asked
    assert (one.took.cpu, one.took.memory, one.took.gpu) == (1.0, 2.0, 4.0)


def test_hours_without_the_container_and_values_below_zero_are_no_measurements() -> None:
    hours = ManyHours(HOURS)
    hours.keep("present", APP, [(HOURS[0], 1.0), (HOURS[3], 1.0)])
    hours.keep("cpu_used", APP, told(0.5, 9, 9, -1))
    assert taken(hours).took.cpu == 0.5
    assert list(hours.seen()) == [HOURS[0], HOURS[3]]


def test_moments_are_those_asked_for_though_they_come_rounded_to_milliseconds() -> None:
    hours = ManyHours(HOURS)
    hours.keep("present", APP, told(1, 1, 1, 1, late=timedelta(microseconds=-700)))
    hours.keep("cpu_used", APP, told(1, 1, late=timedelta(microseconds=300)))
    assert taken(hours).took.cpu == 2
    assert list(hours.seen()) == HOURS


def test_of_one_container_that_two_series_tell_the_later_one_counts_where_it_knows() -> None:
    hours = ManyHours(HOURS)
    hours.keep("present", APP, told(1, 1))
    hours.keep("cpu_used", APP, told(1, 1))
    hours.keep("cpu_used", APP, [(HOURS[1], 3.0)])
    assert taken(hours).took.cpu == 4
