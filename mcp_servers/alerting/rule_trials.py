"""Rules tried out on the past: how often each would have fired, for how long, and on what."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from anyio.to_thread import run_sync
from pydantic import BaseModel, Field

from core.clock import monotonic_s, utc_now
from core.errors import Invalid, OpsError
from core.principal import Principal
from mcp_servers.access import span_of
from mcp_servers.alerting.looking_back import looked_back
from mcp_servers.alerting.rule_files import stored_text
from mcp_servers.alerting.rule_lint import in_force
from mcp_servers.alerting.rule_reading import rules_of
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.rule_history import firings
from mcp_servers.facts.promql import Node, PromRule
from mcp_servers.facts.rule_trials import Firing

Text = Annotated[
    str,
    Field(
        max_length=500_000,
        description="A file of rules; empty: the one named, or those of Prometheus.",
    ),
]
SHORTEST_STEP = timedelta(seconds=15)
BRIEF = timedelta(minutes=5)
# How often a time is looked at for where history begins, and then what is before that.
LOOKS = 100
# A call ends within a minute; what was not reached by then is named.
BUDGET_S = 40.0
MOST_EXAMPLES = 5


class Example(BaseModel):
    labels: dict[str, str]
    began: datetime
    ended: datetime | None = Field(description="Null: it would fire now.")
    lasted_s: int


class Trial(BaseModel):
    group: str
    rule: str
    fired: int = Field(description="How often it would have begun to fire.")
    brief: int = Field(description="Of these, over within five minutes.")
    now: int = Field(description="Of these, firing still.")
    series: int = Field(description="Different label sets among them.")
    median_s: int = Field(description="How long it fired, in the middle.")
    firing_s: int = Field(description="All of them together.")
    without_data: list[str] = Field(
        description="Selectors with no series in the window: that it never fired says nothing then."
    )
    data_since: datetime | None = Field(
        description="Since when all that it reads is known, where that is later than the window."
    )
    failed: str = Field(description="Why it could not be tried; empty when it was.")
    examples: list[Example] = Field(description="The last ones, at most five.")


class Trials(BaseModel):
    window: str
    step: str = Field(
        description="How often the rules were evaluated; group intervals are not used."
    )
    trials: list[Trial] = Field(description="Alerting rules, those that fired most first.")
    untried: list[str] = Field(description="Rules for which no time was left.")
    evaluated_by: str = Field(description="The address of the Prometheus that evaluated them.")

    def as_text(self) -> str:
        told = [f"- {_told(one)}" for one in self.trials[:40]]
        left = [f"not tried for want of time: {', '.join(self.untried)}"] if self.untried else []
        return "\n".join([f"{len(self.trials)} alert rules over {self.window}", *told, *left])


async def alerting_back_test_rules(
    name: Annotated[str, Field(max_length=100, description="A stored file of rules.")] = "",
    text: Text = "",
    rule: Annotated[str, Field(description="Part of a rule's name; empty: all.")] = "",
    window: Annotated[str, Field(description="ISO 8601, at most 31 days.")] = "P7D",
    step: Annotated[str, Field(description="ISO 8601; rules are evaluated so often.")] = "PT1M",
    *,
    desk: Desk,
    prometheus: Prometheus,
    caller: Principal,
) -> Trials:
    """Say how often alert rules would have fired over the past, and how many of these were brief.

    Use before a rule is stored or changed. For what did fire use alerting_quality.
    """
    if caller.namespaces is not None:
        raise SENTENCES.error(Invalid, "trial_sees_all")
    span, every = looked_back(window), span_of(step)
    if every < SHORTEST_STEP:
        raise SENTENCES.error(Invalid, "trial_too_fine", seconds=SHORTEST_STEP.seconds)
    if name or text.strip():
        given = text if text.strip() else await stored_text(desk, name)
        rules = await run_sync(rules_of, given)
    else:
        rules = await in_force(prometheus)
    wanted = [one for one in rules if one.is_alert and rule.lower() in one.name.lower()]
    return await tried(prometheus, wanted, window, span, every)


async def tried(
    prometheus: Prometheus, rules: Sequence[PromRule], window: str, span: timedelta, step: timedelta
) -> Trials:
    ends_s, until = monotonic_s() + BUDGET_S, utc_now().replace(microsecond=0)
    trials: list[Trial] = []
    history = _History(prometheus, until - span, until)
    for rule in rules:
        if monotonic_s() > ends_s:
            break
        trials.append(await _trial(history, rule, step))
    untried = [one.name for one in rules[len(trials) :]]
    trials.sort(key=lambda one: (-one.fired, one.group, one.rule))
    return Trials(
        window=window,
        step=f"{step.total_seconds():g}s",
        trials=trials,
        untried=untried,
        evaluated_by=prometheus.url,
    )


class _History:
    """What Prometheus knows of a time; each selector is looked for once."""

    def __init__(self, prometheus: Prometheus, start: datetime, until: datetime) -> None:
        self.prometheus, self.start, self.until = prometheus, start, until
        self._step = max((until - start) / LOOKS, SHORTEST_STEP)
        self._first: dict[str, datetime | None] = {}

    async def since(self, tree: Node) -> datetime | None:
        """When the last of its selectors began to have series; None where all had from the start."""
        firsts = [await self._began(one) for one in dict.fromkeys(_selectors(tree.walk()))]
        late = [one for one in firsts if one and one > self.start + self._step]
        return max(late, default=None)

    async def _began(self, selector: str) -> datetime | None:
        if selector not in self._first:
            first = await self._earliest(selector, self.start, self.until)
            if first and first > self.start:
                first = await self._earliest(selector, first - self._step, first) or first
            self._first[selector] = first
        return self._first[selector]

    async def _earliest(self, selector: str, start: datetime, until: datetime) -> datetime | None:
        step = max((until - start) / LOOKS, SHORTEST_STEP)
        asked = f"count({selector})"
        found = await self.prometheus.query_every(asked, start=start, end=until, step=step)
        return min((at for one in found for at, _ in one.points), default=None)

    async def without_data(self, tree: Node) -> list[str]:
        selectors = dict.fromkeys(_selectors(tree.walk()))
        return [
            one
            for one in selectors
            if not await self.prometheus.series([one], start=self.start, end=self.until)
        ]


async def _trial(history: _History, rule: PromRule, step: timedelta) -> Trial:
    if rule.tree is None:
        return _shown(rule, [], failed=rule.fault)
    held = timedelta(seconds=rule.held_s or 0)
    try:
        series = await history.prometheus.query_every(
            rule.expression, start=history.start, end=history.until, step=step
        )
        found = firings(series, held=held, step=step, until=history.until)
        missing = [] if series else await history.without_data(rule.tree)
        since = await history.since(rule.tree)
    except OpsError as error:
        # One rule that Prometheus refuses, or that is too much for it, says nothing of the others.
        return _shown(rule, [], failed=str(error))
    return _shown(rule, found, missing=missing, since=since)


def _selectors(nodes: Iterable[Node]) -> list[str]:
    """As PromQL writes them, names included among the matchers."""
    found: list[str] = []
    for node in nodes:
        if node.kind != "selector":
            continue
        matchers = [(name, how, value) for name, how, value in node.matchers if name != "__name__"]
        inside = ",".join(f"{name}{how}{_quoted(value)}" for name, how, value in matchers)
        found.append(f"{node.name}{{{inside}}}" if inside else node.name)
    return [one for one in found if one]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _shown(
    rule: PromRule,
    found: Sequence[Firing],
    *,
    missing: Sequence[str] = (),
    since: datetime | None = None,
    failed: str = "",
) -> Trial:
    lasted = sorted(one.lasted_s for one in found)
    return Trial(
        group=rule.group,
        rule=rule.name,
        fired=len(found),
        brief=sum(one.ended is not None and one.lasted_s < BRIEF.total_seconds() for one in found),
        now=sum(one.ended is None for one in found),
        series=len({one.labels for one in found}),
        median_s=round(lasted[len(lasted) // 2]) if lasted else 0,
        firing_s=round(sum(lasted)),
        without_data=list(missing),
        data_since=since,
        failed=failed,
        examples=[
            Example(
                labels=dict(one.labels),
                began=one.began,
                ended=one.ended,
                lasted_s=round(one.lasted_s),
            )
            for one in reversed(found[-MOST_EXAMPLES:])
        ],
    )


def _told(one: Trial) -> str:
    if one.failed:
        return f"{one.rule}: not tried: {one.failed}"
    lacking = f"; no data for {', '.join(one.without_data)}" if one.without_data else ""
    known = (
        f"; all that it reads is known since {one.data_since:%Y-%m-%d %H:%M}Z"
        if one.data_since
        else ""
    )
    return (
        f"{one.rule}: would have fired {one.fired} times, {one.brief} of them < 5 min, "
        f"{one.now} still fire{lacking}{known}"
    )
