"""How often a cron schedule comes round, without asking what time zone it means."""

import re
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

# Minute, hour, day of the month, month, day of the week: the least and the greatest.
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_ENTRY = re.compile(r"(\*|\?|\d{1,2}(?:-\d{1,2})?)(?:/(\d{1,3}))?$")
_EVERY = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}
# The first day of a leap year, and as many days as the gap of a yearly schedule needs.
_BEGINNING, _DAYS_LOOKED_AT = date(2024, 1, 1), 800


@cache
def longest_gap(schedule: str) -> timedelta | None:
    """The longest time between two runs that follow each other; None for no schedule, or for one
    that does not come round twice in two years.

    The gap is the same in every time zone, but for an hour twice a year, so that whoever waits
    for longer than several gaps needs to know neither the zone nor the minute.
    """
    plain = re.sub(r"^(?:CRON_)?TZ=\S+\s+", "", schedule.strip())
    if plain.startswith("@every "):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _EVERY.findall(plain))
        return timedelta(seconds=seconds) if seconds else None
    fields = MACROS.get(plain, plain).split()
    if len(fields) != len(RANGES):
        return None
    minutes, hours, *dates = (
        _numbers(field, *bounds) for field, bounds in zip(fields, RANGES, strict=True)
    )
    times = [timedelta(hours=hour, minutes=minute) for hour in hours for minute in minutes]
    either = not _is_any(fields[2]) and not _is_any(fields[4])
    days = _days(*dates, either=either) if times else []
    overnight = times[0] - times[-1] if times else timedelta()
    within_a_day = [after - before for before, after in pairwise(times)]
    between_days = [later - day + overnight for day, later in pairwise(days)]
    return max([*within_a_day, *between_days]) if between_days else None


def _days(days: list[int], months: list[int], weekdays: list[int], *, either: bool) -> list[date]:
    """The days of two years on which it runs; of two limits on the day one suffices."""

    def is_chosen(day: date) -> bool:
        on = (day.day in days, day.isoweekday() % 7 in weekdays)
        return day.month in months and (any(on) if either else all(on))

    every = (_BEGINNING + timedelta(days=n) for n in range(_DAYS_LOOKED_AT))
    return [day for day in every if is_chosen(day)]


def _is_any(field: str) -> bool:
    return field in ("*", "?", "*/1", "?/1")


def _numbers(field: str, least: int, most: int) -> list[int]:
    """The numbers a field stands for, in order; [] where it cannot be read."""
    found: set[int] = set()
    for entry in _numbered(field).split(","):
        match = _ENTRY.match(entry)
        step = int(match.group(2) or 1) if match else 0
        if match is None or not step:
            return []
        low, _, high = match.group(1).partition("-")
        open_ended = low in ("*", "?")
        first = least if open_ended else int(low)
        last = int(high) if high else most if open_ended or match.group(2) else first
        found.update(range(first, last + 1, step))
    in_range = sorted(one for one in found if least <= one <= most)
    return sorted({one % 7 for one in in_range}) if most == RANGES[4][1] else in_range


def _numbered(field: str) -> str:
    """Names of months and weekdays as numbers."""
    for names, first in ((_MONTHS, 1), (_DAYS, 0)):
        for number, name in enumerate(names, start=first):
            field = re.sub(name, str(number), field, flags=re.IGNORECASE)
    return field
