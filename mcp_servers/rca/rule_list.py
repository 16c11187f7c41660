"""rca_list_custom_rules: the rules and thresholds that people of this installation added."""

from pydantic import BaseModel, Field

from mcp_servers.facts.rules import CustomRule
from mcp_servers.facts.thresholds import THRESHOLDS, Threshold
from mcp_servers.rca.rule_files import RuleSet
from mcp_servers.rca.rule_folder import RuleFolder


class Rule(BaseModel):
    id: str
    severity: str
    kind: str
    role: str
    category: str
    when: str = Field(description="CEL, asked of every object of the kind.")
    values: dict[str, str]
    texts: dict[str, dict[str, str]] = Field(description="Title, cause and fix by language.")

    @classmethod
    def of(cls, rule: CustomRule) -> "Rule":
        return cls(
            id=rule.id,
            severity=rule.severity,
            kind=rule.kind,
            role=rule.role,
            category=rule.category,
            when=rule.when,
            values=dict(rule.values),
            texts={language: dict(words) for language, words in rule.texts.items()},
        )


class Line(BaseModel):
    name: str
    value: float = Field(description="What counts now.")
    default: float
    least: float
    most: float
    unit: str

    @classmethod
    def of(cls, name: str, known: Threshold, rules: RuleSet) -> "Line":
        return cls(
            name=name,
            value=rules.thresholds.get(name, known.default),
            default=known.default,
            least=known.least,
            most=known.most,
            unit=known.unit,
        )


class CustomRules(BaseModel):
    rules: list[Rule]
    metrics: dict[str, str] = Field(description="PromQL by the name that rules use.")
    thresholds: list[Line] = Field(description="Every one that can be changed, of built-in rules.")
    not_read: str = Field(
        default="", description="Why the files, changed by now, cannot be read; these rules stay."
    )


async def rca_list_custom_rules(*, rules: RuleFolder) -> CustomRules:
    """List the custom rules, their metrics, and the thresholds of built-in rules.

    For what they find use rca_list_findings.
    """
    now = await rules.rules()
    return CustomRules(
        rules=[Rule.of(one) for one in now.rules],
        metrics=dict(now.metrics),
        thresholds=[Line.of(name, known, now) for name, known in THRESHOLDS.items()],
        not_read=now.fault,
    )
