"""Kubernetes objects, events and logs as the engines see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """An object by kind, namespace ("" when cluster-scoped) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.namespace}/{self.name}"
            if self.namespace
            else f"{self.kind} {self.name}"
        )


def moment(text: str | None) -> datetime | None:
    """An RFC 3339 time as an aware datetime in UTC; None for nothing or nonsense."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


@dataclass(frozen=True)
class Resource:
    """One object exactly as the API server gave it, with the lookups everybody needs."""

    raw: Json

    @property
    def kind(self) -> str:
        return str(self.raw.get("kind", ""))

    @property
    def metadata(self) -> Json:
        return self.raw.get("metadata") or {}

    @property
    def spec(self) -> Json:
        return self.raw.get("spec") or {}

    @property
    def status(self) -> Json:
        return self.raw.get("status") or {}

    @property
    def name(self) -> str:
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        return str(self.metadata.get("namespace") or "")

    @property
    def uid(self) -> str:
        return str(self.metadata.get("uid", ""))

    @property
    def labels(self) -> dict[str, str]:
        return self.metadata.get("labels") or {}

    @property
    def annotations(self) -> dict[str, str]:
        return self.metadata.get("annotations") or {}

    @property
    def created_at(self) -> datetime | None:
        return moment(self.metadata.get("creationTimestamp"))

    @cached_property
    def ref(self) -> Ref:
        return Ref(self.kind, self.namespace, self.name)

    def condition(self, kind: str) -> Json | None:
        """The status condition of this type; its position in the list means nothing."""
        conditions: list[Json] = self.status.get("conditions") or []
        return next((one for one in conditions if one.get("type") == kind), None)

    def controller(self) -> Json | None:
        """The owner reference that controls this object, if any."""
        owners: list[Json] = self.metadata.get("ownerReferences") or []
        return next((owner for owner in owners if owner.get("controller")), None)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of core/v1 or events.k8s.io/v1; `last_at` is its newest sighting."""

    uid: str
    about: Ref
    about_uid: str
    reason: str
    message: str
    kind: str  # Normal | Warning
    count: int
    first_at: datetime | None
    last_at: datetime | None
    field_path: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class LogLines:
    """The tail of one container's log. `lines` are oldest first; `truncated` if more came before."""

    pod: Ref
    container: str
    previous: bool
    lines: tuple[tuple[datetime | None, str], ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Something people or controllers changed: deploy, config, flag, commit, scale, node."""

    at: datetime
    kind: str
    id: str
    target: Ref
    summary: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class NotChecked:
    """What could not be looked at, and why; never silently left out."""

    what: str
    why: str


@dataclass(frozen=True)
class Cluster:
    """All that was gathered about a cluster at one moment; the input of every diagnoser."""

    now: datetime
    resources: Sequence[Resource]
    events: Sequence[Event] = ()
    logs: Sequence[LogLines] = ()
    changes: Sequence[Change] = ()
    not_checked: Sequence[NotChecked] = ()
    name: str = ""
    _by_kind: dict[str, list[Resource]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_kind: dict[str, list[Resource]] = {}
        for resource in self.resources:
            by_kind.setdefault(resource.kind, []).append(resource)
        object.__setattr__(self, "_by_kind", by_kind)

    def all(self, kind: str, namespace: str | None = None) -> list[Resource]:
        found = self._by_kind.get(kind, [])
        return found if namespace is None else [one for one in found if one.namespace == namespace]

    def get(self, ref: Ref) -> Resource | None:
        return self._by_ref.get(ref)

    def by_uid(self, uid: str) -> Resource | None:
        return self._by_uid.get(uid)

    def events_about(self, resource: Resource, *reasons: str) -> list[Event]:
        """All events of this very object (by uid), oldest first; of these reasons if any are given."""
        found = self._events_by_uid.get(resource.uid, [])
        return [event for event in found if not reasons or event.reason in reasons]

    def logs_of(self, pod: Resource, container: str) -> list[LogLines]:
        return [log for log in self.logs if log.pod == pod.ref and log.container == container]

    @cached_property
    def _by_ref(self) -> Mapping[Ref, Resource]:
        return {resource.ref: resource for resource in self.resources}

    @cached_property
    def _by_uid(self) -> Mapping[str, Resource]:
        return {resource.uid: resource for resource in self.resources if resource.uid}

    @cached_property
    def _events_by_uid(self) -> Mapping[str, list[Event]]:
        ordered: dict[str, list[Event]] = {}
        for event in sorted(self.events, key=lambda one: (one.last_at or self.now, one.uid)):
            ordered.setdefault(event.about_uid, []).append(event)
        return ordered


def refs(resources: Iterable[Resource]) -> tuple[Ref, ...]:
    return tuple(sorted(resource.ref for resource in resources))
