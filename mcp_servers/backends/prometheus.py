"""Prometheus over its HTTP API, with bounds on time, points and size."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar
from urllib.parse import quote

from mcp_servers.backends.http_api import HttpApi, Parameters
from mcp_servers.backends.retrying import PATIENCE, Patience
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.alerts import Alert, Labels, Rule, Target
from mcp_servers.facts.kubernetes import moment
from mcp_servers.facts.metrics import Series

Found = TypeVar("Found")
Json = Mapping[str, Any]

# More points than this say no more, and cost the server, the wire and the reader.
MOST_POINTS = 300
# Of one request over a long time; a day of minutes. Prometheus itself gives 11,000.
MOST_STEPS = 1440


@dataclass(frozen=True)
class Prometheus:
    """One Prometheus, or none: then every call says that it is not configured.

    `timeout_s` is for a whole call, all its tries included.
    """

    timeout_s: float
    _api: HttpApi

    @classmethod
    def connect(cls, url: str, timeout_s: float = 10.0, *, patience: Patience = PATIENCE) -> Self:
        """Nothing is asked of it yet. `url` is its root, with the prefix it is served under."""
        return cls(
            timeout_s,
            HttpApi.at(
                url,
                name="Prometheus",
                timeout_s=timeout_s,
                too_large=SENTENCES.said("too_many_series"),
                patience=patience,
            ),
        )

    @property
    def url(self) -> str:
        return self._api.url

    @property
    def configured(self) -> bool:
        return self._api.configured

    async def close(self) -> None:
        await self._api.close()

    async def query(self, promql: str) -> list[Series]:
        """The value of an expression now: one point a series. Raises `Invalid` on bad PromQL."""
        asked = {"query": promql, "timeout": f"{self.timeout_s:g}s"}
        return await self._read("query", asked, lambda data: _series_of(promql, data["result"]))

    async def query_range(
        self, promql: str, *, start: datetime, end: datetime, points: int = 120
    ) -> list[Series]:
        """An expression over time, at `points` places at most and never more than 300."""
        asked = {
            "query": promql,
            "start": start.timestamp(),
            "end": end.timestamp(),
            "step": step_of(end - start, points).total_seconds(),
            "timeout": f"{self.timeout_s:g}s",
        }
        return await self._read(
            "query_range", asked, lambda data: _series_of(promql, data["result"])
        )

    async def query_every(
        self, promql: str, *, start: datetime, end: datetime, step: timedelta
    ) -> list[Series]:
        """An expression at each step of a long time: asked for piece by piece, put together by labels."""
        found: dict[tuple[tuple[str, str], ...], list[tuple[datetime, float]]] = {}
        begin, most = start, step * (MOST_STEPS - 1)
        while begin <= end:
            until = min(begin + most, end)
            asked = {
                "query": promql,
                "start": begin.timestamp(),
                "end": until.timestamp(),
                "step": step.total_seconds(),
                "timeout": f"{self.timeout_s:g}s",
            }
            for one in await self._read(
                "query_range", asked, lambda data: _series_of(promql, data["result"])
            ):
                found.setdefault(one.labels, []).extend(one.points)
            begin = until + step
        return [Series(promql, labels, tuple(points)) for labels, points in found.items()]

    async def series(
        self, match: Sequence[str], *, start: datetime, end: datetime
    ) -> list[dict[str, str]]:
        """The label sets that match any of the selectors in this time."""
        asked = {"match[]": list(match), "start": start.timestamp(), "end": end.timestamp()}
        return await self._read("series", asked, lambda data: [dict(one) for one in data])

    async def label_values(
        self, label: str, match: Sequence[str] = (), *, start: datetime, end: datetime
    ) -> list[str]:
        """The values of one label, `__name__` for the names of all metrics."""
        asked = {"match[]": list(match), "start": start.timestamp(), "end": end.timestamp()}
        what = f"label/{quote(label, safe='')}/values"
        return await self._read(what, asked, lambda data: [str(one) for one in data])

    async def metadata(self) -> dict[str, tuple[str, str]]:
        """Type and help of each metric that a target of today tells of; the first, where targets differ."""
        found = await self._read(
            "metadata",
            {"limit_per_metric": 1},
            lambda data: [
                (str(name), (str(many[0].get("type") or ""), str(many[0].get("help") or "")))
                for name, many in data.items()
                if many
            ],
        )
        return dict(found)

    async def targets(self) -> list[Target]:
        """What is being scraped now, the unhealthy ones included."""
        return await self._read(
            "targets",
            {"state": "active"},
            lambda data: [_target_of(one) for one in data["activeTargets"]],
        )

    async def rules(self) -> list[Rule]:
        """Every rule in the order of its files."""
        return await self._read(
            "rules",
            {},
            lambda data: [
                _rule_of(group, one) for group in data["groups"] for one in group["rules"]
            ],
        )

    async def alerts(self) -> list[Alert]:
        """Pending and firing alerts; Prometheus knows nothing of silences."""
        return await self._read(
            "alerts", {}, lambda data: [_alert_of(one) for one in data["alerts"]]
        )

    async def _read(
        self, what: str, params: Parameters, shape: Callable[[Any], list[Found]]
    ) -> list[Found]:
        found = await self._api.get(f"/api/v1/{what}", params)
        try:
            return shape(found["data"])
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise self._api.stranger() from error


def step_of(span: timedelta, points: int) -> timedelta:
    """The whole-second step that puts at most `points`, and never more than 300, into a span."""
    gaps = max(1, min(points, MOST_POINTS) - 1)
    return timedelta(seconds=max(1, math.ceil(span.total_seconds() / gaps)))


def _series_of(promql: str, found: Any) -> list[Series]:
    """Vectors and matrices; a scalar is one series without labels."""
    if len(found) == 2 and not isinstance(found[0], Mapping):
        return [Series(promql, (), (_point(found, {}),))]
    moments: dict[float, datetime] = {}
    return [
        Series(
            query=promql,
            labels=_labels(one["metric"]),
            points=tuple(_point(pair, moments) for pair in one.get("values") or [one["value"]]),
        )
        for one in found
        if "value" in one or "values" in one  # native histograms have neither
    ]


def _point(pair: Sequence[Any], moments: dict[float, datetime]) -> tuple[datetime, float]:
    """All series of an answer share their moments: ten thousand of a day have 24 of them."""
    at_s = float(pair[0])
    at = moments.get(at_s)
    if at is None:
        at = moments[at_s] = datetime.fromtimestamp(at_s, UTC)
    return at, float(pair[1])


def _labels(raw: Mapping[str, Any] | None) -> Labels:
    return tuple(sorted((key, str(value)) for key, value in (raw or {}).items()))


def _target_of(raw: Json) -> Target:
    labels = _labels(raw["labels"])
    return Target(
        job=str(raw["labels"].get("job", "")),
        instance=str(raw["labels"].get("instance", "")),
        labels=labels,
        health=str(raw["health"]),
        last_error=str(raw.get("lastError") or ""),
        last_scrape_at=moment(raw.get("lastScrape")),
        scrape_s=float(raw.get("lastScrapeDuration") or 0),
    )


def _rule_of(group: Json, raw: Json) -> Rule:
    return Rule(
        group=str(group["name"]),
        name=str(raw["name"]),
        kind=str(raw["type"]),
        query=str(raw["query"]),
        state=str(raw.get("state") or ""),
        health=str(raw.get("health") or "unknown"),
        last_error=str(raw.get("lastError") or ""),
        for_s=float(raw.get("duration") or 0),
        labels=_labels(raw.get("labels")),
        alerts=len(raw.get("alerts") or []),
        annotations=_labels(raw.get("annotations")),
    )


def _alert_of(raw: Json) -> Alert:
    return Alert(
        name=str(raw["labels"].get("alertname", "")),
        state=str(raw["state"]),
        labels=_labels(raw["labels"]),
        annotations=_labels(raw.get("annotations")),
        since=moment(raw.get("activeAt")),
    )
