"""`weeks.yaml`: which series of a picture have weeks before it, and what ran before its younger pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import Invalid
from sandbox.series.earlier import COURSES, DAY_MS, HOUR_MS, Course, Earlier
from sandbox.series.growing import Floats, Millis
from sandbox.series.openmetrics import Labels

# A series is carried back when the recording begins with it.
BEGINS_WITHIN_MS = 900_000
MOST_DAYS = 400
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Before:
    """A pod is there since so many days; before it, perhaps, another with `times` as much of all."""

    since_days: float
    pod: str = ""
    times: float = 1.0


@dataclass(frozen=True)
class Weeks:
    days: float
    every_s: int
    courses: Mapping[str, str]
    pods: Mapping[str, Before] = field(default_factory=dict[str, Before])

    @classmethod
    def of(cls, told: Json, where: Path) -> "Weeks | None":
        """None for a folder without the file. Raises `Invalid` in one sentence."""
        if not told:
            return None
        try:
            pods = {str(one["pod"]): _before(one) for one in told.get("pods") or ()}
            found = cls(
                days=float(told["days"]),
                every_s=int(told.get("every_s", 300)),
                courses={str(k): str(v) for k, v in told["courses"].items()},
                pods=pods,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(f"{where}: {type(error).__name__} {error}.", hint=SHAPE) from error
        strange = sorted(set(found.courses.values()) - set(COURSES))
        if strange or not 0 < found.days <= MOST_DAYS or not 10 <= found.every_s <= 3600:
            raise Invalid(
                f"{where}: {', '.join(strange) or 'days or every_s'} cannot be.", hint=SHAPE
            )
        return found


SHAPE = (
    f"It has days (to {MOST_DAYS}), every_s (10 to 3600), courses (metric: {' | '.join(COURSES)}), "
    "and pods, each with pod, since_days and perhaps before: {pod, times}."
)


def _before(one: Json) -> Before:
    told: Json = one.get("before") or {}
    return Before(float(one["since_days"]), str(told.get("pod", "")), float(told.get("times", 1)))


@dataclass(frozen=True)
class Past:
    """What is before the arrays of a picture: the same series further back, and others that ended."""

    earlier: Mapping[Labels, Earlier]
    lifted: Mapping[Labels, float]


def past_of(
    weeks: Weeks, arrays: Mapping[Labels, tuple[Millis, Floats]], counting: Mapping[Labels, bool]
) -> Past:
    """Counters are lifted by what they counted before the picture, so that none was below zero."""
    begins = min((int(times[0]) for times, _ in arrays.values()), default=0)
    shared: dict[str, Course] = {}
    earlier: dict[Labels, Earlier] = {}
    lifted: dict[Labels, float] = {}
    for labels, (times, values) in arrays.items():
        name, pod = dict(labels)["__name__"], dict(labels).get("pod", "")
        if name not in weeks.courses or int(times[0]) > begins + BEGINS_WITHIN_MS:
            continue
        until = int(times[0])
        course = shared.setdefault(
            weeks.courses[name],
            Course(weeks.courses[name], begins - round(weeks.days * DAY_MS), begins),
        )
        before = weeks.pods.get(pod, Before(weeks.days))
        one = _earlier(course, weeks, before, until, (times, values), counting[labels])
        if one is None:
            continue
        earlier[labels] = one
        if one.end is not None:
            lifted[labels] = one.counted
            earlier[labels] = _ending_at(one, float(values[0]) + one.counted)
        if before.pod:
            earlier[_renamed(labels, before.pod)] = _gone(one, course, before)
    return Past(earlier, lifted)


def _earlier(
    course: Course,
    weeks: Weeks,
    before: Before,
    until: int,
    recorded: tuple[Millis, Floats],
    counts: bool,
) -> Earlier | None:
    first = until - round(min(before.since_days, weeks.days) * DAY_MS)
    level = _level(*recorded, counts=counts)
    if first >= until - 2 * weeks.every_s * 1000 or level is None:
        return None
    every = weeks.every_s * 1000
    return Earlier(course, first, until, every, level, float(recorded[1][0]) if counts else None)


def _level(times: Millis, values: Floats, *, counts: bool) -> float | None:
    """Of the recording's first hour: the middle of a gauge, or what a counter counts in an hour."""
    own = times <= times[0] + HOUR_MS
    if not counts:
        return float(np.median(values[own]))
    if own.sum() < 2:
        return None
    risen = np.diff(values[own])
    hours = float(times[own][-1] - times[0]) / HOUR_MS
    return float(np.where(risen > 0, risen, 0.0).sum()) / hours


def _ending_at(one: Earlier, end: float) -> Earlier:
    return Earlier(one.course, one.first_ms, one.until_ms, one.every_ms, one.level, end)


def _gone(one: Earlier, course: Course, before: Before) -> Earlier:
    """The pod before: it ends where the other begins, and takes its share."""
    first = int(course.hours[0])
    level = one.level * before.times
    found = Earlier(
        course, first, one.first_ms, one.every_ms, level, None if one.end is None else 0.0
    )
    return found if one.end is None else _ending_at(found, found.counted)


def _renamed(labels: Labels, pod: str) -> Labels:
    return tuple(sorted({**dict(labels), "pod": pod}.items()))
