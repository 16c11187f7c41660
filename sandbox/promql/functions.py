"""PromQL's functions by name. What is not here is not supported, and says so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from promql_parser import MatrixSelector, ParenExpr, VectorSelector

from sandbox.promql.elementwise import CALENDAR, ELEMENTWISE
from sandbox.promql.errors import Unanswerable
from sandbox.promql.histograms import histogram_quantile
from sandbox.promql.labelling import label_join, label_replace
from sandbox.promql.over_time import OVER_TIME, Computed, WindowFunction, quantile_over_time
from sandbox.promql.parsing import matchers_of
from sandbox.promql.rates import RATES, holt_winters, predict_linear
from sandbox.promql.selectors import Samples
from sandbox.promql.values import (
    NAME,
    Mask,
    Ranges,
    Scalar,
    Text,
    Value,
    Vector,
    relabelled,
    without,
)
from sandbox.series import Floats, Labels, Millis

Wanted = TypeVar("Wanted", Text, Scalar, Vector, Ranges)


@dataclass(frozen=True)
class Arguments:
    """What stands between a function's brackets; evaluated when the function asks."""

    expressions: Sequence[Any]
    times_ms: Millis
    samples: Samples
    evaluate: Callable[[Samples, Any, Millis], Value]

    def text(self, at: int) -> str:
        return self._as(Text, at).value

    def numbers(self, at: int) -> Floats:
        return self._as(Scalar, at).values

    def vector(self, at: int) -> Vector:
        return self._as(Vector, at)

    def ranges(self, at: int) -> Ranges:
        return self._as(Ranges, at)

    def _as(self, kind: type[Wanted], at: int) -> Wanted:
        found = self.evaluate(self.samples, self.expressions[at], self.times_ms)
        if not isinstance(found, kind):
            raise Unanswerable(f"argument {at + 1} is of an unexpected type")
        return found


Function = Callable[[Arguments], Value]


def call(name: str, arguments: Arguments) -> Value:
    """Raises `Unanswerable` for a function that is not here."""
    if name not in FUNCTIONS:
        raise Unanswerable(f"function {name} is not supported by the practice cluster")
    return FUNCTIONS[name](arguments)


def _of_ranges(ranges: Ranges, computed: Computed) -> Vector:
    return relabelled([without(one, (NAME,)) for one in ranges.labels], *computed)


def _over(function: WindowFunction) -> Function:
    def applied(arguments: Arguments) -> Vector:
        ranges = arguments.ranges(0)
        return _of_ranges(ranges, function(ranges))

    return applied


def _last_over_time(arguments: Arguments) -> Vector:
    ranges = arguments.ranges(0)
    return relabelled(ranges.labels, *OVER_TIME["last_over_time"](ranges))


def _quantile_over_time(arguments: Arguments) -> Vector:
    ranges = arguments.ranges(1)
    return _of_ranges(ranges, quantile_over_time(ranges, arguments.numbers(0)))


def _predict_linear(arguments: Arguments) -> Vector:
    ranges = arguments.ranges(0)
    return _of_ranges(ranges, predict_linear(ranges, arguments.numbers(1)))


def _holt_winters(arguments: Arguments) -> Vector:
    ranges = arguments.ranges(0)
    factors = arguments.numbers(1), arguments.numbers(2)
    for name, numbers in zip(("smoothing", "trend"), factors, strict=True):
        for number in numbers[~((numbers > 0) & (numbers < 1))] if len(ranges.labels) else ():
            short = name[0] + "f"
            raise Unanswerable(
                f"invalid {name} factor. Expected: 0 < {short} < 1, got: {float(number):f}"
            )
    return _of_ranges(ranges, holt_winters(ranges, *factors))


def _each(function: Callable[..., Floats]) -> Callable[[Arguments], Vector]:
    def applied(arguments: Arguments) -> Vector:
        vector = arguments.vector(0)
        numbers = [arguments.numbers(at) for at in range(1, len(arguments.expressions))]
        return vector.with_values(function(vector.values, *numbers))

    return applied


def _clamp(arguments: Arguments) -> Vector:
    least, most = arguments.numbers(1), arguments.numbers(2)
    vector = _each(ELEMENTWISE["clamp"])(arguments)
    return vector.where(vector.present & ~(most < least))


def _calendar(function: Callable[[Floats], Floats]) -> Function:
    def applied(arguments: Arguments) -> Vector:
        vector = arguments.vector(0) if arguments.expressions else _as_vector(_now(arguments))
        return vector.with_values(function(vector.values))

    return applied


def _now(arguments: Arguments) -> Floats:
    return arguments.times_ms / 1000


def _timestamp(arguments: Arguments) -> Vector:
    expression = arguments.expressions[0]
    while isinstance(expression, ParenExpr):
        expression = expression.expr
    if isinstance(expression, VectorSelector):
        taken = arguments.samples.instant(expression, arguments.times_ms, taken_at=True)
        return taken.with_values(taken.values)
    vector = arguments.vector(0)
    return vector.with_values(np.broadcast_to(_now(arguments), vector.values.shape))


def _as_vector(numbers: Floats) -> Vector:
    return Vector([()], numbers[None, :], np.ones((1, len(numbers)), dtype=np.bool_))


def _as_scalar(arguments: Arguments) -> Scalar:
    vector = arguments.vector(0)
    single = vector.present.sum(axis=0) == 1
    total = np.where(vector.present, vector.values, 0.0).sum(axis=0)
    return Scalar(np.where(single, total, np.nan))


def _absent(arguments: Arguments) -> Vector:
    return _where_nothing(arguments, arguments.vector(0).present)


def _absent_over_time(arguments: Arguments) -> Vector:
    return _where_nothing(arguments, arguments.ranges(0).counts > 0)


def _where_nothing(arguments: Arguments, present: Mask) -> Vector:
    labels = _labels_asked_for(arguments.expressions[0])
    nothing: Mask = np.logical_not(present.any(axis=0, keepdims=True))
    return Vector([labels], np.ones(nothing.shape), nothing).where(nothing)


def _labels_asked_for(expression: Any) -> Labels:
    """What an absent series would be called, as far as the selector says it."""
    if isinstance(expression, MatrixSelector):
        expression = expression.vector_selector
    if not isinstance(expression, VectorSelector):
        return ()
    matchers = [one for one in matchers_of(expression) if one.label != NAME]
    named = [one.label for one in matchers]
    return tuple(
        sorted(
            (one.label, one.value)
            for one in matchers
            if one.operator == "=" and one.value and named.count(one.label) == 1
        )
    )


def _sorted(arguments: Arguments, *, descending: bool) -> Vector:
    """Matters for a single step; over time the order is that of the labels."""
    vector = arguments.vector(0)
    if len(arguments.times_ms) > 1:
        return vector
    values = vector.values[:, 0]
    return vector.rows(np.lexsort((-values if descending else values, np.isnan(values))))


def _label_replace(arguments: Arguments) -> Vector:
    return label_replace(arguments.vector(0), *(arguments.text(at) for at in range(1, 5)))


def _label_join(arguments: Arguments) -> Vector:
    target, separator, *sources = (
        arguments.text(at) for at in range(1, len(arguments.expressions))
    )
    return label_join(arguments.vector(0), target, separator, sources)


FUNCTIONS: dict[str, Function] = {
    **{name: _over(function) for name, function in (OVER_TIME | RATES).items()},
    **{name: _each(function) for name, function in ELEMENTWISE.items()},
    **{name: _calendar(function) for name, function in CALENDAR.items()},
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "clamp": _clamp,
    "double_exponential_smoothing": _holt_winters,
    "histogram_quantile": lambda given: histogram_quantile(given.numbers(0), given.vector(1)),
    "label_join": _label_join,
    "label_replace": _label_replace,
    "last_over_time": _last_over_time,
    "pi": lambda given: Scalar(np.full(len(given.times_ms), np.pi)),
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "scalar": _as_scalar,
    "sort": lambda given: _sorted(given, descending=False),
    "sort_desc": lambda given: _sorted(given, descending=True),
    "time": lambda given: Scalar(_now(given)),
    "timestamp": _timestamp,
    "vector": lambda given: _as_vector(given.numbers(0)),
}
