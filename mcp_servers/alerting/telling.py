"""Alerts as messages for channels."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from core.sentences import LANGUAGES
from core.storage.alert_records import ChannelRow, DeliveryRow, EpisodeRow, channels_of
from mcp_servers.facts.alert_policies import Route
from mcp_servers.facts.notices import Telling, ToldAlert, severity_of

# What a silence for an alert is proposed to match.
SILENCE_BY = ("alertname", "namespace", "service", "job", "instance")


def told(
    rows: Sequence[EpisodeRow],
    key: str,
    reason: str,
    group: Mapping[str, str],
    external_url: str = "",
) -> Telling:
    alerts = tuple(_told(one, external_url) for one in rows)
    return Telling(key=key, reason=reason, alerts=alerts, group=dict(group))


def _told(row: EpisodeRow, external_url: str) -> ToldAlert:
    notes = row.annotations
    return ToldAlert(
        id=row.id,
        name=str(row.labels.get("alertname") or row.fingerprint),
        status=row.status,
        severity=severity_of(str(row.labels.get("severity") or "")),
        labels=row.labels,
        summary=summary_in(notes),
        description=str(notes.get("description") or ""),
        starts_at=row.starts_at.isoformat(),
        ends_at=row.ends_at.isoformat() if row.ends_at else "",
        generator_url=row.generator_url,
        runbook_url=str(notes.get("runbook_url") or ""),
        silence_url=silence_url(external_url, row.labels),
        words={one: said for one in LANGUAGES if (said := _words(notes, one))},
    )


def summary_in(notes: Mapping[str, object], language: str = "") -> str:
    """What an alert says of itself in a few words, in that language where its annotations have it."""
    wanted = (f"summary_{language}", "summary", "message", "description")
    return next((str(notes[one]) for one in wanted if notes.get(one)), "")


def _words(notes: Mapping[str, object], language: str) -> dict[str, str]:
    """Of annotations as `summary_zh`."""
    found = {one: notes.get(f"{one}_{language}") for one in ("summary", "description")}
    return {one: str(text) for one, text in found.items() if text}


def silence_url(external_url: str, labels: Mapping[str, str]) -> str:
    """Alertmanager's own form for a new silence, filled in; empty without its address."""
    if not external_url.startswith(("https://", "http://")):
        return ""
    wanted = [f'{name}="{labels[name]}"' for name in SILENCE_BY if labels.get(name)]
    return f"{external_url.rstrip('/')}/#/silences/new?filter={quote('{' + ','.join(wanted) + '}')}"


def heard_late(
    route: Route,
    rows: Sequence[EpisodeRow],
    channels: Sequence[ChannelRow],
    told_now: Sequence[str],
) -> tuple[list[str], list[EpisodeRow]]:
    """Channels that heard of some of these by escalation alone, and those of them, where one has ended."""
    late = [one for one in rows if one.escalated]
    if not any(one.status == "resolved" for one in late):
        return [], []
    levels = route.escalations[: max(one.escalated for one in late)]
    named = [name for level in levels for name in level.channels]
    return [one.name for one in channels_of(named, channels) if one.name not in told_now], late


def delivery(telling: Telling, channel: str, mark: str, now: datetime) -> DeliveryRow:
    """One message; `mark` and channel make it the same one however often it is put."""
    ids = [one.id for one in telling.alerts]
    return DeliveryRow.of(telling.as_data(), channel, mark, now, ids)
