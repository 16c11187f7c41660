"""Rules that people add, asked of every object of their kind: findings, and what had no answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from mcp_servers.engines import citing
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Source
from mcp_servers.facts.kubernetes import Cluster, Event, Json, NotChecked, Ref, Resource
from mcp_servers.facts.rules import CustomRule, Unanswered

# The newest of an object's events: a year of them says nothing more.
EVENTS_AT_MOST = 100
EVENTS_CITED = 3

# Repairs of custom rules are words for people; no plan is made of them.
BY_HAND = "fix.custom"

Ask = Callable[[str], object]
About = Callable[[Mapping[str, object]], Ask]


@dataclass(slots=True)
class Judged:
    """`failed`: of which objects a rule could not be asked, with the reason."""

    findings: list[Finding] = field(default_factory=list[Finding])
    failed: dict[str, list[tuple[Ref, str]]] = field(
        default_factory=dict[str, list[tuple[Ref, str]]]
    )

    def not_checked(self) -> Iterator[NotChecked]:
        """One entry for each rule: how many objects, and what was wrong with the first."""
        for rule, failures in self.failed.items():
            first, why = min(failures)
            facts = (("first", str(first)), ("count", str(len(failures))), ("why", why))
            said = f"{len(failures)} could not be judged. {first}: {why}."
            yield NotChecked(f"rule {rule}", said, "", True, "custom_rule", facts)


def judge(cluster: Cluster, rules: Sequence[CustomRule], about: About) -> Judged:
    """What the rules say of the cluster.

    `about` turns the variables of one object into the function that evaluates expressions; it is
    called once for each object, because to hand the object over costs more than to ask.
    """
    judged = Judged()
    for kind, of_kind in groupby(sorted(rules, key=lambda one: (one.kind, one.id)), _kind):
        asked = list(of_kind)
        for resource in cluster.all(kind):
            _judge_one(cluster, resource, asked, about, judged)
    return judged


def _kind(rule: CustomRule) -> str:
    return rule.kind


def _judge_one(
    cluster: Cluster, resource: Resource, rules: Sequence[CustomRule], about: About, judged: Judged
) -> None:
    events = cluster.events_about(resource)[-EVENTS_AT_MOST:]
    variables = _variables(cluster, resource, events)
    ask = about(variables)
    for rule in rules:
        try:
            if _holds(rule, ask):
                alone = _speaking_alone(rule, variables, events, about)
                judged.findings.append(_finding(cluster, resource, rule, ask, alone))
        except Unanswered as error:
            judged.failed.setdefault(rule.id, []).append((resource.ref, str(error)))


def _holds(rule: CustomRule, ask: Ask) -> bool:
    answer = ask(rule.when)
    if not isinstance(answer, bool):
        raise Unanswered(f"`when` gives {answer!r:.60}, which is neither true nor false")
    return answer


def _variables(cluster: Cluster, resource: Resource, events: Sequence[Event]) -> dict[str, object]:
    metadata = {name: of for name, of in resource.metadata.items() if name != "managedFields"}
    return {
        "object": {**resource.raw, "metadata": metadata},
        "events": [_as_variable(one) for one in events],
        "now": cluster.now,
    }


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


def _speaking_alone(
    rule: CustomRule, variables: Mapping[str, object], events: Sequence[Event], about: About
) -> list[Event]:
    """The events for which the rule would speak if there were no other: its evidence."""
    if "events" not in rule.when or _still_holds(rule, {**variables, "events": []}, about):
        return []
    return [
        one
        for one in events
        if _still_holds(rule, {**variables, "events": [_as_variable(one)]}, about)
    ]


def _still_holds(rule: CustomRule, variables: Mapping[str, object], about: About) -> bool:
    try:
        return about(variables)(rule.when) is True
    except Unanswered:
        return False


def _finding(
    cluster: Cluster, resource: Resource, rule: CustomRule, ask: Ask, events: Sequence[Event]
) -> Finding:
    values = {name: _text(ask(expression)) for name, expression in rule.values.items()}
    evidence = [_stated(resource, rule.values[name], value) for name, value in values.items()]
    evidence += citing.events(events, at_most=EVENTS_CITED)
    owner = top_owner(cluster, resource)
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=Confidence.CERTAIN,
        resource=owner,
        since=min((one.first_at for one in events if one.first_at), default=None),
        evidence=tuple(evidence) or (_stated(resource, rule.when, "true"),),
        params=values,
        affected=(resource.ref,) if owner != resource.ref else (),
        fix=Fix(BY_HAND, owner) if rule.texts["en"].get("fix") else None,
        role=rule.role,
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stated(resource: Resource, expression: str, value: str) -> Evidence:
    return Evidence(Source.OBJECT, str(resource.ref), citing.quoted(f"{expression} = {value}"))
