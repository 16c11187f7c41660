"""WeCom's robots: Markdown of at most 4,096 bytes."""

from datetime import datetime

import orjson
from pydantic import Field

from mcp_servers.backends.senders.configuration import Configuration, Url
from mcp_servers.backends.senders.markup import link_list, markdown, without_marks
from mcp_servers.backends.senders.message_fitting import fitting
from mcp_servers.backends.senders.outcomes import Outcome, refused, retry, sent
from mcp_servers.backends.senders.outgoing import Reply, Wire
from mcp_servers.backends.senders.sending_pace import Rate
from mcp_servers.facts.notices import Notice

# 20 a minute: 10 at once and 10 a minute stay within any minute.
RATE = Rate(burst=10, per_s=10 / 60)
MOST_BYTES = 4096
LIMITED, BUSY = {"45009"}, {"-1"}
REASONS = {
    "93000": "WeCom does not know this key.",
    "40058": "WeCom cannot read the message.",
    "45002": "WeCom says that the message is too long.",
}


class WeComConfiguration(Configuration):
    """`mentions` are user ids; "all" mentions everybody."""

    url: Url
    mentions: list[str] = Field(default_factory=list, max_length=20)


async def send(config: WeComConfiguration, notice: Notice, wire: Wire, now: datetime) -> Outcome:
    small = fitting(notice, lambda one: len(content(config, one).encode()) <= MOST_BYTES)
    body = {"msgtype": "markdown", "markdown": {"content": content(config, small)}}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return judged(await wire.post(config.url, orjson.dumps(body), headers))


def judged(reply: Reply) -> Outcome:
    """Success is `errcode` 0, whatever the status says."""
    failed = reply.failure()
    if failed:
        return failed
    code = str(reply.fields().get("errcode", ""))
    if code == "0":
        return sent(code)
    if code in LIMITED:
        return retry(code, "WeCom wants fewer messages.", after_s=60, rests=True)
    if code in BUSY:
        return retry(code, "WeCom is busy.")
    return refused(code or "unreadable", REASONS.get(code, "WeCom did not take the message."))


def content(config: WeComConfiguration, notice: Notice) -> str:
    text = markdown(notice, without_marks, gap="\n")
    who = " ".join(f"<@{one}>" for one in config.mentions)
    return "\n".join(part for part in (text, link_list(notice.links), who) if part)
