"""The walk over the syntax tree: every node becomes its value at all steps at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from sandbox.promql.aggregations import aggregate, count_values, quantile, ranked
from sandbox.promql.binary import Matching, of_scalars, of_sets, of_vectors, with_scalar
from sandbox.promql.errors import Unanswerable
from sandbox.promql.functions import Arguments, call
from sandbox.promql.selectors import Samples, milliseconds, windows
from sandbox.promql.values import Ranges, Scalar, Text, Value, Vector
from sandbox.series import Millis, Series

# What Prometheus takes for the step of a subquery that names none: its evaluation interval.
_SUBQUERY_STEP_MS = 60_000

_MOST_SUBQUERY_STEPS = 500_000


def evaluate(samples: Samples, expression: Any, times_ms: Millis) -> Value:
    """The value of a syntax tree at each of the times. Raises `Unanswerable`."""
    return _NODES[type(expression)](samples, expression, times_ms)


def _number(_: Samples, node: NumberLiteral, times_ms: Millis) -> Scalar:
    return Scalar(np.full(len(times_ms), node.val))


def _negated(samples: Samples, node: UnaryExpr, times_ms: Millis) -> Value:
    found = evaluate(samples, node.expr, times_ms)
    if isinstance(found, Scalar):
        return Scalar(-found.values)
    vector = _as_vector(found)
    return vector.with_values(-vector.values)


def _called(samples: Samples, node: Call, times_ms: Millis) -> Value:
    return call(node.func.name, Arguments(node.args, times_ms, samples, evaluate))


def _combined(samples: Samples, node: BinaryExpr, times_ms: Millis) -> Value:
    operator, matching = str(node.op), Matching.of(node.modifier)
    left, right = (evaluate(samples, side, times_ms) for side in (node.lhs, node.rhs))
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return of_scalars(operator, left, right)
    if isinstance(right, Scalar):
        return with_scalar(operator, _as_vector(left), right, matching)
    if isinstance(left, Scalar):
        return with_scalar(operator, _as_vector(right), left, matching, scalar_first=True)
    combine = of_sets if operator in ("and", "or", "unless") else of_vectors
    return combine(operator, _as_vector(left), _as_vector(right), matching)


def _aggregated(samples: Samples, node: AggregateExpr, times_ms: Millis) -> Vector:
    operator, modifier = str(node.op), node.modifier
    vector = _as_vector(evaluate(samples, node.expr, times_ms))
    if node.param is None:
        return aggregate(operator, vector, modifier)
    parameter = evaluate(samples, node.param, times_ms)
    if isinstance(parameter, Text) and operator == "count_values":
        return count_values(vector, modifier, parameter.value)
    if isinstance(parameter, Scalar) and operator == "quantile":
        return quantile(vector, modifier, parameter.values)
    if isinstance(parameter, Scalar) and operator in ("topk", "bottomk"):
        return ranked(vector, modifier, parameter.values, largest=operator == "topk")
    raise Unanswerable(f"aggregation {operator} is not supported by the practice cluster")


def _subquery(samples: Samples, node: SubqueryExpr, times_ms: Millis) -> Ranges:
    """The inner expression at its own steps, which are multiples of the step length."""
    ends = samples.moments(node, times_ms)
    starts = ends - (milliseconds(node.range) if node.range else 0)
    step_ms = milliseconds(node.step) if node.step else _SUBQUERY_STEP_MS
    first, last = -(-int(starts.min()) // step_ms), int(ends.max()) // step_ms
    if last - first > _MOST_SUBQUERY_STEPS:
        raise Unanswerable("a subquery of so many steps is not supported by the practice cluster")
    if last < first:  # no step falls between beginning and end
        return windows([], starts, ends, times_ms)
    inner_ms = np.arange(first, last + 1, dtype=np.int64) * step_ms
    vector = _as_vector(evaluate(samples, node.expr, inner_ms))
    series = [
        Series(labels, inner_ms[vector.present[row]], vector.values[row, vector.present[row]])
        for row, labels in enumerate(vector.labels)
    ]
    return windows(series, starts, ends, times_ms)


def _as_vector(value: Value) -> Vector:
    if not isinstance(value, Vector):
        raise Unanswerable("an instant vector was expected")
    return value


_NODES: dict[type, Callable[[Samples, Any, Millis], Value]] = {
    AggregateExpr: _aggregated,
    BinaryExpr: _combined,
    Call: _called,
    MatrixSelector: lambda samples, node, times_ms: samples.ranges(node, times_ms),
    NumberLiteral: _number,
    ParenExpr: lambda samples, node, times_ms: evaluate(samples, node.expr, times_ms),
    StringLiteral: lambda _, node, __: Text(node.val),
    SubqueryExpr: _subquery,
    UnaryExpr: _negated,
    VectorSelector: lambda samples, node, times_ms: samples.instant(node, times_ms),
}
