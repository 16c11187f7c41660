"""forecast_load: what load, memory or a disk will be in the next hours, from what it was."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import pstdev
from typing import TYPE_CHECKING, Annotated, Literal

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Principal
from mcp_servers.access import span_of
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.metric_scope import check
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.backends.series_table import moment_of
from mcp_servers.forecast.history import Known, history
from mcp_servers.forecast.level_breaks import Ahead, LevelBreak, level_break, parted
from mcp_servers.forecast.peaks import Both, Chance, Exceeds, chances, level_of
from mcp_servers.forecast.scaling import SCALED, Recommendation, Wanted, recommended
from mcp_servers.forecast.shapes import (
    Backtest,
    ForecastPoint,
    Language,
    Level,
    Peak,
    Tried,
    peak_of,
    report,
    tidy,
)

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.forecast import Forecast

Metric = Annotated[
    Literal["", "qps", "cpu", "memory", "disk"], Field(description="Or give a query.")
]
Namespace = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9-]*$")]
Name = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9._-]*$", description="Service.")]
Query = Annotated[str, Field(max_length=4000, description="PromQL of one series.")]
Horizon = Annotated[str, Field(max_length=20, description="ISO 8601, PT1H to P7D.")]

SHORTEST, LONGEST = timedelta(hours=1), timedelta(hours=168)

QUERIES = {
    "qps": "sum(rate(http_requests_total{{{service}}}[10m]))",
    "cpu": "sum(rate(container_cpu_usage_seconds_total{{{pods}}}[10m]))",
    "memory": "sum(container_memory_working_set_bytes{{{pods}}})",
    "disk": (
        "max(kubelet_volume_stats_used_bytes{{{claims}}}"
        " / kubelet_volume_stats_capacity_bytes{{{claims}}})"
    ),
}
# Of the same pods: cores, and how many there were.
BESIDE = {
    "cores": QUERIES["cpu"],
    "count": "count(max by (pod) (container_memory_working_set_bytes{{{pods}}}))",
}
UNITS = {"qps": "requests/s", "cpu": "cores", "memory": "bytes", "disk": "share of capacity"}

MISSING = {
    "en": {
        "nothing": "Prometheus has no values of {query}.",
        "several": "{query} gives {count} series, not one; aggregate them with sum or max.",
        "short": "Only {hours} hours of it are known, which says nothing of the {ahead} hours ahead.",
        "too_few": "Too few values of it are known.",
        "gaps": "More than 30 % of its values are missing.",
        "times": "Its values come at no even step.",
    },
    "zh": {
        "nothing": "Prometheus 中没有 {query} 的数据。",
        "several": "{query} 返回 {count} 条序列而不是一条，请用 sum 或 max 聚合。",
        "short": "只有 {hours} 小时的历史数据，不足以预测未来 {ahead} 小时。",
        "too_few": "已有数据点太少。",
        "gaps": "超过 30 % 的数据缺失。",
        "times": "数据的时间间隔不均匀。",
    },
}


class LoadForecast(BaseModel):
    verdict: Literal["ok", "insufficient_data"]
    missing: str = Field(default="", description="What an insufficient verdict lacks.")
    query: str
    unit: str
    horizon: str
    horizon_h: float = Field(description="The same in hours.")
    known_hours: float = Field(description="How long back it is known.")
    step_s: float
    method: str = ""
    season: str = ""
    level: float
    backtest: Backtest | None = None
    now: float | None = Field(
        default=None, description="Mean of the last hour; null: nothing was measured in it."
    )
    silent_since: datetime | None = Field(
        default=None, description="The last value, where none came since; foretold from there."
    )
    level_break: LevelBreak | None = Field(
        default=None, description="Newest values that left what was foretold of them."
    )
    mean: float | None = Field(default=None, description="Mean over the horizon.")
    peak: Peak | None = None
    chances: list[Chance] = Field(
        default_factory=list[Chance], description="That the highest value is above a level."
    )
    full_at: datetime | None = Field(default=None, description="When a disk's mean reaches 1.")
    days_until_full: float | None = Field(
        default=None, description="Of a disk, by its last weeks; null: not within a year."
    )
    recommendation: Recommendation | None = Field(
        default=None, description="Of instances, where a workload was named."
    )
    growth: float | None = Field(
        default=None, description="Mean over the horizon against that of as long before, percent."
    )
    volatility: float | None = Field(
        default=None, description="Spread of its hours, in percent of their mean."
    )
    tried: list[Tried] = Field(
        default_factory=list[Tried], description="Every method at the same origins, the best first."
    )
    forecast: list[ForecastPoint] = Field(default_factory=list[ForecastPoint])

    def as_text(self) -> str:
        if self.verdict != "ok" or self.peak is None:
            return f"insufficient_data: {self.missing}"
        upper = "" if self.peak.upper is None else f", up to {self.peak.upper:.4g}"
        likely = "".join(f"\n{one.as_text()}" for one in self.chances)
        full = f"\nfull at {self.full_at:%Y-%m-%d %H:%M}Z" if self.full_at else ""
        parted = f"\n{self.level_break.text}" if self.level_break else ""
        now = "nothing measured" if self.now is None else f"{self.now:.4g}"
        since = (
            f"\nno values since {self.silent_since:%Y-%m-%d %H:%M}Z" if self.silent_since else ""
        )
        return (
            f"{self.query} in {self.unit or 'its unit'} over {self.horizon}: "
            f"now {now}, mean {self.mean:.4g}, "
            f"peak {self.peak.mean:.4g}{upper} at {self.peak.at:%m-%d %H:%M}Z; "
            f"method {self.method}, season {self.season or 'none'}{since}{parted}{likely}{full}"
        )


async def forecast_load(
    metric: Metric = "",
    namespace: Namespace = "",
    name: Name = "",
    query: Query = "",
    horizon: Horizon = "P1D",
    level: Level = 80,
    exceeds: Exceeds = "",
    language: Language = "en",
    *,
    prometheus: Prometheus,
    kubernetes: Kubernetes,
    caller: Principal,
) -> LoadForecast:
    """Foretell load (qps, cpu, memory) with the instances it takes, a disk, or any PromQL series.

    Up to a week ahead, with how likely the peak `exceeds` a level. When disks will be full say forecast_disks; of a table, forecast_table.
    """
    ahead = span_of(horizon)
    if not SHORTEST <= ahead <= LONGEST:
        raise SENTENCES.error(Invalid, "horizon_hours")
    if bool(metric) == bool(query):
        raise SENTENCES.error(Invalid, "nothing_to_foretell")
    bound = level_of(exceeds, metric)
    asked = query or _query(metric, namespace, name)
    check(caller, asked)
    now = utc_now()
    known, step = await history(prometheus, asked, now)
    told = LoadForecast(
        verdict="insufficient_data",
        query=asked,
        unit=UNITS.get(metric, ""),
        horizon=horizon,
        horizon_h=ahead / timedelta(hours=1),
        known_hours=round(known.hours, 2),
        step_s=step.total_seconds(),
        level=level,
    )
    over = _over(known, step, now)
    why = _lacking(known, ahead + over * step)
    if why:
        return _insufficient(told, why, known, ahead + over * step, language)
    span = Ahead(step, over, round(ahead / step), level, 1.0 if metric == "disk" else None)
    found = await anyio.to_thread.run_sync(_foretold, known, span)
    if not found.enough:
        return _insufficient(told, found.why, known, ahead, language)
    apart = await anyio.to_thread.run_sync(parted, known, span)
    shaped = _shaped(told, found, known, metric, over)
    if apart is not None:
        broken = level_break(apart, told.unit, language)
        shaped = shaped.model_copy(update={"level_break": broken})
    both = Both(found.peaks, None if apart is None else apart.peaks)
    if metric not in SCALED or not name:
        return shaped.model_copy(update={"chances": chances(both, bound, metric, None)})
    beside = {key: _filled(one, namespace, name) for key, one in BESIDE.items()}
    recommendation = await recommended(
        Wanted(metric, namespace, name, language, shaped.forecast, shaped.level_break),
        known,
        step,
        beside,
        kubernetes=kubernetes,
        prometheus=prometheus,
        caller=caller,
        now=now,
    )
    likely = chances(both, bound, metric, recommendation)
    return shaped.model_copy(update={"recommendation": recommendation, "chances": likely})


def _over(known: Known, step: timedelta, now: datetime) -> int:
    """How many values are missing up to now."""
    quiet_s = now.timestamp() - known.times[-1] if known.times else 0.0
    return max(round(quiet_s / step.total_seconds()), 0)


def _query(metric: str, namespace: str, name: str) -> str:
    return _filled(QUERIES[metric], namespace, name)


def _filled(template: str, namespace: str, name: str) -> str:
    home = f'namespace="{namespace}"' if namespace else ""
    own = {
        "service": f'service="{name}"' if name else "",
        "pods": f'{f"pod=~`{name}-.+`," if name else ""}container!="",container!="POD"',
        "claims": f"persistentvolumeclaim=~`.*{name}.*`" if name else "",
    }
    inside = {key: ",".join(part for part in (home, one) if part) for key, one in own.items()}
    return template.format(**inside)


def _lacking(known: Known, ahead: timedelta) -> str:
    """Nobody can tell further ahead than they can look back."""
    if known.series > 1:
        return "several"
    if not known.times:
        return "nothing"
    return "short" if known.hours < ahead / timedelta(hours=1) else ""


def _insufficient(
    told: LoadForecast, why: str, known: Known, ahead: timedelta, language: str
) -> LoadForecast:
    facts = {
        "query": told.query,
        "count": known.series,
        "hours": f"{known.hours:.1f}",
        "ahead": round(ahead / timedelta(hours=1)),
    }
    return told.model_copy(update={"missing": MISSING[language][why].format(**facts)})


def _foretold(known: Known, span: Ahead) -> "Forecast":
    from mcp_servers.engines.forecast import forecast

    return forecast(
        known.times,
        known.values,
        horizon=span.count,
        level=span.level,
        capacity=span.capacity,
        skip=span.skip,
    )


def _shaped(
    told: LoadForecast, found: "Forecast", known: Known, metric: str, over: int
) -> LoadForecast:
    whole = report(found, told.level)
    points = whole.forecast
    full = [one.at for one in points if metric == "disk" and one.mean >= 1]
    return told.model_copy(
        update={
            "verdict": "ok",
            "method": whole.method,
            "season": whole.season,
            "backtest": whole.backtest,
            "now": None if over else tidy(_mean(_last_hour(known))),
            "silent_since": moment_of(known.times[-1]) if over else None,
            "mean": tidy(_mean([one.mean for one in points])),
            "peak": peak_of(points, found.peaks, told.level),
            "full_at": full[0] if full else None,
            "days_until_full": _days(known) if metric == "disk" else None,
            "growth": _growth(known, [one.mean for one in points]),
            "volatility": _volatility(known),
            "tried": whole.tried,
            "forecast": points,
        }
    )


def _days(known: Known) -> float | None:
    from mcp_servers.engines.filling import filling

    found = filling(known.times, known.values, 1.0)
    return None if found.days is None else round(found.days, 2)


def _growth(known: Known, ahead: Sequence[float]) -> float | None:
    """None where there was nothing before to grow from."""
    before = _mean(known.values[-len(ahead) :])
    return round(100 * (_mean(ahead) / before - 1), 2) if before > 0 else None


def _volatility(known: Known) -> float | None:
    mean = _mean(known.values)
    return round(100 * pstdev(known.values) / mean, 2) if mean > 0 else None


def _last_hour(known: Known) -> Sequence[float]:
    pairs = zip(known.times, known.values, strict=True)
    return [value for at, value in pairs if at > known.times[-1] - 3600]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
