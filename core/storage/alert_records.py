"""What the repositories of alerts and channels take and give."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """One alert from its start to its end. `told_status` "": nobody was told of it yet."""

    id: str
    fingerprint: str
    source: str
    status: str  # firing | resolved
    labels: dict[str, Any]
    annotations: dict[str, Any]
    starts_at: datetime
    received_at: datetime
    updated_at: datetime
    ends_at: datetime | None = None
    generator_url: str = ""
    times_received: int = 1
    told_status: str = ""
    told_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    escalated: int = 0
    incident_id: str = ""
    analysis_id: str = ""


@dataclass(frozen=True, slots=True)
class StepRow:
    """What was done with an alert, when, and why."""

    alert_id: str
    at: datetime
    step: str
    outcome: str
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class PolicyRow:
    version: int
    document: dict[str, Any]
    created_by: str
    created_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """`members` are ids of episodes; `told_firing` and `told_resolved` are those last told."""

    key: str
    route: str
    labels: dict[str, Any]
    members: list[Any]
    flush_at: datetime
    told_firing: list[Any] = field(default_factory=list[Any])
    told_resolved: list[Any] = field(default_factory=list[Any])
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """`sealed` is the configuration, encrypted; `shown` is what of it is no secret."""

    name: str
    kind: str
    shown: dict[str, Any]
    language: str
    tags: list[Any]
    enabled: bool
    created_by: str
    created_at: datetime
    updated_at: datetime
    sealed: str = field(default="", repr=False)
    bucket_tokens: float | None = None
    bucket_at: datetime | None = None
    rest_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message for one channel. `state`: pending, sent, merged, dead or cancelled."""

    id: str
    idempotency_key: str
    channel: str
    notice: dict[str, Any]
    created_at: datetime
    run_after: datetime
    alert_ids: list[Any] = field(default_factory=list[Any])
    state: str = "pending"
    attempts: int = 0
    sent_at: datetime | None = None
    code: str = ""
    error: str = ""
    merged_into: str = ""

    @classmethod
    def of(
        cls,
        notice: Mapping[str, Any],
        channel: str,
        mark: str,
        now: datetime,
        alert_ids: Sequence[str] = (),
    ) -> Self:
        """One message; `mark` and channel make it the same one however often it is put."""
        key = sha256(f"{channel}\0{mark}".encode()).hexdigest()
        return cls(
            id=key[:32],
            idempotency_key=key,
            channel=channel,
            notice=dict(notice),
            alert_ids=list(alert_ids),
            created_at=now,
            run_after=now,
        )


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """`outcome`: sent, retry or refused."""

    delivery_id: str
    channel: str
    at: datetime
    outcome: str
    code: str
    error: str
    latency_ms: int


def channels_of(named: Iterable[str], channels: Sequence[ChannelRow]) -> list[ChannelRow]:
    """The channels that are meant and that are on: by name, `tag:NAME` or `*`."""
    wanted = list(named)
    return [
        one
        for one in channels
        if one.enabled
        and ("*" in wanted or one.name in wanted or any(f"tag:{tag}" in wanted for tag in one.tags))
    ]
