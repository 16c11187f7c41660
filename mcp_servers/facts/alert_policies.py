"""What becomes of alerts: as they arrive, and the routes, mutings and switches over them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ArrivedAlert:
    """One alert of a request, before anything is known of it.

    Without `says_start` its start is unknown: it goes on what fires under that fingerprint already.
    """

    fingerprint: str
    status: str  # firing | resolved
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    generator_url: str = ""
    says_start: bool = True


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of an alert sender. `external_url` is the sender's own page."""

    source: str
    alerts: tuple[ArrivedAlert, ...]
    group_key: str = ""
    group: dict[str, str] = field(default_factory=dict[str, str])
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A matcher as Alertmanager has them: an absent label is an empty one."""

    name: str
    operator: str  # = | != | =~ | !~
    value: str


@dataclass(frozen=True, slots=True)
class Escalation:
    after: timedelta
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree, with what it inherits filled in. `id` is its place, such as `0.2`.

    `channels` are names, `tag:NAME`, or `*` for every channel. `group_by` `("...",)` is every label.
    """

    id: str
    channels: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    goes_on: bool = False
    group_by: tuple[str, ...] = ()
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta = timedelta(hours=4)
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    routes: "tuple[Route, ...]" = ()
    tells_ends: bool = True


@dataclass(frozen=True, slots=True)
class Inhibition:
    source: tuple[Condition, ...]
    target: tuple[Condition, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window: what matches is told to nobody from `starts_at` to `ends_at`."""

    id: str
    conditions: tuple[Condition, ...]
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A time interval as Alertmanager has them; an empty field is no restriction.

    Times are minutes of the day with the end excluded, weekdays 0 (Sunday) to 6, days of the month
    1 to 31 or negative from the month's end; ranges include both ends.
    """

    times: tuple[tuple[int, int], ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    months: tuple[tuple[int, int], ...] = ()
    years: tuple[tuple[int, int], ...] = ()
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Flapping:
    """So many changes of state within so long are flapping."""

    changes: int = 6
    within: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Storm:
    """More alerts than so many within so long are a storm, told as digests."""

    alerts: int = 100
    within: timedelta = timedelta(minutes=1)
    digest_every: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Alerts that share `group_by` are investigated together: after `wait`, once in `cool_down`."""

    wait: timedelta = timedelta(seconds=10)
    cool_down: timedelta = timedelta(minutes=30)
    group_by: tuple[str, ...] = ("cluster", "namespace")
    severities: tuple[str, ...] = ("critical", "error", "warning")


@dataclass(frozen=True, slots=True)
class Switches:
    """Each of off, shadow (recorded, without effect) or on."""

    dedup: str = "on"
    silences: str = "on"
    inhibition: str = "on"
    mute_times: str = "on"
    grouping: str = "off"
    flapping: str = "off"
    storm: str = "off"
    analysis: str = "on"


@dataclass(frozen=True, slots=True)
class Policy:
    root: Route
    inhibitions: tuple[Inhibition, ...] = ()
    spans: Mapping[str, tuple[TimeSpan, ...]] = field(
        default_factory=dict[str, tuple[TimeSpan, ...]]
    )
    windows: tuple[Window, ...] = ()
    flapping: Flapping = Flapping()
    storm: Storm = Storm()
    switches: Switches = Switches()
    analysis: Analysis = Analysis()


# Until somebody sets another one: everything goes to every channel, at once.
PASS_THROUGH = Policy(root=Route(id="0", channels=("*",)))
