"""Kubernetes objects, events and logs as the engines see them."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Self, TypeVar

from mcp_servers.facts.alerts import Monitoring
from mcp_servers.facts.metrics import Series, SeriesIndex
from mcp_servers.facts.thresholds import THRESHOLDS

Json = dict[str, Any]
Known = TypeVar("Known")

# The sentence about logs that nobody kept, by its name.
LOGS_ABSENT = "logs_absent"


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


def moment(text: object) -> datetime | None:
    """An RFC 3339 time as an aware datetime in UTC; None for nothing or nonsense.

    Container runtimes write the first moment of Unix time for what never happened.
    """
    if not text or not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.year <= 1970:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


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

    def derived(self, key: Hashable, work_out: Callable[[], Known]) -> Known:
        """What an engine works out from this object alone, worked out once for all who ask."""
        if key not in self._derived:
            self._derived[key] = work_out()
        return self._derived[key]

    @cached_property
    def _derived(self) -> dict[Any, Any]:
        return {}

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

    @classmethod
    def of(cls, raw: Json) -> Self:
        """Read either shape; the count of a series wins, and so does the newest time."""
        about: Json = raw.get("involvedObject") or raw.get("regarding") or {}
        series: Json = raw.get("series") or {}
        metadata: Json = raw.get("metadata") or {}
        source: Json = raw.get("source") or raw.get("deprecatedSource") or {}
        first, last = _first_and_last(raw, series, metadata)
        return cls(
            uid=str(metadata.get("uid") or metadata.get("name") or ""),
            about=Ref(
                str(about.get("kind") or ""),
                str(about.get("namespace") or ""),
                str(about.get("name") or ""),
            ),
            about_uid=str(about.get("uid") or ""),
            reason=str(raw.get("reason") or ""),
            message=str(raw.get("message") or raw.get("note") or ""),
            kind=str(raw.get("type") or "Normal"),
            count=int(series.get("count") or raw.get("count") or raw.get("deprecatedCount") or 1),
            first_at=first,
            last_at=last,
            field_path=str(about.get("fieldPath") or ""),
            source=str(source.get("component") or raw.get("reportingController") or ""),
        )


def _first_and_last(
    raw: Json, series: Json, metadata: Json
) -> tuple[datetime | None, datetime | None]:
    seen = [
        moment(raw.get(name))
        for name in (
            "firstTimestamp",
            "deprecatedFirstTimestamp",
            "eventTime",
            "lastTimestamp",
            "deprecatedLastTimestamp",
        )
    ]
    times = [at for at in (*seen, moment(series.get("lastObservedTime"))) if at is not None]
    times = times or [at for at in [moment(metadata.get("creationTimestamp"))] if at is not None]
    return (min(times), max(times)) if times else (None, None)


@dataclass(frozen=True, slots=True)
class LogLines:
    """The tail of one container's log. `lines` are oldest first; `truncated` if more came before."""

    pod: Ref
    container: str
    previous: bool
    lines: tuple[tuple[datetime | None, str], ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a rollout changed; what has no short value has only its name."""

    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.before or self.after:
            return f"{self.what} {self.before} -> {self.after}"
        return f"{self.what} changed"


@dataclass(frozen=True, slots=True)
class Change:
    """Something people or controllers changed: deploy, config, flag, commit, scale, node.

    `told` says which sentence `summary` is, "rollout", "edit" or "made"; "" for words that are not ours.
    """

    at: datetime
    kind: str
    id: str
    target: Ref
    summary: str
    author: str = ""
    told: str = ""
    revision: int = 0
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class NotChecked:
    """What could not be looked at, and why; never silently left out.

    `allow` is the advice that comes with a refusal: where to add which RBAC rule. `notes_only`:
    no cause of an outage could have been seen there, only hygiene or security. `told` says which
    sentence of ours, with these `facts`, says why; "" where `why` is all there is to say.
    """

    what: str
    why: str
    allow: str = ""
    notes_only: bool = False
    told: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it makes a diagnosis less certain.

        Logs that nobody kept do not: how certain a diagnosis is was learnt from clusters that had
        no other.
        """
        return not self.notes_only and self.told != LOGS_ABSENT


@dataclass(frozen=True)
class Cluster:
    """All that was gathered about a cluster at one moment; the input of every diagnoser.

    `window` is how far back "lately" reaches; `thresholds` are those that people drew elsewhere. The order of resources, events and logs carries
    no meaning: every lookup answers in an order of its own.
    """

    now: datetime
    resources: Sequence[Resource]
    events: Sequence[Event] = ()
    logs: Sequence[LogLines] = ()
    changes: Sequence[Change] = ()
    not_checked: Sequence[NotChecked] = ()
    name: str = ""
    series: Sequence[Series] = ()
    window: timedelta = timedelta(hours=1)
    monitoring: Monitoring = field(default_factory=Monitoring)
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    _by_kind: dict[str, list[Resource]] = field(init=False, repr=False, compare=False)
    _derived: dict[Any, Any] = field(
        init=False, repr=False, compare=False, default_factory=dict[Any, Any]
    )

    def __post_init__(self) -> None:
        by_kind: dict[str, list[Resource]] = {}
        for resource in sorted(self.resources, key=lambda one: (one.ref, one.uid)):
            by_kind.setdefault(resource.kind, []).append(resource)
        object.__setattr__(self, "_by_kind", by_kind)

    def derived(self, key: Hashable, work_out: Callable[[], Known]) -> Known:
        """What an engine works out from this cluster alone, worked out once for all who ask."""
        if key not in self._derived:
            self._derived[key] = work_out()
        return self._derived[key]

    def threshold(self, name: str) -> float:
        """Where a rule draws the line."""
        return self.thresholds.get(name, THRESHOLDS[name].default)

    def recent(self, at: datetime | None) -> bool:
        """Whether this happened within the window."""
        return at is not None and self.now - at <= self.window

    def age(self, resource: Resource) -> timedelta:
        """How long an object exists; without a creation time it counts as old."""
        return self.now - resource.created_at if resource.created_at else timedelta.max

    def all(self, kind: str, namespace: str | None = None) -> list[Resource]:
        if namespace is None:
            return self._by_kind.get(kind, [])
        return self._by_place.get((kind, namespace), [])

    def labelled(self, kind: str, namespace: str, labels: Mapping[str, str]) -> list[Resource]:
        """All objects of a kind in a namespace that carry these labels; none for no labels."""
        rarest = min(
            (self._by_label.get((kind, namespace, *label), []) for label in labels.items()),
            key=len,
            default=list[Resource](),
        )
        return [one for one in rarest if labels.items() <= one.labels.items()]

    def get(self, ref: Ref) -> Resource | None:
        return self._by_ref.get(ref)

    def by_uid(self, uid: str) -> Resource | None:
        return self._by_uid.get(uid)

    def events_about(self, resource: Resource, *reasons: str) -> list[Event]:
        """All events of this very object, oldest first; of these reasons if any are given.

        Matched by uid, because a recreated object has the events of its predecessor. An event
        or object without uid is matched by name, and so are nodes: the kubelet writes the
        node's name where the uid belongs.
        """
        by_name_too = resource.kind == "Node" or not resource.uid
        found = [
            event
            for event in self._events_by_ref.get(resource.ref, [])
            if by_name_too or event.about_uid in ("", resource.uid)
        ]
        return [event for event in found if not reasons or event.reason in reasons]

    def logs_of(self, pod: Resource, container: str) -> list[LogLines]:
        """What was read of a container: the instance before first, then the current one."""
        return self._logs_by_container.get((pod.ref, container), [])

    def series_for(self, role: str, **labels: str) -> list[Series]:
        """The series gathered for this purpose that carry these labels."""
        return self._series.find(role, labels)

    @cached_property
    def _series(self) -> SeriesIndex:
        return SeriesIndex(self.series)

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for kind, resources in self._by_kind.items():
            for resource in resources:
                found.setdefault((kind, resource.namespace), []).append(resource)
        return found

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str, str, str], list[Resource]]:
        found: dict[tuple[str, str, str, str], list[Resource]] = {}
        for kind, resources in self._by_kind.items():
            for resource in resources:
                for key, value in resource.labels.items():
                    place = (kind, resource.namespace, key, value)
                    found.setdefault(place, []).append(resource)
        return found

    @cached_property
    def _by_ref(self) -> Mapping[Ref, Resource]:
        return {resource.ref: resource for resource in self.resources}

    @cached_property
    def _by_uid(self) -> Mapping[str, Resource]:
        return {resource.uid: resource for resource in self.resources if resource.uid}

    @cached_property
    def ordered_events(self) -> Sequence[Event]:
        """Every event once, oldest first."""
        distinct = dict.fromkeys(self.events)
        return sorted(
            distinct, key=lambda one: (one.last_at or self.now, one.uid, one.reason, one.message)
        )

    @cached_property
    def _events_by_ref(self) -> Mapping[Ref, list[Event]]:
        ordered: dict[Ref, list[Event]] = {}
        for event in self.ordered_events:
            namespace = "" if event.about.kind == "Node" else event.about.namespace
            about = Ref(event.about.kind, namespace, event.about.name)
            ordered.setdefault(about, []).append(event)
        return ordered

    @cached_property
    def _logs_by_container(self) -> Mapping[tuple[Ref, str], list[LogLines]]:
        found: dict[tuple[Ref, str], list[LogLines]] = {}
        for log in sorted(self.logs, key=lambda one: (one.pod, one.container, not one.previous)):
            found.setdefault((log.pod, log.container), []).append(log)
        return found


def refs(resources: Iterable[Resource]) -> tuple[Ref, ...]:
    return tuple(sorted(resource.ref for resource in resources))
