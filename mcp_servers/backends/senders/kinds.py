"""Every kind of channel: what it is configured with, how it sends, and how fast."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from core.errors import Invalid
from core.faults import inside
from mcp_servers.backends.senders import (
    dingtalk,
    email,
    feishu,
    pagerduty,
    slack,
    teams,
    webhook,
    wecom,
)
from mcp_servers.backends.senders.configuration import Configuration
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry
from mcp_servers.backends.senders.outgoing import Unreachable, Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.backends.sentences import SENTENCES, instead
from mcp_servers.facts.notices import Notice

Send = Callable[[Any, Notice, Wire, datetime], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Kind:
    """`incidents`: it opens one for each key that it is told, and closes it by that key."""

    configuration: type[Configuration]
    send: Send
    rate: Rate
    incidents: bool = False


KINDS: Mapping[str, Kind] = {
    "webhook": Kind(webhook.WebhookConfiguration, webhook.send, webhook.RATE),
    "slack": Kind(slack.SlackConfiguration, slack.send, slack.RATE),
    "dingtalk": Kind(dingtalk.DingTalkConfiguration, dingtalk.send, dingtalk.RATE),
    "feishu": Kind(feishu.FeishuConfiguration, feishu.send, feishu.RATE),
    "wecom": Kind(wecom.WeComConfiguration, wecom.send, wecom.RATE),
    "teams": Kind(teams.TeamsConfiguration, teams.send, teams.RATE),
    "pagerduty": Kind(
        pagerduty.PagerDutyConfiguration, pagerduty.send, pagerduty.RATE, incidents=True
    ),
    "email": Kind(email.EmailConfiguration, email.send, email.RATE),
}


def kind_of(name: str) -> Kind:
    if name not in KINDS:
        raise SENTENCES.error(Invalid, "no_channel_kind", name=name, hint=instead(name, KINDS))
    return KINDS[name]


def configured(kind: str, settings: Mapping[str, Any], wire: Wire) -> Configuration:
    """The checked configuration. Raises `Invalid` with the field, never with its value."""
    model = kind_of(kind).configuration
    try:
        config = model.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or kind
        takes = ", ".join(model.model_fields)
        raise SENTENCES.error(
            Invalid, "channel_field", where=where, why=inside(first), takes=takes
        ) from None
    url = getattr(config, "url", None)
    if isinstance(url, str):
        wire.accepts(url)
    return config


async def tell(
    kind: str, config: Configuration, notice: Notice, wire: Wire, now: datetime
) -> Outcome:
    """One try to send. Every expected failure is an outcome, none an exception."""
    try:
        return await KINDS[kind].send(config, notice, wire, now)
    except Unreachable as error:
        return retry("network", str(error))
    except Invalid as error:
        return refused("address", str(error))
