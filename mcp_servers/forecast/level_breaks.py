"""The newest values of a load that left what was foretold of them, and what comes if they go back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from mcp_servers.backends.series_table import moment_of
from mcp_servers.engines.quantities import as_bytes
from mcp_servers.forecast.history import Known
from mcp_servers.forecast.shapes import ForecastPoint, Peak, peak_of, points, tidy

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.breaks import Break
    from mcp_servers.engines.peaks import Peaks

Otherwise = Literal["returns", "lasts"]

TEXTS = {
    "en": {
        "left": "Its newest values left what was foretold of them between {after} and {since}: since "
        "then they are {mean} in the mean, where {foretold} was foretold{percent}. "
        "This forecast goes on from there.",
        "less": ", {percent:.0f} % less",
        "more": ", {percent:.0f} % more",
        "returns": "If they return to what they were before, the peak is {peak} around {at}{upper}.",
        "lasts": "If they stay as far above what they were before, the peak is {peak} around {at}{upper}.",
        "upper": " (up to {upper})",
    },
    "zh": {
        "left": "最新数值在 {after} 至 {since} 之间偏离了此前历史所预测的走势：此后平均为 {mean}，"
        "而预测为 {foretold}{percent}。本预测从偏离后的水平往后推算。",
        "less": "，低 {percent:.0f} %",
        "more": "，高 {percent:.0f} %",
        "returns": "若恢复到此前的常态，峰值为 {peak}，约在 {at}{upper}。",
        "lasts": "若持续像现在这样高于此前的常态，峰值为 {peak}，约在 {at}{upper}。",
        "upper": "（上限 {upper}）",
    },
}


class LevelBreak(BaseModel):
    """The newest values are further from what came before than back-tests ever let them be by chance."""

    kind: Literal["fall", "rise"]
    after: datetime = Field(description="The last value that was as foretold.")
    since: datetime = Field(description="The first that was not.")
    mean: float = Field(description="Of the values since.")
    foretold: float = Field(description="The same from what came before.")
    percent: float | None = Field(
        description="How far off; null: nothing was foretold to be there."
    )
    otherwise: Otherwise = Field(
        description="What `forecast` here supposes: a fall ends, or a rise stays as large."
    )
    peak: Peak
    forecast: list[ForecastPoint]
    text: str


@dataclass(frozen=True)
class Parted:
    """A break with what is foretold without it, and its peaks."""

    found: "Break"
    otherwise: Otherwise
    forecast: list[ForecastPoint]
    peak: Peak
    peaks: "Peaks | None"


@dataclass(frozen=True)
class Ahead:
    """How far and how surely: `skip` values of `step` are over already when `count` begin."""

    step: timedelta
    skip: int
    count: int
    level: float
    capacity: float | None


def parted(known: Known, ahead: Ahead) -> Parted | None:
    """None where the newest values are as foretold, or too little came before to say."""
    from mcp_servers.engines.breaks import break_of
    from mcp_servers.engines.forecast import forecast

    found = break_of(known.times, known.values)
    if found is None:
        return None
    count = sum(at <= found.after for at in known.times)
    told = forecast(
        known.times[:count],
        known.values[:count],
        horizon=ahead.count,
        level=ahead.level,
        capacity=ahead.capacity,
        skip=ahead.skip + found.values,
    )
    if not told.enough:
        return None
    told_points, peaks = points(told), told.peaks
    if found.rises:
        told_points = [_lasting(one, found) for one in told_points]
        peaks = None if peaks is None else _lasting_peaks(peaks, found)
    peak = peak_of(told_points, peaks, ahead.level)
    return Parted(found, "lasts" if found.rises else "returns", told_points, peak, peaks)


def _lasting(point: ForecastPoint, found: "Break") -> ForecastPoint:
    ends = [None if one is None else tidy(found.lasting(one)) for one in (point.lower, point.upper)]
    mean = tidy(found.lasting(point.mean))
    return ForecastPoint(at=point.at, mean=mean, lower=ends[0], upper=ends[1])


def _lasting_peaks(peaks: "Peaks", found: "Break") -> "Peaks":
    wider = found.mean / found.foretold if found.relative else 1.0
    return replace(peaks, centre=found.lasting(peaks.centre), spread=peaks.spread * wider)


def level_break(one: Parted, unit: str, language: str) -> LevelBreak:
    found = one.found
    after, since = moment_of(found.after), moment_of(found.since)
    percent = round(100 * (found.mean / found.foretold - 1), 1) if found.foretold > 0 else None
    return LevelBreak(
        kind="rise" if found.rises else "fall",
        after=after,
        since=since,
        mean=tidy(found.mean),
        foretold=tidy(found.foretold),
        percent=percent,
        otherwise=one.otherwise,
        peak=one.peak,
        forecast=one.forecast,
        text=_text(one, after, since, percent, unit, language),
    )


def _text(
    one: Parted,
    after: datetime,
    since: datetime,
    percent: float | None,
    unit: str,
    language: str,
) -> str:
    texts = TEXTS[language]
    how = "more" if one.found.rises else "less"
    head = texts["left"].format(
        after=_minute(after),
        since=_minute(since),
        mean=amount(one.found.mean, unit),
        foretold=amount(one.found.foretold, unit),
        percent="" if percent is None else texts[how].format(percent=abs(percent)),
    )
    upper = one.peak.upper
    tail = texts[one.otherwise].format(
        peak=amount(one.peak.mean, unit),
        at=_minute(one.peak.at),
        upper="" if upper is None else texts["upper"].format(upper=amount(upper, unit)),
    )
    return f"{head}{' ' if language == 'en' else ''}{tail}"


def amount(value: float, unit: str) -> str:
    if unit == "bytes":
        return as_bytes(value)
    return f"{value:.0%}" if unit.startswith("share") else f"{value:.4g} {unit}".strip()


def _minute(at: datetime) -> str:
    return f"{at:%m-%d %H:%M}Z"


def highs(told: Sequence[ForecastPoint]) -> list[float]:
    """The upper ends; where they are not known, the means."""
    return [one.mean if one.upper is None else one.upper for one in told]
