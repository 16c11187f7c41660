"""What a forecast is told as."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from core.errors import Invalid
from mcp_servers.backends.series_table import moment_of
from mcp_servers.sentences import SENTENCES

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.forecast import Forecast
    from mcp_servers.engines.peaks import Peaks

ValuesCsv = Annotated[str, Field(max_length=64_000_000, description="CSV: timestamp,value.")]
Level = Annotated[float, Field(ge=50, le=99, description="Of the interval, percent.")]
Language = Annotated[Literal["en", "zh"], Field(description="Language of the notes.")]

LINES_SHOWN = 24


class ForecastPoint(BaseModel):
    at: datetime
    mean: float
    lower: float | None = Field(description="null: too little came before to know.")
    upper: float | None


class Backtest(BaseModel):
    smape: float = Field(description="Percent, 0 to 200.")
    mase: float
    coverage: float | None = Field(description="Earlier values inside the interval, 0 to 1.")


class Peak(BaseModel):
    at: datetime
    mean: float
    upper: float | None
    low: float | None = Field(default=None, description="The highest value of all is between")
    high: float | None = Field(default=None, description="these, in `level` % of cases.")


class Tried(BaseModel):
    method: str
    smape: float
    mase: float
    weight: float | None = Field(description="Its share in the forecast; null: of `weighted`.")


class ForecastReport(BaseModel):
    method: str = Field(description="The way with nearly all the weight, or `weighted`.")
    verdict: Literal["ok", "insufficient_data"]
    missing: str = Field(default="", description="What an insufficient verdict lacks.")
    period: int = Field(description="Values in the longest season used; 0: none.")
    season: str
    step_s: float
    forecast: list[ForecastPoint]
    level: float
    peak_low: float | None = Field(default=None, description="The highest value of all is between")
    peak_high: float | None = Field(default=None, description="these, in `level` % of cases.")
    backtest: Backtest | None
    tried: list[Tried] = Field(description="Every method at the same origins, the best first.")
    origins: int = Field(description="Earlier moments it was tried from.")
    values: int
    gaps: int

    def as_text(self) -> str:
        if self.verdict != "ok":
            return f"insufficient_data: {self.missing}"
        scored = self.backtest
        told = f"; backtest sMAPE {scored.smape:.1f} % MASE {scored.mase:.2f}" if scored else ""
        heading = f"{self.method}, season {self.season or 'none'}{told}"
        return "\n".join([heading, *(_line(one) for one in self.forecast[:LINES_SHOWN])])


def _line(one: ForecastPoint) -> str:
    span = "" if one.lower is None else f" [{one.lower:.4g}, {one.upper:.4g}]"
    return f"{one.at:%m-%d %H:%M}Z {one.mean:.4g}{span}"


MISSING = {
    "en": {
        "too_few": "At least 12 values are needed; there are {values}.",
        "gaps": "More than 30 % of the values are missing: {gaps} gaps beside {values} values.",
        "times": "The times are not evenly spaced.",
    },
    "zh": {
        "too_few": "至少需要 12 个数值，现有 {values} 个。",
        "gaps": "超过 30 % 的数值缺失：{values} 个数值之外有 {gaps} 处空缺。",
        "times": "时间间隔不均匀。",
    },
}


def report(found: "Forecast", level: float, language: str = "en") -> ForecastReport:
    scored = found.backtest
    peak_low, peak_high = _ends(found.peaks, level)
    ranked = sorted(found.scores.items(), key=lambda one: one[1].mae)
    return ForecastReport(
        method=found.method,
        verdict="ok" if found.enough else "insufficient_data",
        missing=MISSING[language][found.why].format(values=found.values, gaps=found.gaps)
        if found.why
        else "",
        period=found.period,
        season=found.season,
        step_s=found.step_s,
        forecast=points(found),
        level=level,
        peak_low=peak_low,
        peak_high=peak_high,
        backtest=Backtest(
            smape=round(scored.smape, 3), mase=round(scored.mase, 4), coverage=_share(found)
        )
        if scored
        else None,
        tried=[
            Tried(
                method=name,
                smape=round(one.smape, 3),
                mase=round(one.mase, 4),
                weight=round(found.weights[name], 4) if name in found.weights else None,
            )
            for name, one in ranked
        ],
        origins=found.origins,
        values=found.values,
        gaps=found.gaps,
    )


def points(found: "Forecast") -> list[ForecastPoint]:
    return [
        ForecastPoint(
            at=moment_of(one.at),
            mean=tidy(one.mean),
            lower=_tidy(one.lower),
            upper=_tidy(one.upper),
        )
        for one in found.points
    ]


def peak_of(told: Sequence[ForecastPoint], peaks: "Peaks | None", level: float) -> Peak:
    """The highest mean; `peaks` are of all values. `level` in percent."""
    highest = max(told, key=lambda one: one.mean)
    low, high = _ends(peaks, level)
    return Peak(at=highest.at, mean=highest.mean, upper=highest.upper, low=low, high=high)


def _ends(peaks: "Peaks | None", level: float) -> tuple[float | None, float | None]:
    """As much of the cases above as below."""
    if peaks is None:
        return None, None
    beyond = (1 - level / 100) / 2
    return tidy(peaks.at(beyond)), tidy(peaks.at(1 - beyond))


def _share(found: "Forecast") -> float | None:
    return None if found.coverage is None else round(found.coverage, 4)


def _tidy(value: float | None) -> float | None:
    return None if value is None else tidy(value)


def tidy(value: float) -> float:
    """Ten significant digits: what arithmetic adds behind them is noise."""
    return float(f"{value:.10g}")


def bounded(values: Sequence[float], most: int) -> None:
    if len(values) > most:
        raise SENTENCES.error(Invalid, "series_long", values=len(values), most=most)
