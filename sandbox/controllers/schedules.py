"""The five fields of a cron line, and the next minute they name."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_NAMES = {
    name: number
    for names in (
        "sun mon tue wed thu fri sat",
        "_ jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for number, name in enumerate(names.split())
}
_A_LEAP_CYCLE_DAYS = 4 * 366


@dataclass(frozen=True, slots=True)
class Schedule:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    # When both are restricted, either is enough.
    any_day: bool
    any_weekday: bool

    @classmethod
    def of(cls, text: str) -> Self | None:
        """None for what is no cron line."""
        fields = _NICKNAMES.get(text, text).lower().split()
        if len(fields) != len(_BOUNDS):
            return None
        try:
            sets = [_numbers(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)]
        except ValueError:
            return None
        minutes, hours, days, months, weekdays = sets
        weekdays = frozenset(day % 7 for day in weekdays)
        stars = [field.startswith(("*", "?")) for field in fields]
        return cls(minutes, hours, days, months, weekdays, any_day=stars[2], any_weekday=stars[4])

    def next_after(self, time: datetime) -> datetime | None:
        """The first minute after `time`; None when there is none in four years."""
        day = time.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_A_LEAP_CYCLE_DAYS):
            if self._names_day(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = day.replace(hour=hour, minute=minute)
                        if found > time:
                            return found
            day += timedelta(days=1)
        return None

    def _names_day(self, day: datetime) -> bool:
        in_month = day.day in self.days
        in_week = (day.weekday() + 1) % 7 in self.weekdays
        either = not self.any_day and not self.any_weekday
        return day.month in self.months and (
            (in_month or in_week) if either else (in_month and in_week)
        )


def _numbers(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in {"*", "?"}:
            start, end = low, high
        else:
            start = _number(first)
            end = _number(last) if dash else (high if step else start)
        if not (low <= start <= end <= high):
            raise ValueError(field)
        found |= set(range(start, end + 1, int(step) if step else 1))
    return frozenset(found)


def _number(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)
