"""Midwatch's own alerts, on the way that all alerts go."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mcp_servers.alerting.policies import policy_in_force
from mcp_servers.alerting.receiving import Passing
from mcp_servers.facts.alert_policies import Arrival, ArrivedAlert

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

SOURCE = "midwatch"


async def own_way(tables: "AlertTables", now: datetime) -> Passing:
    """By the policy in force."""
    kept = await tables.alerts.policy()
    return Passing(tables, policy_in_force(kept.document if kept else None), now)


async def pass_on(way: Passing, alerts: Sequence[ArrivedAlert]) -> None:
    if alerts:
        await way.take(Arrival(source=SOURCE, alerts=tuple(alerts)))
        await way.keep()
