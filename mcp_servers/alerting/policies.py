"""The policy over alerts as people write it, checked, and as the engines take it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core.errors import Invalid
from core.faults import Unfit, inside
from core.flags import State
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.engines.alert_matching import matchers_of
from mcp_servers.engines.alert_routing import pattern
from mcp_servers.facts.alert_policies import (
    PASS_THROUGH,
    Analysis,
    Condition,
    Escalation,
    Flapping,
    Inhibition,
    Policy,
    Route,
    Storm,
    Switches,
    TimeSpan,
    Window,
)
from mcp_servers.facts.durations import duration

Switch = Literal["off", "shadow", "on"]
SmartSwitch = Literal["analysis", "grouping", "flapping", "storm"]
# Those that act on an alert while it arrives.
SMART_SWITCHES: tuple[SmartSwitch, ...] = ("grouping", "flapping", "storm")
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)


def _is_matcher(text: str) -> str:
    found = matchers_of([text])
    if not found:
        raise Unfit(SENTENCES.said("matcher_form", text=text))
    try:
        pattern(found[0].value if found[0].operator.endswith("~") else "")
    except re.error as error:
        raise Unfit(SENTENCES.said("bad_expression", text=text, error=str(error))) from error
    return text


def _is_span(text: str) -> str:
    try:
        duration(text)
    except ValueError as error:
        raise Unfit(SENTENCES.said("no_span", text=text)) from error
    return text


def _is_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise Unfit(SENTENCES.said("no_zone", text=text)) from error
    return text


Matcher = Annotated[str, AfterValidator(_is_matcher), Field(max_length=500)]
Span = Annotated[str, AfterValidator(_is_span)]
Matchers = Annotated[list[Matcher], Field(max_length=30)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EscalationPart(Part):
    after: Span
    channels: list[str] = Field(min_length=1)


class ConvergencePart(Part):
    """How alerts converge into messages: how long the first waits for others, how often more are told, when again."""

    wait: Span = ""  # the validator sees only what is given
    interval: Span = ""
    repeat: Span = ""
    group_by: list[str] | None = None


class RoutePart(Part):
    """What is not given is inherited from the route above, but for matchers and times."""

    channels: list[str] = Field(default_factory=list, description="Names, tag:NAME, or *.")
    matchers: Matchers = Field(default_factory=list)
    continue_: bool = Field(default=False, alias="continue")
    converge: str = Field(default="", description="A window of `convergence`, by its name.")
    group_by: list[str] | None = None
    group_wait: Span = ""  # the validator sees only what is given
    group_interval: Span = ""
    repeat_interval: Span = ""
    mute: list[str] = Field(default_factory=list)
    active: list[str] = Field(default_factory=list)
    escalate: list[EscalationPart] | None = None
    routes: "list[RoutePart]" = Field(default_factory=list["RoutePart"], max_length=200)


class InhibitPart(Part):
    source: Matchers
    target: Matchers
    equal: list[str] = Field(default_factory=list)


class MaintenancePart(Part):
    id: str = Field(min_length=1, max_length=64)
    matchers: Matchers = Field(min_length=1)
    starts_at: datetime
    ends_at: datetime
    reason: str = Field(min_length=1, max_length=500)


class SpanPart(Part):
    """`times`: ["22:00-24:00"]; `weekdays`: ["monday:friday"]; `days`: ["1:5", "-3:-1"]."""

    times: list[str] = Field(default_factory=list)
    weekdays: list[str] = Field(default_factory=list)
    days: list[str] = Field(default_factory=list)
    months: list[str] = Field(default_factory=list)
    years: list[str] = Field(default_factory=list)
    zone: Annotated[str, AfterValidator(_is_zone)] = "UTC"


class SwitchPart(Part):
    dedup: Switch = "on"
    silences: Switch = "on"
    inhibition: Switch = "on"
    mute_times: Switch = "on"
    grouping: Switch = "off"
    flapping: Switch = "off"
    storm: Switch = "off"
    analysis: Switch = "on"


class FlappingPart(Part):
    changes: int = Field(default=6, ge=2, le=1000)
    within: Span = "PT30M"


class StormPart(Part):
    alerts: int = Field(default=100, ge=1, le=100_000)
    within: Span = "PT1M"
    digest_every: Span = "PT30S"


class AnalysisPart(Part):
    """`group_by`: alerts that share these labels are investigated together."""

    wait: Span = "PT10S"
    cool_down: Span = "PT30M"
    group_by: list[str] = Field(default=["cluster", "namespace"], max_length=20)
    severities: list[Literal["critical", "error", "warning", "info"]] = Field(
        default=["critical", "error", "warning"]
    )


class PolicyPart(Part):
    """Routes, inhibitions, time intervals, maintenance, switches, and mappings of generic senders."""

    route: RoutePart = Field(default_factory=lambda: RoutePart(channels=["*"]))
    inhibit: list[InhibitPart] = Field(default_factory=list[InhibitPart], max_length=200)
    convergence: dict[str, ConvergencePart] = Field(default_factory=dict[str, ConvergencePart])
    intervals: dict[str, list[SpanPart]] = Field(default_factory=dict[str, list[SpanPart]])
    maintenance: list[MaintenancePart] = Field(default_factory=list[MaintenancePart])
    switches: SwitchPart = SwitchPart()
    flapping: FlappingPart = FlappingPart()
    storm: StormPart = StormPart()
    analysis: AnalysisPart = AnalysisPart()
    mappings: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])


def checked(document: Mapping[str, Any]) -> PolicyPart:
    """The policy, or `Invalid` with the place that is wrong."""
    try:
        part = PolicyPart.model_validate(dict(document))
        policy_of(part)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(one) for one in first["loc"])
        raise SENTENCES.error(
            Invalid,
            "policy_invalid",
            where=place or SENTENCES.said("the_policy"),
            why=inside(first),
        ) from None
    return part


def policy_in_force(document: Mapping[str, Any] | None) -> Policy:
    return PASS_THROUGH if document is None else policy_of(PolicyPart.model_validate(document))


def policy_of(part: PolicyPart) -> Policy:
    """For the engines. Raises `Invalid` for a name or a range that does not hold."""
    spans = {name: tuple(map(_time_span, many)) for name, many in part.intervals.items()}
    route = _converging(part.route, part.convergence)
    root = _route(route, "0", PASS_THROUGH.root)
    for name in _named_times(part.route):
        if name not in spans:
            raise SENTENCES.error(Invalid, "no_interval", name=name)
    for one in part.maintenance:
        if one.starts_at.tzinfo is None or one.ends_at.tzinfo is None:
            raise SENTENCES.error(Invalid, "needs_zone", id=one.id)
        if one.ends_at <= one.starts_at:
            raise SENTENCES.error(Invalid, "ends_too_early", id=one.id)
    storm, flapping = part.storm, part.flapping
    return Policy(
        root=root,
        inhibitions=tuple(map(_inhibition, part.inhibit)),
        spans=spans,
        windows=tuple(map(_window, part.maintenance)),
        flapping=Flapping(flapping.changes, duration(flapping.within)),
        storm=Storm(storm.alerts, duration(storm.within), duration(storm.digest_every)),
        switches=Switches(**part.switches.model_dump()),
        analysis=_analysis(part.analysis),
    )


def _converging(part: RoutePart, named: Mapping[str, ConvergencePart]) -> RoutePart:
    """The route with what its window says, where it does not say that itself."""
    window = named.get(part.converge) if part.converge else ConvergencePart()
    if window is None:
        raise SENTENCES.error(Invalid, "no_convergence", name=part.converge)
    return part.model_copy(
        update={
            "group_by": window.group_by if part.group_by is None else part.group_by,
            "group_wait": part.group_wait or window.wait,
            "group_interval": part.group_interval or window.interval,
            "repeat_interval": part.repeat_interval or window.repeat,
            "routes": [_converging(one, named) for one in part.routes],
        }
    )


def _route(part: RoutePart, place: str, above: Route) -> Route:
    own = Route(
        id=place,
        channels=tuple(part.channels) or above.channels,
        conditions=conditions(part.matchers),
        goes_on=part.continue_,
        group_by=above.group_by if part.group_by is None else tuple(part.group_by),
        group_wait=_span(part.group_wait, above.group_wait),
        group_interval=_span(part.group_interval, above.group_interval),
        repeat_interval=_span(part.repeat_interval, above.repeat_interval),
        mute=tuple(part.mute),
        active=tuple(part.active),
        escalations=above.escalations
        if part.escalate is None
        else tuple(Escalation(duration(one.after), tuple(one.channels)) for one in part.escalate),
    )
    below = tuple(_route(one, f"{place}.{n}", own) for n, one in enumerate(part.routes))
    return replace(own, routes=below)


def _analysis(part: AnalysisPart) -> Analysis:
    return Analysis(
        wait=duration(part.wait),
        cool_down=duration(part.cool_down),
        group_by=tuple(part.group_by),
        severities=tuple(part.severities),
    )


def _span(text: str, above: timedelta) -> timedelta:
    return duration(text) if text else above


def conditions(written: list[str]) -> tuple[Condition, ...]:
    return tuple(Condition(one.name, one.operator, one.value) for one in matchers_of(written))


def _inhibition(part: InhibitPart) -> Inhibition:
    return Inhibition(conditions(part.source), conditions(part.target), tuple(part.equal))


def _window(part: MaintenancePart) -> Window:
    return Window(part.id, conditions(part.matchers), part.starts_at, part.ends_at, part.reason)


def _named_times(part: RoutePart) -> Iterator[str]:
    yield from (*part.mute, *part.active)
    for one in part.routes:
        yield from _named_times(one)


def _time_span(part: SpanPart) -> TimeSpan:
    return TimeSpan(
        times=tuple(_range(one, "-", _minute) for one in part.times),
        weekdays=tuple(
            _range(one, ":", lambda day: _place(day, WEEKDAYS, 0)) for one in part.weekdays
        ),
        days=tuple(_range(one, ":", _day) for one in part.days),
        months=tuple(_range(one, ":", lambda name: _place(name, MONTHS, 1)) for one in part.months),
        years=tuple(_range(one, ":", int) for one in part.years),
        zone=part.zone,
    )


def _range(text: str, joint: str, read: Callable[[str], int]) -> tuple[int, int]:
    """`a:b`, or one value alone, which is a range of itself."""
    first, between, last = text.strip().lower().partition(joint)
    try:
        start = read(first.strip())
        end = read(last.strip()) if between else start
    except (ValueError, KeyError) as error:
        raise SENTENCES.error(Invalid, "no_range", text=text) from error
    if start > end and (start > 0) == (end > 0):
        raise SENTENCES.error(Invalid, "range_backwards", text=text)
    return start, end


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    found = int(hour) * 60 + int(minute)
    if not 0 <= found <= 24 * 60 or int(minute) > 59:
        raise ValueError(text)
    return found


def _day(text: str) -> int:
    found = int(text)
    if not 1 <= abs(found) <= 31:
        raise ValueError(text)
    return found


def _place(text: str, names: tuple[str, ...], first: int) -> int:
    """By name, or by number where months have one."""
    if text.isdecimal() and first:
        return int(text)
    return names.index(text) + first


def switch_of(policy: Policy, name: SmartSwitch) -> State:
    """A switch that a smart function's flag of the same name may weaken."""
    found = getattr(policy.switches, name)
    return found if found in ("off", "shadow") else "on"
