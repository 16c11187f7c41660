"""PromQL over recorded series, with the semantics of Prometheus 2.42.

Everything is evaluated for all steps of a query at once. Native histograms, `info`, `limitk` and
other experiments are not supported and say so. Known differences: which of several equal series
topk and bottomk take; atan2 drops the metric's name, as in later versions; the month or hour of
what is no time is NaN; predict_linear over a window that `@` fixes sees all of it at every step.
"""

from typing import Any, cast

import numpy as np
from promql_parser import MatrixSelector, StringLiteral, SubqueryExpr

from sandbox.promql.errors import Unanswerable, Unparsable
from sandbox.promql.evaluator import evaluate
from sandbox.promql.formatting import formatted, scientific
from sandbox.promql.parsing import duration_ms, one_line, parse, parse_selector, prettified
from sandbox.promql.selectors import Samples
from sandbox.promql.values import Ranges, Scalar, Text, Value, Vector
from sandbox.series import Millis, Source

__all__ = [
    "Ranges", "Scalar", "Text", "Unanswerable", "Unparsable", "Value", "Vector",
    "duration_ms", "formatted", "one_line", "parse", "parse_selector", "prettified", "query", "query_range",
    "scientific",
]  # fmt: skip

_TYPES: dict[type, str] = {
    MatrixSelector: "range vector",
    SubqueryExpr: "range vector",
    StringLiteral: "string",
}


def query(text: str, series: Source, *, at_ms: int, now_ms: int) -> Value:
    """The value of an expression at one time, as a single step.

    No sample after `now_ms` is seen. Raises `Unparsable` or `Unanswerable`.
    """
    times_ms = np.array([at_ms], dtype=np.int64)
    return _evaluated(parse(text), Samples(series, now_ms, at_ms, at_ms), times_ms)


def query_range(
    text: str, series: Source, *, start_ms: int, end_ms: int, step_ms: int, now_ms: int
) -> tuple[Millis, Scalar | Vector]:
    """The steps from `start_ms` to `end_ms`, and the value of an expression at each."""
    expression: object = parse(text)
    kind = _TYPES.get(expression.__class__)
    if kind:
        raise Unparsable(
            f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector'
        )
    times_ms = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
    value = _evaluated(expression, Samples(series, now_ms, start_ms, end_ms), times_ms)
    return times_ms, cast("Scalar | Vector", value)


def _evaluated(expression: Any, samples: Samples, times_ms: Millis) -> Value:
    with np.errstate(all="ignore"):  # infinities and NaN are values here
        return evaluate(samples, expression, times_ms)
