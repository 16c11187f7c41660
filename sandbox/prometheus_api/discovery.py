"""Which series, labels and metrics there are."""

from dataclasses import dataclass

from sandbox.prometheus_api.answers import Answer, Json, Now, cut
from sandbox.prometheus_api.parameters import EARLIEST_MS, LATEST_MS, Parameters
from sandbox.prometheus_api.recording import RecordedByRules
from sandbox.promql import Unparsable
from sandbox.promql.labelling import is_label
from sandbox.series import Labels


@dataclass(frozen=True)
class Discovery:
    series: RecordedByRules
    now: Now

    def list_series(self, given: Parameters) -> Answer:
        """GET or POST /api/v1/series"""
        if not given.texts("match[]"):
            raise Unparsable("no match[] parameter provided")
        rows, warnings = cut([dict(one) for one in self._labels(given, named=True)], given.limit())
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
        wanted, most, each = (
            given.text("metric"), given.number("limit"), given.number("limit_per_metric")
        )  # fmt: skip
        found = {
            listed: [about][: each if each and each > 0 else None]
            for listed, about in families(self.series).items()
            if wanted in ("", listed, listed.removesuffix("_total"))
        }
        return Answer(dict(list(found.items())[: _cut_at(most)]))

    def _labels(self, given: Parameters, *, named: bool = False) -> list[Labels]:
        start_ms = given.moment_ms("start", EARLIEST_MS)
        end_ms = min(given.moment_ms("end", LATEST_MS), self.now.ms)
        found = {
            one.labels
            for matchers in given.selectors(named=named) or [[]]
            for one in self.series.select(matchers, start_ms / 1000, end_ms / 1000)
        }
        return sorted(found)


def families(series: RecordedByRules) -> dict[str, Json]:
    """What is known of each metric, by the name that people look it up by."""
    found = {
        # As exporters in the classic text format have it.
        f"{name}_total" if family.type == "counter" else name: {
            "type": family.type, "help": family.help, "unit": family.unit
        }
        for name, family in list(series.families.items())
    }  # fmt: skip
    return dict(sorted(found.items()))


def _cut_at(limit: int | None) -> int | None:
    """Here, unlike elsewhere, zero is none at all."""
    return limit if limit is not None and limit >= 0 else None
