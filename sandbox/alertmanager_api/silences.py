"""Silences and their life: pending, active, expired, and never forgotten while we run."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.errors import Invalid
from sandbox.alertmanager_api.matching import Labels, Matcher, all_match
from sandbox.alertmanager_api.refusals import sentence
from sandbox.alertmanager_api.times import parse, written

Json = dict[str, Any]


@dataclass(frozen=True)
class Silence:
    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str
    comment: str

    def state(self, now: datetime) -> str:
        if now < self.starts_at:
            return "pending"
        return "active" if now < self.ends_at else "expired"


@dataclass
class Silences:
    """All silences by id."""

    by_id: dict[str, Silence] = field(default_factory=dict[str, Silence])

    @classmethod
    def recorded(cls, raw: Iterable[Mapping[str, Any]], now: datetime) -> "Silences":
        """From what Alertmanager answered. Raises `Invalid` for a pattern that is none."""
        found = [_recorded(one, now) for one in raw]
        for one in found:
            for flaw in filter(None, (matcher.flaw() for matcher in one.matchers)):
                raise Invalid(f"silences.json: silence {one.id}: {flaw}.")
        return cls({one.id: one for one in found})

    def silencing(self, labels: Labels, now: datetime) -> list[str]:
        """Ids of the active silences that match."""
        return sorted(
            one.id
            for one in self.by_id.values()
            if one.state(now) == "active" and all_match(one.matchers, labels)
        )

    def put(self, wanted: Silence, now: datetime) -> str:
        """Create, change or replace; the id it has now. Raises `Refused`."""
        known = self.by_id.get(wanted.id)
        if wanted.id and known is None:
            raise sentence("silence not found", 404)
        if known and _may_change(known, wanted, now):
            self.by_id[known.id] = replace(wanted, updated_at=now)
            return known.id
        if known:
            self.expire(known.id, now)
        created = replace(
            wanted, id=str(uuid.uuid4()), starts_at=max(wanted.starts_at, now), updated_at=now
        )
        self.by_id[created.id] = created
        return created.id

    def expire(self, silence_id: str, now: datetime) -> bool:
        """End a silence now. False if there is none of that id."""
        known = self.by_id.get(silence_id)
        if known and known.state(now) != "expired":
            starts_at = min(known.starts_at, now)
            self.by_id[silence_id] = replace(
                known, starts_at=starts_at, ends_at=now, updated_at=now
            )
        return known is not None

    def listed(self, filters: Sequence[Matcher], now: datetime) -> list[Json]:
        """Those that have all of these among their matchers, as Alertmanager takes a filter here.

        Active, then pending, the next to change first; then expired, the latest first.
        """
        chosen = [one for one in self.by_id.values() if set(filters) <= set(one.matchers)]
        return [shown(one, now) for one in sorted(chosen, key=lambda one: _place(one, now))]


def shown(silence: Silence, now: datetime) -> Json:
    return {
        "id": silence.id,
        "status": {"state": silence.state(now)},
        "updatedAt": written(silence.updated_at),
        "comment": silence.comment,
        "createdBy": silence.created_by,
        "endsAt": written(silence.ends_at),
        "matchers": [
            {
                "isEqual": one.is_equal,
                "isRegex": one.is_regex,
                "name": one.name,
                "value": one.value,
            }
            for one in silence.matchers
        ],
        "startsAt": written(silence.starts_at),
    }


def matcher_of(raw: Mapping[str, Any]) -> Matcher:
    """`isEqual` came later than the rest and is true where it is missing."""
    return Matcher(
        name=str(raw.get("name", "")),
        value=str(raw.get("value", "")),
        is_regex=bool(raw.get("isRegex", False)),
        is_equal=bool(raw.get("isEqual", True)),
    )


def _place(silence: Silence, now: datetime) -> tuple[int, float]:
    state = silence.state(now)
    if state == "expired":
        return 2, -silence.ends_at.timestamp()
    at = silence.ends_at if state == "active" else silence.starts_at
    return int(state == "pending"), at.timestamp()


def _may_change(known: Silence, wanted: Silence, now: datetime) -> bool:
    """Whether the same id can go on: what was silenced in the past must not change."""
    if known.matchers != wanted.matchers:
        return False
    state = known.state(now)
    if state == "active":
        same_start = int(known.starts_at.timestamp()) == int(wanted.starts_at.timestamp())
        return same_start and wanted.ends_at >= now
    return state == "pending" and wanted.starts_at >= now


def _recorded(raw: Mapping[str, Any], now: datetime) -> Silence:
    return Silence(
        id=str(raw.get("id") or uuid.uuid4()),
        matchers=tuple(matcher_of(one) for one in raw.get("matchers") or ()),
        starts_at=parse(raw.get("startsAt")) or now,
        ends_at=parse(raw.get("endsAt")) or now,
        updated_at=parse(raw.get("updatedAt")) or now,
        created_by=str(raw.get("createdBy") or ""),
        comment=str(raw.get("comment") or ""),
    )
