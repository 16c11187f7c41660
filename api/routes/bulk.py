"""Many rules, silences or channels in one request: each for itself, with a result for each."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from api.dependencies import CallerTools, takes
from api.problems import language_of
from api.sent import Sent
from core.errors import OpsError
from core.principal import Permission

router = APIRouter(prefix="/api/v1/bulk", tags=["alerts"])

MOST = 200
# What an action is called, the tool that does it, and what goes without saying.
Doing = Mapping[str, tuple[str, Mapping[str, Any]]]
RULES: Doing = {
    "set": ("alerting_set_rule_file", {}),
    "remove": ("alerting_remove_rule_file", {}),
    "roll_back": ("alerting_roll_back_rule_file", {}),
    "enable": ("alerting_switch_rule_file", {"enabled": True}),
    "disable": ("alerting_switch_rule_file", {"enabled": False}),
}
SILENCES: Doing = {
    "create": ("alerting_create_silence", {}),
    "expire": ("alerting_expire_silence", {}),
}
CHANNELS: Doing = {
    "add": ("channels_add", {}),
    "change": ("channels_change", {}),
    "enable": ("channels_change", {"enabled": True}),
    "disable": ("channels_change", {"enabled": False}),
    "remove": ("channels_remove", {}),
    "test": ("channels_test", {}),
}
Arguments = Annotated[
    dict[str, Any], Field(description="As the route for one takes them, with its name or id.")
]


class RuleItem(Sent):
    action: Literal["set", "remove", "roll_back", "enable", "disable"]
    arguments: Arguments


class SilenceItem(Sent):
    action: Literal["create", "expire"]
    arguments: Arguments


class ChannelItem(Sent):
    action: Literal["add", "change", "enable", "disable", "remove", "test"]
    arguments: Arguments


class ManyRules(Sent):
    items: list[RuleItem] = Field(min_length=1, max_length=MOST)


class ManySilences(Sent):
    items: list[SilenceItem] = Field(min_length=1, max_length=MOST)


class ManyChannels(Sent):
    items: list[ChannelItem] = Field(min_length=1, max_length=MOST)


@router.post("/rules", operation_id="bulkRules", dependencies=[takes(Permission.ALERTS_MANAGE)])
async def rules(body: ManyRules, tools: CallerTools, request: Request) -> dict[str, Any]:
    """Set, switch, remove or roll back files of rules, in this order; one that fails stops no other."""
    return await _done(tools, RULES, body.items, language_of(request))


@router.post(
    "/silences", operation_id="bulkSilences", dependencies=[takes(Permission.SILENCES_WRITE)]
)
async def silences(body: ManySilences, tools: CallerTools, request: Request) -> dict[str, Any]:
    """Set or end silences, each within the guards; one that fails stops no other."""
    return await _done(tools, SILENCES, body.items, language_of(request))


@router.post(
    "/channels", operation_id="bulkChannels", dependencies=[takes(Permission.CHANNELS_MANAGE)]
)
async def channels(body: ManyChannels, tools: CallerTools, request: Request) -> dict[str, Any]:
    """Add, change, switch, test or remove channels, in this order; one that fails stops no other."""
    return await _done(tools, CHANNELS, body.items, language_of(request))


async def _done(
    tools: CallerTools,
    doing: Doing,
    items: Sequence[RuleItem | SilenceItem | ChannelItem],
    language: str,
) -> dict[str, Any]:
    """One after the other, as some of them may be about the same thing."""
    results = [await _one(tools, doing, one.action, one.arguments, language) for one in items]
    failed = sum(not one["ok"] for one in results)
    return {"done": len(results) - failed, "failed": failed, "results": results}


async def _one(
    tools: CallerTools, doing: Doing, action: str, arguments: Mapping[str, Any], language: str
) -> dict[str, Any]:
    tool, said = doing[action]
    try:
        data = (await tools.call(tool, **{**arguments, **said})).data
    except OpsError as error:
        told = {"code": error.code, "reason": error.reason, "detail": error.told(language)}
        return {"action": action, "ok": False, "error": told}
    return {"action": action, "ok": True, "data": data}
