"""Which series, labels, metrics and targets there are."""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox import promql
from sandbox.prometheus_api.answers import Answer, Json, Now, cut, rfc3339
from sandbox.prometheus_api.parameters import EARLIEST_MS, LATEST_MS, Parameters
from sandbox.promql import Unparsable, Vector
from sandbox.promql.labelling import is_label
from sandbox.series import Labels, SeriesStore

_SCRAPE_INTERVAL, _SCRAPE_TIMEOUT = "1m", "10s"


@dataclass(frozen=True)
class Discovery:
    series: SeriesStore
    now: Now

    def list_series(self, given: Parameters) -> Answer:
        """GET or POST /api/v1/series"""
        if not given.selectors():
            raise Unparsable("no match[] parameter provided")
        rows, warnings = cut([dict(one) for one in self._labels(given)], given.limit())
        return Answer(rows, warnings)

    def label_names(self, given: Parameters) -> Answer:
        """GET or POST /api/v1/labels"""
        names = {name for labels in self._labels(given) for name, _ in labels}
        return Answer(*cut(sorted(names), given.limit()))

    def label_values(self, given: Parameters) -> Answer:
        """GET /api/v1/label/<name>/values"""
        name = given.path["name"]
        if not is_label(name):
            raise Unparsable(f'invalid label name: "{name}"')
        found = (dict(labels).get(name, "") for labels in self._labels(given))
        return Answer(*cut(sorted({value for value in found if value}), given.limit()))

    def metadata(self, given: Parameters) -> Answer:
        """GET /api/v1/metadata"""
        wanted, limit = given.text("metric"), given.limit()
        found: dict[str, Json] = {}
        for name, family in list(self.series.families.items()):
            # As exporters in the classic text format have it, which is what people look up.
            listed = f"{name}_total" if family.type == "counter" else name
            if not wanted or wanted in (name, listed):
                about = {"type": family.type, "help": family.help, "unit": family.unit}
                found[listed] = [about]
        return Answer(dict(list(found.items())[: limit or None]))

    def targets(self, given: Parameters) -> Answer:
        """GET /api/v1/targets: what the series `up` tells of them"""
        state = given.text("state").lower()
        active = [] if state == "dropped" else [*self._active_targets()]
        return Answer({"activeTargets": active, "droppedTargets": []})

    def _labels(self, given: Parameters) -> list[Labels]:
        start_ms = given.moment_ms("start", EARLIEST_MS)
        end_ms = min(given.moment_ms("end", LATEST_MS), self.now.ms)
        found = {
            one.labels
            for matchers in given.selectors() or [[]]
            for one in self.series.select(matchers, start_ms / 1000, end_ms / 1000)
        }
        return sorted(found)

    def _active_targets(self) -> Iterable[Json]:
        now_ms = self.now.ms
        up = promql.query("up", self.series, at_ms=now_ms, now_ms=now_ms)
        taken = promql.query("timestamp(up)", self.series, at_ms=now_ms, now_ms=now_ms)
        if isinstance(up, Vector) and isinstance(taken, Vector):
            for row, labels in enumerate(up.labels):
                yield _target(dict(labels), up.values[row, 0] == 1, float(taken.values[row, 0]))


def _target(labels: dict[str, str], is_up: bool, scraped_s: float) -> Json:
    labels.pop("__name__", None)
    job, instance = labels.get("job", ""), labels.get("instance", "")
    discovered = {"__address__": instance, "__metrics_path__": "/metrics", "__scheme__": "http"}
    return {
        "discoveredLabels": {**discovered, "job": job},
        "labels": labels,
        "scrapePool": job,
        "scrapeUrl": f"http://{instance}/metrics",
        "globalUrl": f"http://{instance}/metrics",
        "lastError": "" if is_up else "the last scrape failed",
        "lastScrape": rfc3339(scraped_s),
        "lastScrapeDuration": 0,
        "health": "up" if is_up else "down",
        "scrapeInterval": _SCRAPE_INTERVAL,
        "scrapeTimeout": _SCRAPE_TIMEOUT,
    }
