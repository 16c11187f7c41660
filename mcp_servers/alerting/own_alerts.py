"""Midwatch's own alerts, on the way that all alerts go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from core.sentences import LANGUAGES, Said
from mcp_servers.alerting.policies import policy_in_force
from mcp_servers.alerting.receiving import Passing
from mcp_servers.facts.alert_policies import Arrival, ArrivedAlert

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

SOURCE = "midwatch"


def notes(**said: Said | Mapping[str, str]) -> dict[str, str]:
    """Annotations in each language: `summary` in English, `summary_zh` in Chinese."""
    found = {name: one.texts if isinstance(one, Said) else one for name, one in said.items()}
    return {
        name if language == "en" else f"{name}_{language}": texts[language]
        for name, texts in found.items()
        for language in LANGUAGES
        if texts.get(language)
    }


async def own_way(tables: "AlertTables", now: datetime) -> Passing:
    """By the policy in force."""
    kept = await tables.alerts.policy()
    return Passing(tables, policy_in_force(kept.document if kept else None), now)


async def pass_on(way: Passing, alerts: Sequence[ArrivedAlert]) -> None:
    if alerts:
        await way.take(Arrival(source=SOURCE, alerts=tuple(alerts)))
        await way.keep()
