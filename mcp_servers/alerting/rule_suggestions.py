"""Rules suggested: burn rates of an objective, and thresholds that history speaks for."""

from datetime import timedelta
from math import isfinite
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Principal
from core.sentences import Sentences
from mcp_servers.access import span_of
from mcp_servers.alerting.analysis_shapes import Language
from mcp_servers.alerting.looking_back import looked_back
from mcp_servers.alerting.rule_files import Name
from mcp_servers.alerting.rule_reading import rule_of
from mcp_servers.alerting.rule_trials import SHORTEST_STEP, Trial, tried
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.alerting.suggesting import Suggesting
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.metric_words import spaced
from mcp_servers.engines.slo_rules import (
    WINDOW,
    burn_alerts,
    condition,
    error_ratio,
    ruled,
    too_low_for,
)
from mcp_servers.engines.threshold_trials import suggested, thresholds
from mcp_servers.facts.slo import Slo, Threshold

WORDS = Sentences("mcp_servers.alerting", "slo")
Expression = Annotated[str, Field(min_length=1, max_length=10_000)]
# With fewer values nothing is said; a day of minutes is 1440.
LEAST_VALUES = 100


class BurnLine(BaseModel):
    severity: str
    over: str = Field(description="The long window.")
    and_still_over: str = Field(description="The short one.")
    factor: float = Field(description="How many times as fast as allowed the budget burns.")
    error_ratio: float = Field(description="The threshold, 0 to 1.")
    spends: float = Field(description="Share of the budget, 0 to 1, gone within the long window.")


class SloRules(BaseModel):
    text: str = Field(description="A file of rules: what to store with alerting_set_rule_file.")
    budget_minutes: float = Field(description="Of full outage that the objective allows.")
    conditions: list[BurnLine]
    window: str
    measured: float | None = Field(
        description="The error ratio over the window, 0 to 1; null without data."
    )
    spent: float | None = Field(
        description="Share of a budget of that window that is gone; more than 1: it was missed."
    )
    trials: list[Trial] = Field(description="How often the alerts would have fired in the window.")

    def as_text(self) -> str:
        spent = "no data" if self.spent is None else f"{self.spent:.0%} of the budget spent"
        fired = [f"{one.rule}: would have fired {one.fired} times" for one in self.trials]
        return "\n".join([f"{spent} over {self.window}", *fired, self.text])


class ThresholdLine(BaseModel):
    value: float
    fired: int = Field(description="How often it would have begun to fire.")
    brief: int = Field(description="Of these, over within five minutes.")
    firing_s: int


class Thresholds(BaseModel):
    verdict: str = Field(description="ok | insufficient_data")
    suggested: ThresholdLine | None
    candidates: list[ThresholdLine] = Field(description="The most sensitive first.")
    values: int
    series: int
    window: str
    text: str = Field(description="The rule with the suggested threshold, as a file of rules.")

    def as_text(self) -> str:
        told = [f"{one.value:g}: {one.fired} times" for one in self.candidates]
        return "\n".join([self.verdict, *told, self.text])


async def alerting_suggest_slo_rules(
    name: Name,
    objective_percent: Annotated[float, Field(gt=0, lt=100, description="E.g. 99.9.")],
    errors: Annotated[
        Expression,
        Field(description='Failures a second over $window: sum(rate(x{code=~"5.."}[$window])).'),
    ],
    total: Annotated[Expression, Field(description="All of them: sum(rate(x[$window])).")],
    days: Annotated[int, Field(ge=7, le=90, description="Of the budget.")] = 30,
    window: Annotated[str, Field(description="ISO 8601, to try them on; at most 31 days.")] = "P7D",
    runbook_url: Annotated[str, Field(max_length=500)] = "",
    language: Language = "en",
    *,
    prometheus: Prometheus,
    desk: Desk,
    caller: Principal,
) -> SloRules:
    """Suggest burn-rate rules for a service level objective, and say how often they would have fired.

    They are not stored; alerting_set_rule_file does that.
    """
    refuse_narrow(caller)
    suggesting = await Suggesting.begun(desk, caller)
    slo = Slo(name, objective_percent / 100, days, errors, total)
    _refuse_odd(slo)
    span = looked_back(window)
    ratio = await prometheus.query(error_ratio(slo, f"{max(int(span.total_seconds()), 300)}s"))
    found = [value for one in ratio for _, value in one.points if isfinite(value)]
    measured = max(found, default=None)
    rules = SloRules(
        text=_slo_text(slo, runbook_url, language),
        budget_minutes=round((1 - slo.objective) * days * 1440, 2),
        conditions=_conditions(slo),
        window=window,
        measured=measured,
        spent=None if measured is None else measured / (1 - slo.objective),
        trials=await _slo_trials(prometheus, slo, window, span),
    )
    return await suggesting.given(rules, name=name, objective_percent=objective_percent)


async def alerting_suggest_threshold(
    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)],
    expression: Annotated[Expression, Field(description="Without a comparison.")],
    below: Annotated[bool, Field(description="What is too low is bad.")] = False,
    held: Annotated[str, Field(description="ISO 8601: it has to hold so long.")] = "PT5M",
    window: Annotated[str, Field(description="ISO 8601, at most 31 days.")] = "P14D",
    at_most: Annotated[
        int, Field(ge=0, description="So often it may have fired in the window.")
    ] = 2,
    severity: Annotated[str, Field(max_length=40)] = "warning",
    *,
    prometheus: Prometheus,
    desk: Desk,
    caller: Principal,
) -> Thresholds:
    """Suggest the threshold of an alert from history: the most sensitive that fired seldom enough."""
    refuse_narrow(caller)
    suggesting = await Suggesting.begun(desk, caller)
    held_for = span_of(held)
    found = await threshold_of(
        prometheus, name, expression, below, held_for, window, at_most, severity
    )
    return await suggesting.given(found, name=name, expression=expression)


async def threshold_of(
    prometheus: Prometheus,
    name: str,
    expression: str,
    below: bool,
    held: timedelta = timedelta(minutes=5),
    window: str = "P14D",
    at_most: int = 2,
    severity: str = "warning",
) -> Thresholds:
    """The most sensitive threshold that would have begun to fire no more than `at_most` times."""
    span, until = looked_back(window), utc_now().replace(microsecond=0)
    step = max(SHORTEST_STEP, span / 11_000, timedelta(minutes=1))
    step = timedelta(seconds=round(step.total_seconds()))
    series = await prometheus.query_every(expression, start=until - span, end=until, step=step)
    found = thresholds(series, above=not below, held=held, step=step, until=until)
    values = sum(len(one.points) for one in series)
    chosen = suggested(found, at_most=at_most) if values >= LEAST_VALUES else None
    text = ""
    if chosen:
        compared = f"({expression}) {'<' if below else '>'} {chosen.value:g}"
        text = _threshold_text(name, compared, held, severity)
    return Thresholds(
        verdict="ok" if chosen else "insufficient_data",
        suggested=_threshold(chosen) if chosen else None,
        candidates=[_threshold(one) for one in found],
        values=values,
        series=len(series),
        window=window,
        text=text,
    )


def refuse_narrow(caller: Principal) -> None:
    if caller.namespaces is not None:
        raise SENTENCES.error(Invalid, "trial_sees_all")


def _refuse_odd(slo: Slo) -> None:
    for text in (slo.errors, slo.total):
        if WINDOW not in text:
            raise WORDS.error(Invalid, "no_window", expression=text)
        rule = rule_of({"record": "x", "expr": text.replace(WINDOW, "5m")}, group="", interval_s=0)
        if rule.tree is None:
            raise WORDS.error(Invalid, "unreadable_expression", expression=text, why=rule.fault)
    if too_low_for(slo):
        raise WORDS.error(Invalid, "too_low", objective=f"{slo.objective:.4%}")


def _conditions(slo: Slo) -> list[BurnLine]:
    return [
        BurnLine(
            severity="critical" if one.burn.kind == "page" else "warning",
            over=one.burn.long,
            and_still_over=one.burn.short,
            factor=one.factor,
            error_ratio=one.threshold,
            spends=one.burn.share,
        )
        for one in burn_alerts(slo)
    ]


def _slo_text(slo: Slo, runbook_url: str, language: str) -> str:
    facts = {"allowed": f"{1 - slo.objective:.4g}"}
    rules: list[dict[str, Any]] = []
    for rule in ruled(slo).rules:
        told = dict(rule)
        if kind := str(told.get("alert", "")):
            key = "fast" if kind.endswith("Fast") else "slow"
            said = {what: WORDS.said(f"{key}_{what}", **facts) for what in ("summary", "detail")}
            told["annotations"] = {
                "summary": said["summary"].told(language),
                "description": said["detail"].told(language),
                **({"runbook_url": runbook_url} if runbook_url else {}),
            }
        rules.append(told)
    return _written([{"name": f"slo-{slo.name}", "rules": rules}])


def _threshold_text(name: str, expression: str, held: timedelta, severity: str) -> str:
    rule = {
        "alert": name,
        "expr": expression,
        "for": f"{int(held.total_seconds())}s",
        "labels": {"severity": severity},
        "annotations": {"summary": f"{spaced(name)}: {{{{ $value }}}}"},
    }
    return _written([{"name": spaced(name).lower().replace(" ", "-"), "rules": [rule]}])


def _written(groups: list[dict[str, Any]]) -> str:
    return yaml.safe_dump({"groups": groups}, sort_keys=False, allow_unicode=True, width=140)


async def _slo_trials(
    prometheus: Prometheus, slo: Slo, window: str, span: timedelta
) -> list[Trial]:
    """Over the ratio itself: what the rules would record was not recorded in the past."""
    rules = [
        rule_of(
            {
                "alert": f"ErrorBudgetBurns{'Fast' if kind == 'page' else 'Slowly'}",
                "expr": condition(
                    [one for one in burn_alerts(slo) if one.burn.kind == kind],
                    lambda over: error_ratio(slo, over),
                ),
                "for": "2m" if kind == "page" else "15m",
            },
            group=f"slo-{slo.name}",
            interval_s=None,
        )
        for kind in ("page", "ticket")
    ]
    return (await tried(prometheus, rules, window, span, timedelta(minutes=5))).trials


def _threshold(one: Threshold) -> ThresholdLine:
    return ThresholdLine(
        value=one.value, fired=one.fired, brief=one.brief, firing_s=round(one.firing_s)
    )
