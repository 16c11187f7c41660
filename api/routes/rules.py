"""Rules of Prometheus: kept by version, looked through for mistakes, tried out on the past."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.dependencies import CallerTools, takes
from api.listing import sort_by
from api.sent import IfMatch, Sent, check_tag, tag_of_fields
from core.principal import Permission
from mcp_servers.client import Tools

router = APIRouter(prefix="/api/v1/rules", tags=["alerts"])

Name = Annotated[str, Path(max_length=100)]
Language = Literal["en", "zh"]
Version = Annotated[int, Query(ge=0, description="0: the newest.")]


class RuleText(Sent):
    text: str = Field(
        default="",
        max_length=1_000_000,
        description="A file of rules or a PrometheusRule; empty: the rules in force.",
    )
    language: Language = "en"


SET = ("name", "version")


class NewRules(Sent):
    text: str = Field(max_length=500_000, description="A file of rules or a PrometheusRule.")
    reason: str = Field(min_length=3, max_length=500)
    based_on: int = Field(description="The version that was read; 0 before the first.")
    with_errors: bool = Field(default=False, description="Store it though the linter finds errors.")
    labels: dict[str, str] | None = Field(
        default=None, max_length=20, description="Of the file, e.g. team; null: as before."
    )
    language: Language = "en"


class Back(Sent):
    reason: str = Field(min_length=3, max_length=500)
    version: int = Field(default=0, ge=0, description="0: the one before the newest.")
    language: Language = "en"


class Switched(Sent):
    enabled: bool
    reason: str = Field(min_length=3, max_length=500)


class Compared(Sent):
    before: int = Field(default=0, ge=0, description="Version; 0: the one before `after`.")
    after: int = Field(default=0, ge=0, description="Version; 0: the newest, or `text`.")
    text: str = Field(default="", max_length=500_000)


class Held(Sent):
    """What a Prometheus or an Alertmanager holds, by whoever writes files there."""

    state: Literal["in_step", "not_reloaded", "refused", "failed"]
    match: str = Field(default="", max_length=500)
    digest: str = Field(default="", max_length=64)
    error: str = Field(default="", max_length=1000)
    files: int = Field(default=0, ge=0)
    every_s: int = Field(default=60, ge=1, le=86_400, description="It looks so often.")
    drift: list[str] = Field(default=[], max_length=100, description="Changed there by others.")
    config: str = Field(default="", max_length=100, description="Of an Alertmanager; empty: rules.")


class Tried(Sent):
    name: str = Field(default="", max_length=100, description="A stored file.")
    text: str = Field(default="", max_length=500_000)
    rule: str = Field(default="", description="Part of a rule's name; empty: all.")
    window: str = Field(default="P7D", description="ISO 8601, at most 31 days.")
    step: str = Field(default="PT1M", description="ISO 8601; rules are evaluated so often.")


class Objective(Sent):
    name: str = Field(max_length=100)
    objective_percent: float = Field(gt=0, lt=100, description="E.g. 99.9.")
    errors: str = Field(max_length=10_000, description="Failures a second over $window.")
    total: str = Field(max_length=10_000, description="All of them over $window.")
    days: int = Field(default=30, ge=7, le=90, description="Of the budget.")
    window: str = Field(default="P7D", description="ISO 8601, to try them on.")
    runbook_url: str = Field(default="", max_length=500)
    language: Language = "en"


class History(Sent):
    name: str = Field(max_length=100, description="Of the alert.")
    expression: str = Field(max_length=10_000, description="Without a comparison.")
    below: bool = Field(default=False, description="What is too low is bad.")
    held: str = Field(default="PT5M", description="ISO 8601: it has to hold so long.")
    window: str = Field(default="P14D", description="ISO 8601, at most 31 days.")
    at_most: int = Field(default=2, ge=0, description="So often it may have fired.")
    severity: str = Field(default="warning", max_length=40)


class Words(Sent):
    words: str = Field(min_length=2, max_length=500, description="E.g. queue length of orders.")
    window: str = Field(default="P14D", description="ISO 8601, at most 31 days.")
    at_most: int = Field(default=2, ge=0, description="So often it may have fired.")


@router.post("/lint", operation_id="lintRules", dependencies=[takes(Permission.METRICS_READ)])
async def lint(body: RuleText, tools: CallerTools) -> dict[str, Any]:
    """What is wrong with rules, why that matters, and what to write instead."""
    return (await tools.call("alerting_lint_rules", **body.model_dump())).data


@router.post(
    "/back-test", operation_id="backTestRules", dependencies=[takes(Permission.METRICS_READ)]
)
async def back_test(body: Tried, tools: CallerTools) -> dict[str, Any]:
    """How often rules would have fired over the past; without name and text, those in force."""
    return (await tools.call("alerting_back_test_rules", **body.model_dump())).data


@router.get("/files", operation_id="listRuleFiles", dependencies=[takes(Permission.ALERTS_READ)])
async def list_files(
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("name version alerts recordings created_by created_at")] = "",
) -> dict[str, Any]:
    """The files of rules that are stored, with their versions."""
    return (await tools.call("alerting_list_rule_files", cursor=cursor, sort=sort)).data


@router.get(
    "/files/{name}", operation_id="showRuleFile", dependencies=[takes(Permission.ALERTS_READ)]
)
async def show_file(
    name: Name,
    tools: CallerTools,
    response: Response,
    version: Version = 0,
    language: Language = "en",
) -> dict[str, Any]:
    """One file of rules with what the linter says of it; its ETag is of the version."""
    asked = {"name": name, "version": version, "language": language}
    shown = (await tools.call("alerting_show_rule_file", **asked)).data
    response.headers["ETag"] = tag_of_fields(shown, SET)
    return shown


@router.put(
    "/files/{name}", operation_id="setRuleFile", dependencies=[takes(Permission.ALERTS_MANAGE)]
)
async def set_file(
    name: Name, body: NewRules, tools: CallerTools, if_match: IfMatch = ""
) -> dict[str, Any]:
    """Store a file of rules as a new version, when the linter finds no error in it."""
    await _check(tools, name, if_match)
    return (await tools.call("alerting_set_rule_file", name=name, **body.model_dump())).data


@router.delete(
    "/files/{name}", operation_id="removeRuleFile", dependencies=[takes(Permission.ALERTS_MANAGE)]
)
async def remove_file(
    name: Name,
    tools: CallerTools,
    reason: Annotated[str, Query(min_length=3, max_length=500)],
    if_match: IfMatch = "",
) -> dict[str, Any]:
    """Remove a file of rules; its versions stay."""
    await _check(tools, name, if_match)
    return (await tools.call("alerting_remove_rule_file", name=name, reason=reason)).data


@router.get(
    "/files/{name}/versions",
    operation_id="ruleFileVersions",
    dependencies=[takes(Permission.ALERTS_READ)],
)
async def versions(
    name: Name,
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("name version alerts recordings created_by created_at")] = "",
) -> dict[str, Any]:
    """The versions of a file, the newest first."""
    asked = {"name": name, "cursor": cursor, "sort": sort}
    return (await tools.call("alerting_rule_file_versions", **asked)).data


@router.post(
    "/files/{name}/diff", operation_id="diffRuleFile", dependencies=[takes(Permission.ALERTS_READ)]
)
async def diff(name: Name, body: Compared, tools: CallerTools) -> dict[str, Any]:
    """What differs between two versions of a file, or between it and a new text."""
    return (await tools.call("alerting_diff_rule_file", name=name, **body.model_dump())).data


@router.post(
    "/files/{name}/rollback",
    operation_id="rollBackRuleFile",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def roll_back(
    name: Name, body: Back, tools: CallerTools, if_match: IfMatch = ""
) -> dict[str, Any]:
    """Make an earlier version the newest again."""
    await _check(tools, name, if_match)
    return (await tools.call("alerting_roll_back_rule_file", name=name, **body.model_dump())).data


@router.post(
    "/files/{name}/switch",
    operation_id="switchRuleFile",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def switch(
    name: Name, body: Switched, tools: CallerTools, if_match: IfMatch = ""
) -> dict[str, Any]:
    """Switch a file of rules off, or on again as it was."""
    await _check(tools, name, if_match)
    return (await tools.call("alerting_switch_rule_file", name=name, **body.model_dump())).data


@router.get("/bundle", operation_id="ruleBundle", dependencies=[takes(Permission.ALERTS_READ)])
async def bundle(
    tools: CallerTools,
    match: Annotated[str, Query(max_length=500, description="team=web,env=prod; empty: all.")] = "",
) -> dict[str, Any]:
    """Which files of rules, at which versions, a Prometheus that takes these labels is to hold."""
    return (await tools.call("alerting_rule_bundle", match=match)).data


@router.get(
    "/bundle/{name}/{version}",
    operation_id="ruleBundleFile",
    dependencies=[takes(Permission.ALERTS_READ)],
)
async def bundle_file(name: Name, version: int, tools: CallerTools) -> dict[str, Any]:
    """A version of a file as a Prometheus reads it."""
    return (await tools.call("alerting_rule_target_file", name=name, version=version)).data


@router.get(
    "/targets", operation_id="listRuleTargets", dependencies=[takes(Permission.ALERTS_READ)]
)
async def list_targets(tools: CallerTools, cursor: str = "") -> dict[str, Any]:
    """The Prometheus servers that rules are written to: in step or not, and what drifted."""
    return (await tools.call("alerting_list_rule_targets", cursor=cursor)).data


@router.post(
    "/targets/{name}",
    operation_id="reportRuleTarget",
    dependencies=[takes(Permission.ALERTS_RECEIVE)],
)
async def report_target(name: Name, body: Held, tools: CallerTools) -> dict[str, Any]:
    """Note what a Prometheus holds."""
    held = body.model_dump()
    return (await tools.call("alerting_report_rule_target", target=name, **held)).data


@router.delete(
    "/targets/{name}",
    operation_id="forgetRuleTarget",
    dependencies=[takes(Permission.ALERTS_MANAGE)],
)
async def forget_target(name: Name, tools: CallerTools) -> dict[str, Any]:
    """Forget a Prometheus that no rules are written to any more."""
    return (await tools.call("alerting_forget_rule_target", target=name)).data


@router.post(
    "/suggest/slo", operation_id="suggestSloRules", dependencies=[takes(Permission.METRICS_READ)]
)
async def suggest_slo(body: Objective, tools: CallerTools) -> dict[str, Any]:
    """Burn-rate rules for an objective, and how often they would have fired. Nothing is stored."""
    return (await tools.call("alerting_suggest_slo_rules", **body.model_dump())).data


@router.post(
    "/suggest/threshold",
    operation_id="suggestThreshold",
    dependencies=[takes(Permission.METRICS_READ)],
)
async def suggest_threshold(body: History, tools: CallerTools) -> dict[str, Any]:
    """The most sensitive threshold that would have fired seldom enough. Nothing is stored."""
    return (await tools.call("alerting_suggest_threshold", **body.model_dump())).data


@router.post(
    "/suggest/words",
    operation_id="suggestFromWords",
    dependencies=[takes(Permission.METRICS_READ)],
)
async def suggest_from_words(body: Words, tools: CallerTools) -> dict[str, Any]:
    """An alert for something said in words, or the metrics that may be meant. Nothing is stored."""
    return (await tools.call("alerting_suggest_from_words", **body.model_dump())).data


async def _check(tools: Tools, name: str, if_match: str) -> None:
    """Raises `Stale` where the newest version of a file is another than was read."""
    if if_match:
        shown = (await tools.call("alerting_show_rule_file", name=name)).data
        check_tag(if_match, tag_of_fields(shown, SET))
