"""budgets_table_anomalies: days or hours of a table of spend that the weeks before do not explain."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import anyio.to_thread
from pydantic import BaseModel, Field

from mcp_servers.backends.series_table import moment_of, series_of
from mcp_servers.budgets.texts import Language

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.cost_anomalies import CostAnomalies, Episode, Judged

ValuesCsv = Annotated[str, Field(max_length=64_000_000, description="CSV: timestamp,value.")]

MISSING = {
    "en": {
        "too_few": "Fourteen whole days before (or two weeks of hours) are needed to know what is usual.",
        "step": "Spend is judged by the day or by the hour; these times are neither.",
    },
    "zh": {
        "too_few": "需要之前至少十四个完整的日子（或两周的小时数据），才能判断怎样算正常。",
        "step": "花费只能按天或按小时判断，而这些时间两者都不是。",
    },
}
LINES_SHOWN = 30
Spreads = Annotated[
    float,
    Field(
        ge=0,
        le=10,
        description="So many robust standard deviations are too far (and a fifth, of hours three "
        "tenths, of what was expected); 0: 3.25 by day, 4.5 by hour.",
    ),
]


class CostPoint(BaseModel):
    at: datetime
    value: float
    expected: float | None = Field(description="null: too little came before to expect anything.")
    score: float = Field(description="Spreads from what was expected, signed.")
    anomaly: bool
    severity: str | None = Field(description="low | medium | high | critical; null: no anomaly.")

    @classmethod
    def of(cls, one: "Judged") -> "CostPoint":
        return cls(
            at=moment_of(one.at),
            value=tidy(one.value),
            expected=None if one.expected is None else tidy(one.expected),
            score=round(one.score, 2),
            anomaly=bool(one.severity),
            severity=one.severity or None,
        )


class CostEpisode(BaseModel):
    start: datetime
    end: datetime
    values: int = Field(description="Anomalous days or hours in it.")
    impact: float = Field(description="More (or less) than expected, summed.")
    severity: str

    @classmethod
    def of(cls, one: "Episode") -> "CostEpisode":
        return cls(
            start=moment_of(one.start),
            end=moment_of(one.end),
            values=one.values,
            impact=tidy(one.impact),
            severity=one.severity,
        )


class TableCostAnomalies(BaseModel):
    method: str
    verdict: Literal["ok", "insufficient_data"]
    missing: str = ""
    gaps: int
    points: list[CostPoint]
    episodes: list[CostEpisode]

    def as_text(self) -> str:
        if self.verdict != "ok":
            return f"insufficient_data: {self.missing}"
        heading = f"{len(self.episodes)} episodes in {len(self.points)} values; {self.method}"
        lines = [
            f"{one.start:%Y-%m-%d %H:%M}Z to {one.end:%Y-%m-%d %H:%M}Z: "
            f"{one.impact:+.4g}, {one.severity}"
            for one in self.episodes[:LINES_SHOWN]
        ]
        return "\n".join([heading, *lines])


async def budgets_table_anomalies(
    values: ValuesCsv, language: Language = "en", spreads: Spreads = 0
) -> TableCostAnomalies:
    """Find days or hours in a table of spend that cost far more or less than usual."""
    return await anyio.to_thread.run_sync(_of_table, values, language, spreads)


def _of_table(values: str, language: str, spreads: float) -> TableCostAnomalies:
    from mcp_servers.engines.cost_anomalies import cost_anomalies

    times, told = series_of(values)
    return shaped(cost_anomalies(times, told, spreads=spreads), language)


def shaped(found: "CostAnomalies", language: str) -> TableCostAnomalies:
    return TableCostAnomalies(
        method=found.method,
        verdict="ok" if found.enough else "insufficient_data",
        missing=MISSING[language].get(found.why, ""),
        gaps=found.gaps,
        points=[CostPoint.of(one) for one in found.points],
        episodes=[CostEpisode.of(one) for one in found.episodes],
    )


def tidy(value: float) -> float:
    """Ten significant digits: what arithmetic adds behind them is noise."""
    return float(f"{value:.10g}")
