"""The envelope of every answer, and PromQL's values in JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Invalid
from sandbox.prometheus_api.parameters import Parameters
from sandbox.promql import Ranges, Scalar, Text, Unanswerable, Value, Vector, formatted
from sandbox.series import Labels, Millis

Json = Any


@dataclass(frozen=True)
class Now:
    """The clock of the practice cluster."""

    clock: Callable[[], float]

    @property
    def ms(self) -> int:
        return round(self.clock() * 1000)


def rfc3339(at_s: float) -> str:
    return (
        datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


class TimedOut(Invalid):
    """A query was given no time. Prometheus says 503, `timeout`."""


@dataclass(frozen=True)
class Answer:
    """What a handler found."""

    data: Json
    warnings: Sequence[str] = field(default_factory=list[str])


Handler = Callable[[Parameters], Answer]


def endpoint(handler: Handler) -> Callable[[Request], Any]:
    """A route that answers in Prometheus's envelope; the work is done beside the event loop."""

    async def answered(request: Request) -> Response:
        given = await Parameters.of(request)
        try:
            answer = await run_in_threadpool(handler, given)
        except TimedOut as error:
            return _failure(503, "timeout", error.message)
        except Unanswerable as error:
            return _failure(422, "execution", error.message)
        except Invalid as error:
            return _failure(400, "bad_data", error.message)
        warnings = {"warnings": answer.warnings} if answer.warnings else {}
        return _json(200, {"status": "success", "data": answer.data, **warnings})

    return answered


def cut(rows: list[Json], limit: int) -> tuple[list[Json], list[str]]:
    """The rows within a limit (0 for none), and the warning if there were more."""
    if limit and len(rows) > limit:
        return rows[:limit], ["results truncated due to limit"]
    return rows, []


def instant(value: Value, at_ms: int) -> tuple[str, Json]:
    """The type and the result of a single step."""
    if isinstance(value, Text):
        return "string", [seconds(at_ms), value.value]
    if isinstance(value, Scalar):
        # Go's way with numbers outside of vectors: never an exponent.
        return "scalar", [seconds(at_ms), formatted(float(value.values[0]), exponents=False)]
    if isinstance(value, Ranges):
        return "matrix", _windows(value)
    numbers = value.values[:, 0].tolist()
    return "vector", [
        {"metric": dict(labels), "value": _point(at_ms, number)}
        for labels, number in zip(value.labels, numbers, strict=True)
    ]


def matrix(times_ms: Millis, value: Scalar | Vector) -> list[Json]:
    """Many steps, in the order of the labels."""
    if isinstance(value, Scalar):
        return [_series((), times_ms, value.values)]
    rows = sorted(range(len(value.labels)), key=lambda row: value.labels[row])
    return [
        _series(value.labels[row], times_ms[present], value.values[row][present])
        for row in rows
        for present in [value.present[row]]
    ]


def _windows(ranges: Ranges) -> list[Json]:
    bounds = zip(ranges.labels, ranges.first[:, 0], ranges.last[:, 0], strict=True)
    return [
        _series(labels, ranges.times_ms[first:last], ranges.values[first:last])
        for labels, first, last in bounds
        if last > first
    ]


def _series(labels: Labels, times_ms: Millis, values: Any) -> Json:
    points = zip(times_ms.tolist(), values.tolist(), strict=True)
    return {"metric": dict(labels), "values": [_point(at, value) for at, value in points]}


def _point(at_ms: int, value: float) -> Json:
    return [seconds(at_ms), formatted(value)]


def seconds(at_ms: int) -> float:
    """Without a fraction where there is none, as Go writes it."""
    return at_ms / 1000 if at_ms % 1000 else at_ms // 1000


def _failure(status: int, kind: str, message: str) -> Response:
    return _json(status, {"status": "error", "errorType": kind, "error": message})


def _json(status: int, content: Json) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
