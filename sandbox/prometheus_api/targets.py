"""What is scraped, as the series `up` tells of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sandbox import promql
from sandbox.prometheus_api.answers import Answer, Json, Now, rfc3339
from sandbox.prometheus_api.discovery import families
from sandbox.prometheus_api.parameters import Parameters, invalid
from sandbox.prometheus_api.recording import RecordedByRules
from sandbox.promql import Unparsable, Vector, parse_selector
from sandbox.series import Matcher

# Prometheus's defaults; a target with a sample or none says nothing of its own interval.
_INTERVAL_MS, _TIMEOUT_MS = 60_000, 10_000

# So far back the samples of `up` are looked at for how often they come.
_LOOK_BACK_S = 1800


@dataclass(frozen=True)
class Targets:
    series: RecordedByRules
    now: Now

    def all(self, given: Parameters) -> Answer:
        """GET /api/v1/targets"""
        state, pool = given.text("state").lower(), given.text("scrapePool")
        active = self._active() if state in ("", "any", "active") else []
        shown = [one for one in active if pool in ("", one["scrapePool"])]
        return Answer({"activeTargets": shown, "droppedTargets": []})

    def pools(self, _: Parameters) -> Answer:
        """GET /api/v1/scrape_pools"""
        return Answer({"scrapePools": sorted({one["scrapePool"] for one in self._active()})})

    def metadata(self, given: Parameters) -> Answer:
        """GET /api/v1/targets/metadata: for each target the metrics that have its labels"""
        limit, wanted = given.number("limit"), given.text("metric")
        matchers = _target_matchers(given)
        rows = (
            row
            for target in self._active()
            if all(one.matches(target["labels"].get(one.label, "")) for one in matchers)
            for row in self._metrics_of(target["labels"], wanted)
        )
        found = list(rows)
        return Answer(found if limit is None or limit < 0 else found[:limit])

    def _metrics_of(self, labels: dict[str, str], wanted: str) -> Iterator[Json]:
        now_s = self.now.ms / 1000
        own = [Matcher(name, "=", value) for name, value in labels.items()]
        theirs = self.series.select(own, now_s - _LOOK_BACK_S, now_s)
        names = {dict(one.labels).get("__name__", "") for one in theirs}
        for name, about in families(self.series).items():
            parts = {name, f"{name}_bucket", f"{name}_count"}
            if parts & names and wanted in ("", name):
                metric = {} if wanted else {"metric": name}
                yield {"target": labels, **metric, **about}

    def _active(self) -> list[Json]:
        now_ms = self.now.ms
        up = promql.query("up", self.series, at_ms=now_ms, now_ms=now_ms)
        if not isinstance(up, Vector):
            return []
        told = self.series.select(
            [Matcher("__name__", "=", "up")], now_ms / 1000 - _LOOK_BACK_S, now_ms / 1000
        )
        times_ms = {one.labels: one.times_ms for one in told}
        found = [
            _target(dict(labels), times_ms[labels], is_up=up.values[row, 0] == 1)
            for row, labels in enumerate(up.labels)
            if labels in times_ms
        ]
        return sorted(found, key=lambda one: one["scrapePool"])


def _target_matchers(given: Parameters) -> list[Matcher]:
    text = given.text("match_target")
    try:
        return parse_selector(text) if text else []
    except Unparsable as error:
        raise invalid("match_target", error.message) from error


def _target(labels: dict[str, str], times_ms: np.ndarray, *, is_up: bool) -> Json:
    labels.pop("__name__", None)
    job, instance = labels.get("job", ""), labels.get("instance", "")
    steps_ms = np.diff(times_ms)
    interval_ms = int(np.median(steps_ms)) if len(steps_ms) else _INTERVAL_MS
    interval, timeout = _duration(interval_ms), _duration(min(interval_ms, _TIMEOUT_MS))
    discovered = {
        "__address__": instance,
        "__metrics_path__": "/metrics",
        "__scheme__": "http",
        "__scrape_interval__": interval,
        "__scrape_timeout__": timeout,
    }
    return {
        "discoveredLabels": {**discovered, "job": job},
        "labels": labels,
        "scrapePool": job,
        "scrapeUrl": f"http://{instance}/metrics",
        "globalUrl": f"http://{instance}/metrics",
        "lastError": "" if is_up else "the last scrape failed",
        "lastScrape": rfc3339(int(times_ms[-1]) / 1000),
        "lastScrapeDuration": 0,
        "health": "up" if is_up else "down",
        "scrapeInterval": interval,
        "scrapeTimeout": timeout,
    }


def _duration(ms: int) -> str:
    """As Prometheus writes a duration: 1m30s."""
    parts: list[str] = []
    for unit, size_ms in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, ms = divmod(ms, size_ms)
        parts.append(f"{count}{unit}" if count else "")
    return "".join(parts)
