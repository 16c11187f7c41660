"""Alerts: those of the picture, which somebody keeps sending, and those that clients post."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from sandbox.alertmanager_api.matching import Labels, fingerprint
from sandbox.alertmanager_api.silences import Silences
from sandbox.alertmanager_api.times import parse, written

Json = dict[str, Any]

# An alert that nobody repeats is over after this long.
RESOLVE_TIMEOUT = timedelta(minutes=5)

# Prometheus sends a firing alert every minute, good for four.
_SENT_EVERY, GOOD_FOR = timedelta(minutes=1), timedelta(minutes=4)


@dataclass(frozen=True)
class Alert:
    """`keeps_firing` since then: it is sent again and again, as the Prometheus of the picture did."""

    labels: Labels
    annotations: Labels
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    generator_url: str = ""
    receivers: tuple[str, ...] = ()
    timed_out: bool = False  # the end is ours, not the sender's
    state: str = "active"
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()
    keeps_firing: datetime | None = None

    def at(self, now: datetime) -> Self:
        """As it stands now."""
        if self.keeps_firing is None:
            return self
        sent_at = now - (now - self.keeps_firing) % _SENT_EVERY
        return replace(self, updated_at=sent_at, ends_at=sent_at + GOOD_FOR)


@dataclass
class Alerts:
    """All alerts by fingerprint."""

    by_fingerprint: dict[str, Alert] = field(default_factory=dict[str, Alert])

    @classmethod
    def recorded(cls, raw: Iterable[Mapping[str, Any]], now: datetime) -> Self:
        """From what Alertmanager answered."""
        found = [_recorded(one, now) for one in raw]
        return cls({fingerprint(one.labels): one for one in found})

    def post(self, alert: Alert) -> None:
        """A sender's word on an alert: new, repeated, or resolved."""
        name = fingerprint(alert.labels)
        known = self.by_fingerprint.get(name)
        self.by_fingerprint[name] = _merged(known.at(alert.updated_at), alert) if known else alert

    def current(self, now: datetime) -> list[tuple[str, Alert]]:
        """The alerts that are not over, by fingerprint."""
        standing = ((name, one.at(now)) for name, one in sorted(self.by_fingerprint.items()))
        return [(name, one) for name, one in standing if one.ends_at >= now]


def shown(name: str, alert: Alert, silences: Silences, now: datetime) -> Json:
    silenced_by = silences.silencing(alert.labels, now)
    suppressed = silenced_by or alert.inhibited_by or alert.muted_by
    return {
        "annotations": dict(alert.annotations),
        "endsAt": written(alert.ends_at),
        "fingerprint": name,
        "receivers": [{"name": one} for one in alert.receivers],
        "startsAt": written(alert.starts_at),
        "status": {
            "inhibitedBy": list(alert.inhibited_by),
            "mutedBy": list(alert.muted_by),
            "silencedBy": silenced_by,
            "state": "suppressed" if suppressed else alert.state,
        },
        "updatedAt": written(alert.updated_at),
        **({"generatorURL": alert.generator_url} if alert.generator_url else {}),
        "labels": dict(alert.labels),
    }


def _merged(old: Alert, new: Alert) -> Alert:
    """One alert out of two words on it, where their times touch."""
    within = (
        old.starts_at < new.ends_at < old.ends_at or old.starts_at < new.starts_at < old.ends_at
    )
    merged = replace(new, receivers=old.receivers, inhibited_by=old.inhibited_by)
    if not within:
        return merged
    resolved = new.ends_at <= new.updated_at
    later_end = not resolved and old.ends_at > new.ends_at and not old.timed_out
    return replace(
        merged,
        starts_at=min(old.starts_at, new.starts_at),
        ends_at=old.ends_at if later_end else new.ends_at,
    )


def _recorded(raw: Mapping[str, Any], now: datetime) -> Alert:
    status: Mapping[str, Any] = raw.get("status") or {}
    ends_at = parse(raw.get("endsAt"))
    over = ends_at is not None and ends_at < now - RESOLVE_TIMEOUT
    state = str(status.get("state") or "active")
    return Alert(
        labels=_texts(raw.get("labels")),
        annotations=_texts(raw.get("annotations")),
        starts_at=parse(raw.get("startsAt")) or now,
        ends_at=ends_at or now,
        updated_at=parse(raw.get("updatedAt")) or now,
        generator_url=str(raw.get("generatorURL") or ""),
        receivers=tuple(str(one["name"]) for one in raw.get("receivers") or ()),
        state="active" if state == "suppressed" else state,
        inhibited_by=tuple(status.get("inhibitedBy") or ()),
        muted_by=tuple(status.get("mutedBy") or ()),
        keeps_firing=None if over else now,
    )


def _texts(raw: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in (raw or {}).items()}
