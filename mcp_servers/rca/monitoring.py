"""Ask Prometheus and Alertmanager about themselves: what they scrape, evaluate and deliver."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from core.errors import OpsError
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.promql_names import metric_names
from mcp_servers.facts.alerts import Alert, Monitoring, Receiver, Silence
from mcp_servers.facts.kubernetes import NotChecked
from mcp_servers.facts.metrics import Series

Found = TypeVar("Found")

# Only what has been down this long is told; a restart is shorter.
DOWN = "max_over_time(up[5m]) == 0"
FIRING = 'ALERTS{alertstate="firing"}'
# How the two servers say that they are not well themselves: states, failed deliveries by
# integration, missed evaluations by group. All of it in one question.
HEALTH = (
    '{__name__=~"prometheus_config_last_reload_successful|alertmanager_config_last_reload_successful'
    '|prometheus_notifications_alertmanagers_discovered"}'
    " or sum by (integration, reason) (increase(alertmanager_notifications_failed_total[30m])) > 0"
    " or sum by (rule_group) (increase(prometheus_rule_group_iterations_missed_total[30m])) > 3"
)

DOWN_REACHES_BACK = timedelta(hours=8)
POINTS_A_QUESTION = 120
LATELY = timedelta(hours=1)
BEFORE = timedelta(days=7)


async def gather_monitoring(
    prometheus: Prometheus, alertmanager: Alertmanager | None, *, now: datetime, window: timedelta
) -> tuple[Monitoring, list[Series], list[NotChecked]]:
    """The pipeline, the series that tell of it, and what could not be asked."""
    missed: list[NotChecked] = []
    seen, series = await _of_prometheus(prometheus, now, window, missed)
    if alertmanager is None or not alertmanager.configured:
        return seen, series, missed
    try:
        delivered, silences, receivers = await _of_alertmanager(alertmanager)
    except OpsError as error:
        why = f"{error.code}: {error.message}"
        return seen, series, [*missed, NotChecked("alerts", why, notes_only=True)]
    whole = replace(seen, delivered=delivered, silences=silences, receivers=receivers)
    return whole, series, missed


async def _of_alertmanager(
    alertmanager: Alertmanager,
) -> tuple[list[Alert], list[Silence], list[Receiver]]:
    return await asyncio.gather(
        alertmanager.alerts(), alertmanager.silences(), alertmanager.receivers()
    )


async def _of_prometheus(
    prometheus: Prometheus, now: datetime, window: timedelta, missed: list[NotChecked]
) -> tuple[Monitoring, list[Series]]:
    async def asked(call: Awaitable[Sequence[Found]]) -> Sequence[Found]:
        try:
            return await call
        except OpsError as error:
            missed.append(NotChecked("metrics", f"{error.code}: {error.message}"))
            return ()

    def over(role: str, promql: str, back: timedelta) -> Awaitable[Sequence[Series]]:
        call = prometheus.query_range(promql, start=now - back, end=now, points=POINTS_A_QUESTION)
        return asked(_named(role, call))

    (targets, rules), series = await asyncio.gather(
        asyncio.gather(asked(prometheus.targets()), asked(prometheus.rules())),
        asyncio.gather(
            over("scrape_down", DOWN, DOWN_REACHES_BACK),
            over("alert_firing", FIRING, window),
            asked(_named("pipeline_health", prometheus.query(HEALTH))),
        ),
    )
    seen = Monitoring(targets=targets, rules=rules)
    wanted = {name for one in rules if one.kind == "alerting" for name in metric_names(one.query)}
    if wanted:
        lately = await asked(prometheus.label_values("__name__", start=now - LATELY, end=now))
        seen = replace(seen, metrics=frozenset(lately))
    if wanted - seen.metrics:
        since, until = now - BEFORE, now - LATELY
        before = await asked(prometheus.label_values("__name__", start=since, end=until))
        seen = replace(seen, metrics_before=frozenset(before))
    return seen, [one for found in series for one in found]


async def _named(role: str, call: Awaitable[Sequence[Series]]) -> Sequence[Series]:
    return [replace(one, role=role) for one in await call]
