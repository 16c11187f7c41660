"""Rules looked through without a Prometheus: what is wrong, why that matters, what to write instead."""

from typing import Annotated, Literal

from anyio.to_thread import run_sync
from pydantic import BaseModel, Field

from mcp_servers.alerting.analysis_shapes import Language
from mcp_servers.alerting.rule_reading import WORDS, rule_of, rules_of
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.rule_checks import checked
from mcp_servers.facts.promql import PromRule, RuleRemark

Text = Annotated[
    str, Field(max_length=1_000_000, description="A file of rules; empty: those of Prometheus.")
]
Level = Literal["error", "warning", "info"]
SHOWN = 200

ERRORS = frozenset(
    {
        *("unreadable", "no_name", "wrong_field", "broken_template", "label_dropped", "odd_for"),
        *("recorded_twice", "odd_quantile", "quantile_without_le", "quantile_of_sum"),
        *("join_never_meets", "compares_numbers"),
    }
)
NOTES = frozenset(
    {
        *("no_for", "no_runbook", "odd_alert_name", "odd_record_name", "anchored"),
        *("literal_expression", "instant_rate"),
    }
)
LEVELS: tuple[Level, ...] = ("error", "warning", "info")


class Remark(BaseModel):
    group: str
    rule: str
    check: str
    level: Level
    text: str
    hint: str


class LintReport(BaseModel):
    rules: int
    remarks: list[Remark] = Field(description="Errors first, in the order of the rules.")
    counts: dict[str, int] = Field(description="By level, listed or not.")
    checked_by: str = Field(description="midwatch: no other program ran.")

    def as_text(self) -> str:
        counts = ", ".join(f"{count} {level}" for level, count in self.counts.items()) or "nothing"
        told = [
            f"- {one.level} {one.group}/{one.rule} {one.check}: {one.text} {one.hint}"
            for one in self.remarks[:40]
        ]
        return "\n".join([f"{self.rules} rules looked through: {counts}", *told])


async def alerting_lint_rules(
    text: Text = "", language: Language = "en", *, prometheus: Prometheus
) -> LintReport:
    """Look through alert and recording rules for mistakes, each explained; a file, or those in force."""
    rules = await run_sync(rules_of, text) if text.strip() else await in_force(prometheus)
    remarks = sorted(
        await run_sync(checked, rules), key=lambda one: LEVELS.index(level_of(one.code))
    )
    found = [level_of(one.code) for one in remarks]
    return LintReport(
        rules=len(rules),
        remarks=[remark(one, language) for one in remarks[:SHOWN]],
        counts={level: found.count(level) for level in LEVELS if level in found},
        checked_by="midwatch",
    )


async def in_force(prometheus: Prometheus) -> list[PromRule]:
    """The rules that Prometheus has, as their file would have them."""
    return [
        rule_of(
            {
                "record" if one.kind == "recording" else "alert": one.name,
                "expr": one.query,
                "labels": dict(one.labels),
                **({"annotations": dict(one.annotations)} if one.kind != "recording" else {}),
                **({"for": f"{round(one.for_s)}s"} if one.for_s else {}),
            },
            group=one.group,
            interval_s=None,
        )
        for one in await prometheus.rules()
    ]


def level_of(code: str) -> Level:
    return "error" if code in ERRORS else "info" if code in NOTES else "warning"


def remark(one: RuleRemark, language: str) -> Remark:
    text, hint = WORDS.parts(language, one.code, **one.facts)
    return Remark(
        group=one.rule.group,
        rule=one.rule.name,
        check=one.code,
        level=level_of(one.code),
        text=text,
        hint=hint,
    )
