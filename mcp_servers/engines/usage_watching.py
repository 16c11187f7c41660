"""Watches over calls of models: measured over a window, compared, and held for a while before they fire."""

import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from mcp_servers.facts.usage_watches import ModelCall, Watch, WatchState

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": math.isclose,
}
PERCENTILES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}


def measured(watch: Watch, calls: Iterable[ModelCall], now: datetime) -> dict[str, float | None]:
    """By what is told apart; None where there is too little to say. Without `by` always one, ""."""
    groups: dict[str, list[ModelCall]] = defaultdict(list)
    if not watch.by:
        groups[""] = []
    for call in calls:
        if now - watch.window <= call.at <= now and _is_meant(watch, call):
            groups[str(getattr(call, watch.by)) if watch.by else ""].append(call)
    return {about: _measure(watch, many) for about, many in groups.items()}


def stepped(
    watch: Watch, before: WatchState | None, value: float | None, now: datetime
) -> WatchState:
    """The state after one more look."""
    fires = before.fires_since if before else None
    state = _state(watch, before, value, now)
    since = before.since if before and before.state == state else now
    if state == "firing" or (state == "no_data" and watch.no_data == "alerts"):
        fires = fires or now
    elif not (state == "no_data" and watch.no_data == "keeps"):
        fires = None
    return WatchState(state, since, value, fires)


def _state(watch: Watch, before: WatchState | None, value: float | None, now: datetime) -> str:
    if value is None:
        return "no_data"
    if not COMPARE[watch.compare](value, watch.threshold):
        return "ok"
    if before and before.state == "firing":
        return "firing"
    began = before.since if before and before.state == "pending" else now
    return "firing" if now - began >= watch.held else "pending"


def _is_meant(watch: Watch, call: ModelCall) -> bool:
    wanted = (
        (watch.only_model, call.model),
        (watch.only_user, call.user),
        (watch.only_app, call.app),
    )
    return all(only in ("", value) for only, value in wanted)


def _measure(watch: Watch, calls: Sequence[ModelCall]) -> float | None:
    if watch.measure == "calls":
        return float(len(calls))  # none is a number too
    if len(calls) < max(watch.least, 1):
        return None
    if watch.measure == "failure_rate":
        return sum(one.failed for one in calls) / len(calls)
    if watch.measure == "tokens":
        return float(sum(one.tokens for one in calls))
    if watch.measure == "cost_usd":
        priced = [one.cost_usd for one in calls if one.cost_usd is not None]
        return sum(priced) if priced else None
    return percentile([one.duration_ms for one in calls], PERCENTILES[watch.measure])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]
