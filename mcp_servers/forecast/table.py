"""forecast_table: what comes next in a table that is handed in."""

from typing import Annotated

import anyio.to_thread
from pydantic import Field

from mcp_servers.backends.series_table import series_of
from mcp_servers.forecast.shapes import (
    ForecastReport,
    Language,
    Level,
    ValuesCsv,
    bounded,
    report,
)

Horizon = Annotated[int, Field(ge=1, le=1000, description="How many values ahead.")]
MOST_VALUES = 200_000


async def forecast_table(
    values: ValuesCsv, horizon: Horizon, level: Level = 80, language: Language = "en"
) -> ForecastReport:
    """Foretell a table of one series, with an interval and how the method did before.

    For series of Prometheus use forecast_load.
    """
    return await anyio.to_thread.run_sync(_of_table, values, horizon, level, language)


def _of_table(values: str, horizon: int, level: float, language: str) -> ForecastReport:
    from mcp_servers.engines.forecast import forecast

    times, told = series_of(values)
    bounded(told, MOST_VALUES)
    return report(forecast(times, told, horizon=horizon, level=level), level, language)
