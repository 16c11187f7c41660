"""Rules that people add, asked of every object of their kind: findings, and what had no answer."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from mcp_servers.engines import citing
from mcp_servers.engines.measured_objects import measured_objects
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Source
from mcp_servers.facts.kubernetes import Cluster, Event, Json, NotChecked, Ref, Resource
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.rules import CustomRule, Unanswered

# The newest of an object's events: a year of them says nothing more.
EVENTS_AT_MOST = 100
EVENTS_CITED = 3

# Repairs of custom rules are words for people; no plan is made of them.
BY_HAND = "fix.custom"

# How expressions name a metric.
METRIC = re.compile(r"\bmetrics\.(\w+)")

Ask = Callable[[str], object]
About = Callable[[Mapping[str, object]], Ask]


@dataclass(slots=True)
class Judged:
    """`failed`: of which objects a rule could not be asked, and why."""

    findings: list[Finding] = field(default_factory=list[Finding])
    failed: dict[str, list[tuple[Ref, str, str]]] = field(
        default_factory=dict[str, list[tuple[Ref, str, str]]]
    )

    def not_checked(self) -> Iterator[NotChecked]:
        """One entry for each rule: how many objects, and what was wrong with the first."""
        for rule, failures in self.failed.items():
            first, why, detail = min(failures)
            count = str(len(failures))
            facts = (("first", str(first)), ("count", count), ("why", why), ("detail", detail))
            said = f"{count} could not be judged. {first}: {why} {detail}".rstrip()
            yield NotChecked(f"rule {rule}", said, "", True, "custom_rule", facts)


def judge(
    cluster: Cluster,
    rules: Sequence[CustomRule],
    about: About,
    measured: Mapping[str, Sequence[Series]] | None = None,
) -> Judged:
    """What the rules say of the cluster.

    `about` turns the variables of one object into the function that evaluates expressions; it is
    called once for each object, because to hand the object over costs more than to ask. `measured`
    holds the series of each metric that the rules may name.
    """
    judged = Judged()
    for kind, of_kind in groupby(sorted(rules, key=lambda one: (one.kind, one.id)), _kind):
        asked = list(of_kind)
        by_metric = {
            name: measured_objects(cluster, kind, series)
            for name, series in (measured or {}).items()
        }
        for resource in cluster.all(kind):
            found = {name: of[resource.ref] for name, of in by_metric.items() if resource.ref in of}
            _judge_one(_Object(cluster, resource, found), asked, about, judged)
    return judged


def _kind(rule: CustomRule) -> str:
    return rule.kind


@dataclass(frozen=True, slots=True)
class _Object:
    """One object, and the series that measure it by the names that rules give them."""

    cluster: Cluster
    resource: Resource
    measured: Mapping[str, Series]

    @property
    def events(self) -> list[Event]:
        return self.cluster.events_about(self.resource)[-EVENTS_AT_MOST:]

    def variables(self, events: Sequence[Event]) -> dict[str, object]:
        raw, metadata = self.resource.raw, self.resource.metadata
        shown = {name: of for name, of in metadata.items() if name != "managedFields"}
        return {
            "object": {**raw, "metadata": shown},
            "events": [_as_variable(one) for one in events],
            "metrics": {name: one.points[-1][1] for name, one in self.measured.items()},
            "now": self.cluster.now,
        }


def _judge_one(one: _Object, rules: Sequence[CustomRule], about: About, judged: Judged) -> None:
    ask = about(one.variables(one.events))
    for rule in rules:
        try:
            if _holds(rule, ask):
                judged.findings.append(_finding(one, rule, ask, about))
        except Unanswered as error:
            judged.failed.setdefault(rule.id, []).append(
                (one.resource.ref, error.told, error.detail)
            )


def _holds(rule: CustomRule, ask: Ask) -> bool:
    answer = ask(rule.when)
    if not isinstance(answer, bool):
        raise Unanswered("no_truth", f"{answer!r:.60}")
    return answer


def _as_variable(event: Event) -> Json:
    told = {
        "reason": event.reason,
        "message": event.message,
        "type": event.kind,
        "count": event.count,
        "source": event.source,
        "first": event.first_at,
        "last": event.last_at,
    }
    return {name: value for name, value in told.items() if value is not None}


def _speaking_alone(one: _Object, rule: CustomRule, about: About) -> list[Event]:
    """The events for which the rule would speak if there were no other: its evidence."""

    def holds(*events: Event) -> bool:
        try:
            return about(one.variables(events))(rule.when) is True
        except Unanswered:
            return False

    if "events" not in rule.when or holds():
        return []
    return [event for event in one.events if holds(event)]


def _finding(one: _Object, rule: CustomRule, ask: Ask, about: About) -> Finding:
    values = {name: _text(ask(expression)) for name, expression in rule.values.items()}
    events = _speaking_alone(one, rule, about)
    evidence = [_stated(one.resource, rule.values[name], value) for name, value in values.items()]
    evidence += citing.events(events, at_most=EVENTS_CITED)
    evidence += [_figure(name, of) for name, of in one.measured.items() if name in _named(rule)]
    owner = top_owner(one.cluster, one.resource)
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=Confidence.CERTAIN,
        resource=owner,
        since=min((event.first_at for event in events if event.first_at), default=None),
        evidence=tuple(evidence) or (_stated(one.resource, rule.when, "true"),),
        params=values,
        affected=(one.resource.ref,) if owner != one.resource.ref else (),
        fix=Fix(BY_HAND, owner) if rule.texts["en"].get("fix") else None,
        role=rule.role,
    )


def _named(rule: CustomRule) -> set[str]:
    """The metrics that decide whether the rule speaks."""
    return set(METRIC.findall(rule.when))


def _figure(name: str, one: Series) -> Evidence:
    at, value = one.points[-1]
    return citing.series(one, f"{name} = {value:.6g}", at)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stated(resource: Resource, expression: str, value: str) -> Evidence:
    return Evidence(Source.OBJECT, str(resource.ref), citing.quoted(f"{expression} = {value}"))
