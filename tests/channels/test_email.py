"""E-mail over a real SMTP conversation, judged by the server's codes."""

import asyncio
import email
import email.policy
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from mcp_servers.backends.senders.email import EmailConfiguration
from mcp_servers.backends.senders.kinds import configured, tell
from mcp_servers.backends.senders.outcomes import Outcome
from mcp_servers.backends.senders.outgoing import Wire
from mcp_servers.channels.wording import worded
from mcp_servers.facts.notices import Telling, ToldAlert

NOW = datetime(2026, 11, 29, 1, tzinfo=UTC)
ALERT = ToldAlert("a1", "磁盘已满", "firing", "critical", {"namespace": "shop"}, "<b>满</b> 了")


@dataclass
class Mailbox:
    """An SMTP server that keeps what it takes; `refuse` maps the start of a command to an answer."""

    refuse: dict[str, str] = field(default_factory=dict[str, str])
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example\r\n")
        while line := (await reader.readline()).decode().strip():
            refused = next(
                (told for start, told in self.refuse.items() if line.startswith(start)), ""
            )
            if refused:
                writer.write(f"{refused}\r\n".encode())
            elif line.lower() == "data":
                await self._take(reader, writer)
            else:
                writer.write(b"221 bye\r\n" if line.lower() == "quit" else b"250 fine\r\n")
            await writer.drain()
        writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"354 go on\r\n")
        body = await reader.readuntil(b"\r\n.\r\n")
        parsed = email.message_from_bytes(body[:-5], policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.taken.append(parsed)
        writer.write(b"250 taken\r\n")


@asynccontextmanager
async def mailbox(**refuse: str) -> AsyncGenerator[tuple[Mailbox, int]]:
    box = Mailbox(refuse=dict(refuse))
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    async with server:
        yield box, server.sockets[0].getsockname()[1]


async def sent(port: int, *, practice: bool = True) -> Outcome:
    settings = {
        "host": "localhost",
        "port": port,
        "security": "none",
        "sender": "midwatch@ops.example",
        "recipients": ["ann@ops.example", "bob@ops.example"],
    }
    config = configured("email", settings, Wire(practice=True))
    assert isinstance(config, EmailConfiguration)
    notice = worded(Telling("group-1", "new", (ALERT,)), message_id="m1", language="zh")
    return await tell("email", config, notice, Wire(practice=practice), NOW)


async def test_a_mail_is_text_and_html_in_its_language_and_threads_by_group() -> None:
    async with mailbox() as (box, port):
        assert (await sent(port)).sent
    [mail] = box.taken
    assert mail["Subject"] == "🔴 告警：磁盘已满（shop）"
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<m1@ops.example>", "auto-generated")
    assert mail["To"] == "ann@ops.example, bob@ops.example"
    text, html = (part.get_content() for part in mail.iter_parts())
    assert "<b>满</b> 了" in text
    assert "&lt;b&gt;满&lt;/b&gt; 了" in html


@pytest.mark.parametrize(
    ("refuse", "result", "code"),
    [
        ({"rcpt": "550 no such user"}, "refused", "550"),
        ({"rcpt": "450 later"}, "retry", "450"),
        ({"mail": "552 too much"}, "refused", "552"),
        ({"data": "451 busy"}, "retry", "451"),
    ],
)
async def test_a_servers_no_passes_or_not_by_its_code(
    refuse: dict[str, str], result: str, code: str
) -> None:
    async with mailbox(**refuse) as (box, port):
        outcome = await sent(port)
    assert (outcome.result, outcome.code, box.taken) == (result, code, [])


async def test_nobody_there_is_tried_again_and_mail_without_tls_is_for_practice_only() -> None:
    assert (await sent(9)).result == "retry"
    assert (await sent(9, practice=False)).result == "refused"
