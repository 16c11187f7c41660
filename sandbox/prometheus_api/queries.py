"""query, query_range and format_query."""

from dataclasses import dataclass

from sandbox import promql
from sandbox.prometheus_api.answers import Answer, Now, TimedOut, cut, instant, matrix
from sandbox.prometheus_api.parameters import EARLIEST_MS, LATEST_MS, Parameters, invalid
from sandbox.prometheus_api.recording import RecordedByRules
from sandbox.promql import Unparsable

_MOST_POINTS = 11_000


@dataclass(frozen=True)
class Queries:
    series: RecordedByRules
    now: Now

    def at_once(self, given: Parameters) -> Answer:
        """GET or POST /api/v1/query"""
        now_ms = self.now.ms
        at_ms = given.moment_ms("time", now_ms)
        _check_timeout(given)
        try:
            value = promql.query(given.text("query"), self.series, at_ms=at_ms, now_ms=now_ms)
        except Unparsable as error:
            raise invalid("query", error.message) from error
        kind, result = instant(value, at_ms)
        warnings: list[str] = []
        if kind in ("vector", "matrix"):
            result, warnings = cut(result, given.limit())
        return Answer({"resultType": kind, "result": result}, warnings)

    def formatted(self, given: Parameters) -> Answer:
        """GET or POST /api/v1/format_query"""
        try:
            return Answer(promql.prettified(given.text("query")))
        except Unparsable as error:
            raise invalid("query", error.message) from error

    def exemplars(self, given: Parameters) -> Answer:
        """GET or POST /api/v1/query_exemplars: no exemplar is recorded, only the form is checked"""
        start_ms, end_ms = given.moment_ms("start", EARLIEST_MS), given.moment_ms("end", LATEST_MS)
        if end_ms < start_ms:
            raise Unparsable("end timestamp must not be before start timestamp")
        promql.parse(given.text("query"))
        return Answer([])

    def over_time(self, given: Parameters) -> Answer:
        """GET or POST /api/v1/query_range"""
        start_ms, end_ms = given.moment_ms("start"), given.moment_ms("end")
        if end_ms < start_ms:
            raise invalid("end", "end timestamp must not be before start time")
        step_ms = _step_ms(given)
        if (end_ms - start_ms) // step_ms > _MOST_POINTS:
            raise Unparsable(
                "exceeded maximum resolution of 11,000 points per timeseries."
                " Try decreasing the query resolution (?step=XX)"
            )
        _check_timeout(given)
        times_ms, value = promql.query_range(
            given.text("query"),
            self.series,
            start_ms=start_ms,
            end_ms=end_ms,
            step_ms=step_ms,
            now_ms=self.now.ms,
        )
        result, warnings = cut(matrix(times_ms, value), given.limit())
        return Answer({"resultType": "matrix", "result": result}, warnings)


def _step_ms(given: Parameters) -> int:
    step_ms = given.duration_ms("step")
    if step_ms <= 0:
        why = "zero or negative query resolution step widths are not accepted."
        raise invalid("step", f"{why} Try a positive integer")
    return step_ms


def _check_timeout(given: Parameters) -> None:
    """No query of a practice cluster lasts long; none is allowed no time at all."""
    if given.text("timeout") and given.duration_ms("timeout") <= 0:
        raise TimedOut("query timed out in query execution")
