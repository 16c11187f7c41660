"""What there is to ask for: series and the values of labels."""

from collections import Counter
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Principal
from mcp_servers.backends import metric_scope as scope
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.paging import Page
from mcp_servers.prometheus.query import Cursor
from mcp_servers.prometheus.shaping import varying, written

Match = Annotated[str, Field(description='Selector, e.g. up{job="x"}.')]
Contains = Annotated[str, Field(description="Keep values with this text.")]

REACH_BACK = timedelta(hours=1)
SERIES_SHOWN = 40
VALUES_SHOWN = 150
METRICS_SHOWN = 20


class MetricCount(BaseModel):
    metric: str
    series: int


class SeriesPage(Page[dict[str, str]]):
    match: str = ""
    metrics: list[MetricCount] = Field(
        default_factory=list[MetricCount], description="The largest 20."
    )

    def as_text(self) -> str:
        shared, telling = varying([tuple(row.items()) for row in self.rows])
        counts = ", ".join(f"{one.metric} ({one.series})" for one in self.metrics)
        told = [written([pair for pair in row.items() if pair[0] in telling]) for row in self.rows]
        common = [f"all have {written(sorted(shared.items()))}"] if shared else []
        heading = f"{self.shown} series of the last hour match {self.match}; metrics: {counts}"
        return self.told(heading, [*common, *told])


class ValuesPage(Page[str]):
    label: str = ""

    def as_text(self) -> str:
        return self.told(f"values of {self.label}: {self.shown}", [", ".join(self.rows)])


async def prometheus_find_series(
    match: Match, cursor: Cursor = "", *, prometheus: Prometheus, caller: Principal
) -> SeriesPage:
    """List the series that match a selector, to learn metric names and labels before a query."""
    if not match:
        raise SENTENCES.error(Invalid, "empty_match")
    scope.check(caller, match)
    now = utc_now()
    found = await prometheus.series([match], start=now - REACH_BACK, end=now)
    counts = Counter(one.get("__name__", "") for one in found)
    metrics = [
        MetricCount(metric=name, series=count) for name, count in counts.most_common(METRICS_SHOWN)
    ]
    rows = sorted((dict(sorted(one.items())) for one in found), key=lambda one: list(one.items()))
    return SeriesPage.of(rows, cursor=cursor, size=SERIES_SHOWN, match=match, metrics=metrics)


async def prometheus_label_values(
    label: Annotated[str, Field(description="__name__ for metric names.")],
    match: Match = "",
    contains: Contains = "",
    cursor: Cursor = "",
    *,
    prometheus: Prometheus,
    caller: Principal,
) -> ValuesPage:
    """List the values of a label, or all metric names."""
    now, chosen = utc_now(), scope.selector_within(caller, match)
    found = await prometheus.label_values(
        label, [chosen] if chosen else [], start=now - REACH_BACK, end=now
    )
    kept = sorted(one for one in found if contains.lower() in one.lower())
    return ValuesPage.of(kept, cursor=cursor, size=VALUES_SHOWN, label=label)
