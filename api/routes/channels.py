"""Channels by which people are told, and the messages on their way to them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from api.dependencies import CallerTools, Wake, takes
from api.listing import sort_by
from api.sent import IfMatch, Sent, check_tag, tag_of_fields
from api.sentences import SENTENCES
from core.errors import NotFound
from core.principal import Permission
from mcp_servers.client import Tools

router = APIRouter(prefix="/api/v1", tags=["channels"])

Name = Annotated[str, Path(max_length=100)]
SET = ("name", "kind", "language", "tags", "enabled", "settings")
DeliveryId = Annotated[str, Path(max_length=32)]


class NewChannel(Sent):
    name: str = Field(max_length=100, examples=["on-call"])
    kind: str = Field(
        description="webhook, slack, dingtalk, feishu, wecom, teams, pagerduty or email."
    )
    settings: dict[str, Any] = Field(description="By kind; an error names what it takes.")
    language: str = Field(default="en", pattern="en|zh")
    tags: list[str] = Field(default_factory=list)


class ChannelChange(Sent):
    """Only what is given changes; `settings` are given as a whole."""

    settings: dict[str, Any] | None = None
    language: str | None = Field(default=None, pattern="en|zh")
    tags: list[str] | None = None
    enabled: bool | None = None


class Wanted(BaseModel):
    channel: str = ""
    state: str = Field(default="", description="pending, sent, merged, dead or cancelled.")
    window: str = Field(default="", description="ISO 8601, e.g. PT12H; empty: the latest.")
    cursor: str = ""
    sort: Annotated[str, sort_by("channel state created_at sent_at attempts")] = ""


@router.get(
    "/channels", operation_id="listChannels", dependencies=[takes(Permission.CHANNELS_READ)]
)
async def list_channels(
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("name kind language enabled updated_at")] = "",
) -> dict[str, Any]:
    """The channels, without their secrets."""
    return (await tools.call("channels_list", cursor=cursor, sort=sort)).data


@router.post(
    "/channels",
    operation_id="addChannel",
    dependencies=[takes(Permission.CHANNELS_MANAGE)],
    status_code=201,
)
async def add_channel(body: NewChannel, tools: CallerTools) -> dict[str, Any]:
    """Add a channel; its configuration is checked, and kept encrypted."""
    return (await tools.call("channels_add", **body.model_dump())).data


@router.get(
    "/channels/health", operation_id="channelHealth", dependencies=[takes(Permission.CHANNELS_READ)]
)
async def health(
    tools: CallerTools,
    window: str = "PT24H",
    cursor: str = "",
    sort: Annotated[
        str, sort_by("channel kind enabled tried sent success_rate p95_ms last_sent waiting dead")
    ] = "",
) -> dict[str, Any]:
    """Success rate, 95th percentile of latency and last error of each channel."""
    return (await tools.call("channels_health", window=window, cursor=cursor, sort=sort)).data


@router.get(
    "/channels/{name}", operation_id="showChannel", dependencies=[takes(Permission.CHANNELS_READ)]
)
async def show_channel(name: Name, tools: CallerTools, response: Response) -> dict[str, Any]:
    """One channel without its secrets, with the ETag of what is shown of it, to change it by."""
    row = await _channel(tools, name)
    response.headers["ETag"] = tag_of_fields(row, SET)
    return row


@router.patch(
    "/channels/{name}",
    operation_id="changeChannel",
    dependencies=[takes(Permission.CHANNELS_MANAGE)],
)
async def change_channel(
    name: Name, body: ChannelChange, tools: CallerTools, if_match: IfMatch = ""
) -> dict[str, Any]:
    """Change its configuration, language or tags; switch it off or on."""
    given = body.model_dump(exclude_none=True) | await _matched(tools, name, if_match)
    return (await tools.call("channels_change", name=name, **given)).data


@router.delete(
    "/channels/{name}",
    operation_id="removeChannel",
    dependencies=[takes(Permission.CHANNELS_MANAGE)],
)
async def remove_channel(name: Name, tools: CallerTools, if_match: IfMatch = "") -> dict[str, Any]:
    """Remove a channel; what waits for it is cancelled."""
    matched = await _matched(tools, name, if_match)
    return (await tools.call("channels_remove", name=name, **matched)).data


async def _matched(tools: Tools, name: str, if_match: str) -> dict[str, Any]:
    """What has the change refused where somebody makes another between this look and it."""
    if not if_match:
        return {}
    row = await _channel(tools, name)
    check_tag(if_match, tag_of_fields(row, SET))
    return {"as_of": row["updated_at"]}


@router.post(
    "/channels/{name}/test",
    operation_id="testChannel",
    dependencies=[takes(Permission.CHANNELS_MANAGE)],
)
async def try_channel(name: Name, tools: CallerTools) -> dict[str, Any]:
    """Send one message now and say what the channel answered."""
    return (await tools.call("channels_test", name=name)).data


@router.get(
    "/deliveries", operation_id="listDeliveries", dependencies=[takes(Permission.CHANNELS_READ)]
)
async def list_deliveries(tools: CallerTools, wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
    """Messages to channels, the newest first."""
    answer = await tools.call("channels_deliveries", **wanted.model_dump(exclude_defaults=True))
    return answer.data


@router.get(
    "/deliveries/{delivery_id}",
    operation_id="showDelivery",
    dependencies=[takes(Permission.CHANNELS_READ)],
)
async def show_delivery(delivery_id: DeliveryId, tools: CallerTools) -> dict[str, Any]:
    """One message with every try."""
    return (await tools.call("channels_delivery", delivery_id=delivery_id)).data


@router.post(
    "/deliveries/{delivery_id}/replay",
    operation_id="replayDelivery",
    dependencies=[takes(Permission.CHANNELS_MANAGE)],
)
async def replay(delivery_id: DeliveryId, tools: CallerTools, wake: Wake) -> dict[str, Any]:
    """Send a dead message again."""
    answer = await tools.call("channels_replay", delivery_id=delivery_id)
    wake()
    return answer.data


async def _channel(tools: Tools, name: str) -> dict[str, Any]:
    """Raises `NotFound` naming those there are."""
    cursor, known = "", list[str]()
    while True:
        page = (await tools.call("channels_list", cursor=cursor)).data
        for row in page["rows"]:
            if row["name"] == name:
                return row
            known.append(row["name"])
        cursor = page["cursor"]
        if not cursor:
            raise SENTENCES.error(NotFound, "no_channel", name=name, known=", ".join(known) or "—")
